"""A sample of the soak; `make campaign-soak` runs it for as long as one likes."""

import soak


def test_half_a_minute_under_load_loses_nothing_and_grows_nothing():
    soak.campaign(minutes=0.5, history=1000, cycle=14, drift_ms=500)

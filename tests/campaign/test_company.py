"""A sample of the company's year; `make campaign-company` lives the whole of it."""

import os

import company


def test_forty_people_live_three_months_by_the_rules():
    said = []
    seed = int(os.environ.get("NUDGED_SEED", 3))  # each third one lives with little room in memory
    assert not company.campaign(seed, 40, 92, said.append), "\n".join(said)

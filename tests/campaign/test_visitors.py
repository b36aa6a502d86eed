"""A sample of the siege of the listener; `make campaign-visitors` runs it for as long as one likes."""

import visitors


def test_a_crowd_that_means_no_good_keeps_nobody_from_answering():
    findings, line = visitors.campaign(seconds=6, crowd=1500)
    assert not findings, (findings[:10], line)

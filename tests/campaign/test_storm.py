"""A sample of the storms; `make campaign-storm` runs the figure."""

import storm


def test_a_full_hour_reaches_each_channel_within_its_rate():
    storm.campaign(hour=1000, week=0, crowd=0)


def test_a_week_down_is_caught_up_on_once_a_reminder():
    storm.campaign(hour=0, week=1000, crowd=0)


def test_a_crowd_at_one_instant_arrives_once_in_bounded_memory():
    storm.campaign(hour=0, week=0, crowd=20000)

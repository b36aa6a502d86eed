"""A sample of the campaign in simulated time; `make campaign-simulated` runs the figure."""

import os

import pytest

import simulated

pytestmark = pytest.mark.sanitized
SANITIZED = "sanitize" in str(simulated.BUILD)
SEEDS = 10 if SANITIZED else 60


def test_what_the_model_says_is_what_happened(capsys):
    first = int(os.environ.get("NUDGED_SEED", 1))
    found = []
    bad = simulated.campaign(first, SEEDS, 2, found.append)
    print("\n".join(found))
    assert not bad, "simulated.py --seed %d --verbose tells the first one" % bad[0]


def test_a_year_brings_what_its_preview_said():
    found = []
    years = 1 if SANITIZED else 4
    assert not simulated.live_years(int(os.environ.get("NUDGED_SEED", 1)), years, found.append), "\n".join(found)

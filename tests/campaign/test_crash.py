"""A sample of the campaign of crashes; `make campaign-crash` runs the figure."""

import os
import random
import shutil

import pytest

import crash

SEED = int(os.environ.get("NUDGED_SEED", random.SystemRandom().randrange(10**6)))
needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")


def test_a_busy_daemon_that_is_killed_loses_nothing_and_repeats_only_what_was_under_way():
    said = []
    bad = crash.campaign_kills(20, SEED, said.append)
    assert not bad, "\n".join(said)


@needs_strace
def test_a_kill_at_a_system_call_loses_nothing():
    said = []
    calls = ["fdatasync", "sendto", "pwrite64", "ftruncate", "unlink"]
    bad = crash.campaign_calls(calls, 40, said.append)
    assert not bad, "\n".join(said)

"""A sample of the campaign of power losses; `make campaign-power` runs the figure."""

import os
import random
import struct

import pytest

import power

SEED = int(os.environ.get("NUDGED_SEED", random.SystemRandom().randrange(10**6) * power.LONG_EVERY + 1))
HEAD = struct.Struct("<BIQI")
SYNC, SYNC_FOLDER, RENAME = 4, 5, 7


def records(log):
    data, at = log.read_bytes(), 0
    while at < len(data):
        end = at + HEAD.size + HEAD.unpack_from(data, at)[3]
        yield data[at], data[at:end]
        at = end


def test_a_power_loss_takes_nothing_that_was_answered_and_leaves_nothing_by_halves():
    said = []
    assert not power.campaign(1000, SEED, 1, said.append), "\n".join(said)


@pytest.mark.parametrize("left_out", [SYNC, SYNC_FOLDER])
def test_a_sync_that_is_left_out_is_found(tmp_path, left_out):
    log = power.record(tmp_path, 30, 30, SEED)
    whole = list(records(log))
    assert {SYNC, SYNC_FOLDER, RENAME} <= {kind for kind, _ in whole}
    log.write_bytes(b"".join(data for kind, data in whole if kind != left_out))
    assert power.check(tmp_path, log, 1000, SEED)[0]

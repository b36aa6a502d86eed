"""A sample of the disks that give out; `make campaign-disk` runs the figure."""

import os
import subprocess

import pytest

import disks

CAN_MOUNT = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode == 0
pytestmark = pytest.mark.skipif(not CAN_MOUNT, reason="needs root and mounts of its own (unshare -m)")

LIVES = [("sizes", 5), ("sizes", 29), ("sizes", 40), ("sizes", 70), ("inodes", 0), ("inodes", 2), ("limits", 3), ("limits", 40),
         ("read_only", 0), ("errors", 0), ("errors", 1)]


def test_whatever_a_disk_does_nothing_is_lost_or_doubled_or_sent_without_a_record():
    found = []
    assert not disks.campaign(LIVES, int(os.environ.get("NUDGED_SEED", 1)), 6, found.append), "\n".join(found)

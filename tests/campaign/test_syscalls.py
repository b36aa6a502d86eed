"""A sample of the system calls that fail; `make campaign-syscall` runs the figure."""

import os
import subprocess

import pytest

import syscalls

CAN_TRACE = subprocess.run(["strace", "-D", "-f", "--seccomp-bpf", "-o", "/dev/null", "true"], capture_output=True, check=False).returncode == 0
pytestmark = pytest.mark.skipif(not CAN_TRACE, reason="needs strace, and the right to trace")


def test_whatever_call_fails_nothing_crashes_hangs_or_is_lost():
    found = []
    assert not syscalls.campaign(60, int(os.environ.get("NUDGED_SEED", 1)), 6, found.append), "\n".join(found)

"""A sample of the allocations that fail; `make campaign-malloc` runs the figure."""

import os

import pytest

import memory

pytestmark = pytest.mark.skipif(memory.BUILD.name == "sanitize", reason="stands before the allocator, as the sanitizer does")


def test_every_allocation_of_the_parsers_and_the_listener_fails_once():
    found = []
    assert not memory.torture(2000, found.append), "\n".join(found)


def test_a_daemon_without_memory_loses_nothing():
    found = []
    assert not memory.campaign(40, int(os.environ.get("NUDGED_SEED", 1)), 6, found.append), "\n".join(found)

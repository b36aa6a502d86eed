"""A sample of the campaign with receivers that misbehave; `make campaign-receivers` runs the figure."""

import pytest

import hostile
from peer.faults import HTTP, SMTP
from peer.names import available

pytestmark = pytest.mark.sanitized


def test_the_table_is_as_long_as_it_should_be():
    assert len(set(HTTP) | set(SMTP)) >= 28


def test_every_fault_ends_as_it_must_and_the_calm_receivers_notice_nothing(tmp_path):
    findings, late = hostile.run_faults(tmp_path, hostile.all_rows())
    assert not findings, "\n".join(findings)
    assert late


@pytest.mark.parametrize("name", ["half open"])
def test_one_dead_receiver_of_fifty_delays_no_other(tmp_path, name):
    findings, late = hostile.run_dead(tmp_path, "generic", name)
    assert not findings, "\n".join(findings)
    assert len(late) > 100


@pytest.mark.skipif(not available(), reason="needs root, mounts of its own (unshare -m) and port 53 of a loopback address")
def test_the_faults_of_names_are_among_them():
    assert any(row.name for _, _, row in hostile.all_rows())

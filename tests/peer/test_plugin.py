"""The plugins' door: what may be loaded, and what a plugin that misbehaves can and cannot do."""

import os
import shutil

import pytest
from peer.receivers import BUILD, WEBHOOK, Receiver, answer, carry, complaints, outcomes

pytestmark = pytest.mark.sanitized

BAD = BUILD / "peer/plugin_bad.so"
DELIVERY = {"id": "d1", "person": "ana", "items": [{"title": "T", "text": "x"}]}


def error(path):
    lines = carry(path, {}, [])
    assert len(lines) == 1, lines
    return lines[0]["error"]


def test_an_abi_of_another_time_is_named():
    said = error(BUILD / "peer/plugin_bad-abi.so")
    assert "ABI 7" in said and "has 1" in said


def test_a_short_description_is_refused():
    assert "16 bytes" in error(BUILD / "peer/plugin_bad-size.so")


def test_a_library_that_is_no_plugin_is_refused():
    assert "exports no nudged_plugin" in error(BUILD / "peer/plugin_bad-symbol.so")


def test_a_plugin_without_encode_is_refused():
    assert "lacks one of open, close, encode and judge" in error(BUILD / "peer/plugin_bad-encode.so")


def test_a_file_that_is_no_library_is_refused(tmp_path):
    file = tmp_path / "text.so"
    file.write_text("hello")
    assert "not a plugin that can be loaded" in error(file)


def test_a_missing_file_is_named():
    assert "/nowhere/x.so: No such file" in error("/nowhere/x.so")


def test_a_folder_is_no_plugin(tmp_path):
    assert "is not a file" in error(tmp_path)


def test_a_file_that_others_may_write_is_refused(tmp_path):
    file = tmp_path / "webhook.so"
    shutil.copy(WEBHOOK, file)
    file.chmod(0o664)
    assert "may be written by others" in error(file)


def test_a_folder_that_others_may_write_is_refused(tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    shutil.copy(WEBHOOK, folder / "webhook.so")
    folder.chmod(0o777)
    assert f"{folder} may be written by others" in error(folder / "webhook.so")


def test_a_link_is_judged_by_where_it_leads(tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    shutil.copy(WEBHOOK, folder / "webhook.so")
    folder.chmod(0o777)
    (tmp_path / "link.so").symlink_to(folder / "webhook.so")
    assert f"{folder} may be written by others" in error(tmp_path / "link.so")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(tmp_path):
    file = tmp_path / "webhook.so"
    shutil.copy(WEBHOOK, file)
    os.chown(file, 65534, 65534)
    assert "belongs to user 65534" in error(file)


def test_a_failure_without_a_word_still_says_something():
    assert complaints(carry(BAD, {"do": "fail without a word"}, [])) == [(None, "the plugin refused its settings without a word")]


def test_a_complaint_makes_open_fail_and_is_printable():
    assert complaints(carry(BAD, {"do": "complain and succeed"}, [])) == [("do", "bad   bytes ? here  ")]


@pytest.mark.parametrize("act, word", [
    ("never", "no request"), ("twice", "more than one request"), ("give and fail", "can't express"), ("null request", "empty"),
    ("unknown protocol", "neither HTTP nor mail"), ("short request", "empty"), ("line break in a header", "line break"),
    ("bad text in a header", "UTF-8"), ("null header", "missing"), ("length of its own", "nudged writes itself"),
    ("too many headers", "more than 64"), ("bad text in the URL", "UTF-8"), ("line break in the URL", "control character"),
    ("file URL", "scheme"), ("no URL", "no URL"), ("GET", "neither POST nor PUT"), ("body too large", "1 MiB"), ("short struct", "no URL"),
])
def test_a_bad_request_is_refused(act, word):
    said = carry(BAD, {"do": act}, [DELIVERY])[-1]
    assert word in said["encode_error"] and said["encode_error"].startswith("plugin plugin-bad: ")


@pytest.mark.parametrize("act, outcome, word", [
    ("no verdict", "misconfigured", "no verdict"), ("two verdicts", "misconfigured", "more than one verdict"),
    ("no such verdict", "misconfigured", "does not exist"), ("moved nowhere", "misconfigured", "no usable new address"),
    ("request as verdict", "misconfigured", "no verdict"),
])
def test_a_bad_verdict_is_for_the_administrator(act, outcome, word):
    line = outcomes(carry(BAD, {"do": act}, [DELIVERY]))[0]
    assert line["outcome"] == outcome and word in line["reason"]


def test_a_delay_is_bounded():
    assert outcomes(carry(BAD, {"do": "delay without end"}, [DELIVERY]))[0]["delay_ms"] == 31 * 86400 * 1000
    assert outcomes(carry(BAD, {"do": "delay that is no number"}, [DELIVERY]))[0]["delay_ms"] == -1


def test_a_receipt_is_printable():
    assert outcomes(carry(BAD, {"do": "nothing"}, [DELIVERY]))[0]["receipt"] == "a [31m?"


def test_the_sample_carries_a_message():
    with Receiver(answer(200)) as receiver:
        line = outcomes(carry(BUILD / "plugins/sample.so", {"url": receiver.url()}, [DELIVERY]))[0]
    assert line["outcome"] == "sent"
    assert receiver.requests[0].body == b"T\n\nx\n"
    assert receiver.requests[0].header("Content-Type") == "text/plain; charset=utf-8"

"""The runner counts what really happened: crashes, silence and what is left running are failures."""

import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "run"
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("runner", str(RUN))
runner = importlib.util.module_from_spec(importlib.util.spec_from_loader("runner", loader))
loader.exec_module(runner)

RUNNING = "[==========] Running 2 test(s).\n[ RUN      ] one\n"
ONE_OK = RUNNING + "[       OK ] one\n"


@pytest.mark.parametrize("code, output, passed, failed, skipped", [
    (0, ONE_OK + "[ RUN      ] two\n[       OK ] two\n", 2, 0, 0),
    (1, ONE_OK + "[ RUN      ] two\nx.c:1: error: 1 != 2\n[  FAILED  ] two\n[  FAILED  ] 1 test(s), listed below:\n[  FAILED  ] two\n", 1, 1, 0),
    (0, ONE_OK + "[ RUN      ] two\n[  SKIPPED ] two\n", 1, 0, 1),
    (-11, ONE_OK + "[ RUN      ] two\n", 1, 1, 0),  # crashed in it
    (1, ONE_OK + "==1==ERROR: LeakSanitizer: detected memory leaks\n", 1, 1, 0),  # failed after it
    (0, "", 0, 1, 0),  # ran nothing
    (0, "[ RUN      ] a name (sqlite)\n[       OK ] a name (sqlite)\n", 1, 0, 0),
    (0, RUNNING + "it printed no line feed[       OK ] one\n", 1, 0, 0),
])
def test_a_unit_program_is_counted_by_its_tests(code, output, passed, failed, skipped):
    result = runner.UnitJob(RUN.parent / "unit" / "x").count(code, output)
    assert (result.passed, len(result.failed), len(result.skipped)) == (passed, failed, skipped)


class ShellJob:
    """A job of our own for run_job: counts one passed test where the shell ends well."""

    name = "shell"
    environment = {}

    def __init__(self, script):
        self.command = ["sh", "-c", script]

    def count(self, code, output):
        result = runner.Result()
        result.passed = int(code == 0)
        return result


def test_a_process_left_running_is_a_failure_and_is_ended():
    result = runner.run_job(ShellJob("sleep 1000 >/dev/null 2>&1 & echo $!"))
    assert [name for name, _ in result.failed] == ["shell (left a process running)"]


def test_a_job_that_hangs_is_ended_and_a_failure(monkeypatch):
    monkeypatch.setattr(runner, "JOB_SECONDS_MAX", 0.2)
    result = runner.run_job(ShellJob("sleep 1000"))
    assert [name for name, _ in result.failed] == ["shell (hung for 0.2 s)"]


def test_a_program_that_is_not_there_is_a_failure():
    job = ShellJob("")
    job.command = ["/nonexistent/program"]
    assert len(runner.run_job(job).failed) == 1


@pytest.mark.parametrize("source, passed, failed, skipped", [
    ("def test_a(): pass\ndef test_b(): assert 0\n", 1, 1, 0),
    ("import pytest\npytest.skip('needs a moon', allow_module_level=True)\n", 0, 0, 1),
    ("import os\ndef test_a(): os._exit(3)\n", 0, 1, 0),
    ("def test_(:\n", 0, 1, 0),
])
def test_a_pytest_file_is_counted_by_its_report(tmp_path, source, passed, failed, skipped, monkeypatch):
    file = tmp_path / "test_it.py"
    file.write_text(source)
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    result = runner.run_job(runner.PytestJob(file, tmp_path))
    assert (result.passed, len(result.failed), len(result.skipped)) == (passed, failed, skipped)
    if skipped:
        assert result.skipped[0][1] == "needs a moon"

"""`make demo` tells the truth: it succeeds only when everything was seen, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("NUDGED_BUILD", ROOT / "build"))
DEMO = ROOT / "tests" / "demo" / "demo.py"
DEMO_SECONDS_MAX = 90


def start_demo(scratch, build=BUILD):
    environment = dict(os.environ, TMPDIR=str(scratch), PYTHONUNBUFFERED="1", PYTHONDONTWRITEBYTECODE="1")
    environment.pop("NO_COLOR", None)
    return subprocess.Popen([sys.executable, DEMO, build], text=True, env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def left_behind(scratch):
    """Files in the scratch folder, and processes that were started with a path in it."""
    running = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(scratch) in (process / "cmdline").read_text():
                running.append(process.name)
        except OSError:
            pass
    return [str(path) for path in scratch.iterdir()] + running


def test_the_demo_sees_everything_it_shows(tmp_path):
    demo = start_demo(tmp_path)
    output, _ = demo.communicate(timeout=DEMO_SECONDS_MAX)
    assert demo.returncode == 0, output
    for seen in ("Practice: code review", "signature verified", "Bo's nudge", "Ana was left alone",
                 "Bo's mentor hears of it", "All of it was seen"):
        assert seen in output
    assert "\x1b" not in output, "colour where nobody sees it"
    assert left_behind(tmp_path) == []


def test_the_demo_fails_when_the_mail_plugin_is_missing(tmp_path):
    crippled, scratch = tmp_path / "build", tmp_path / "scratch"
    (crippled / "plugins").mkdir(parents=True)
    scratch.mkdir()
    (crippled / "nudged").symlink_to(BUILD / "nudged")
    (crippled / "plugins" / "webhook.so").symlink_to(BUILD / "plugins" / "webhook.so")
    demo = start_demo(scratch, crippled)
    output, _ = demo.communicate(timeout=DEMO_SECONDS_MAX)
    assert demo.returncode == 1, output
    assert "Not seen: the configuration is accepted" in output
    assert left_behind(scratch) == []


def test_an_interrupted_demo_leaves_nothing(tmp_path):
    demo = start_demo(tmp_path)
    for line in demo.stdout:
        if "nudged runs" in line:
            break
    assert left_behind(tmp_path) != []
    demo.send_signal(signal.SIGINT)
    output, _ = demo.communicate(timeout=DEMO_SECONDS_MAX)
    assert demo.returncode == 130, output
    assert "Interrupted." in output and "All of it was seen" not in output
    assert left_behind(tmp_path) == []

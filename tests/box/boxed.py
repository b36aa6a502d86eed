"""A box for pytest: `with Box(populate) as box:` boots one, box.sh(...) runs a command inside."""

import json
import shlex
import stat
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

BOX = Path(__file__).with_name("box")


def skip_without_box():
    """Call at the top of a module: skips all of it, with the reason, where no box can be made."""
    reason = subprocess.run([BOX, "able"], capture_output=True, text=True, check=False).stdout.strip()
    if reason:
        pytest.skip(f"a systemd of its own {reason}", allow_module_level=True)


class Box:
    def __init__(self, populate=None):
        """populate: shell lines that lay files into $ROOT before the box boots."""
        self.scratch = tempfile.TemporaryDirectory(prefix="nudged-box-")
        self.state = Path(self.scratch.name) / "state"
        self.populate = Path(self.scratch.name) / "populate"
        self.populate.write_text("#!/bin/sh\nset -eu\nROOT=$1\n" + (populate or ""), encoding="utf-8")
        self.populate.chmod(self.populate.stat().st_mode | stat.S_IXUSR)

    def __enter__(self):
        started = subprocess.run([BOX, "start", self.state, self.populate], capture_output=True, text=True, check=False)
        if started.returncode:
            self.scratch.cleanup()
            pytest.fail(f"the box did not boot: {started.stdout}{started.stderr}")
        return self

    def __exit__(self, *_):
        subprocess.run([BOX, "stop", self.state], check=True)
        self.scratch.cleanup()

    def run(self, *command, stdin=None, timeout=60):
        """The finished process, whatever its exit status."""
        return subprocess.run([BOX, "sh", self.state, *command], input=stdin, capture_output=True, text=True,
                              timeout=timeout, check=False)

    def sh(self, *command, **options):
        """What the command said; fails the test when it fails."""
        done = self.run(*command, **options)
        assert done.returncode == 0, f"{shlex.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path, text, mode="0644", owner="root:root"):
        self.sh("sh", "-c", 'install -D /dev/stdin "$0" && chown "$2" "$0" && chmod "$1" "$0"', path, mode, owner, stdin=text)

    def show(self, unit, key):
        return self.sh("systemctl", "show", "--value", "-p", key, unit).strip()

    def journal(self, *match):
        """The journal's entries with these fields (NUDGED_EVENT=delivered), oldest first."""
        self.sh("journalctl", "--sync")
        found = self.run("journalctl", "-o", "json", "--no-pager", "-q", *match)
        return [json.loads(line) for line in found.stdout.splitlines()]

    def wait(self, what, happened, seconds=30):
        """What happened() gives as soon as it is something; fails, naming what, when it never is."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = happened()
            if found:
                return found
            time.sleep(0.05)
        log = self.run("journalctl", "--no-pager", "-n", "40", "-o", "short-precise").stdout
        return pytest.fail(f"never seen within {seconds} s: {what}\n{log}")

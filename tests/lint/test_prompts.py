"""The prompt packs are fit to be read, and the lint that says so sees what is not."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = ROOT / "tests" / "lint" / "prompts.py"
PACK = ROOT / "conf" / "prompts" / "deliberate-practice.conf"


def lint(*files):
    return subprocess.run([sys.executable, LINT, *files], capture_output=True, text=True, check=False)


def test_every_prompt_is_fit_to_be_read():
    result = lint()
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("before, after, finding", [
    ("What came back at once, and what had faded?", "Why didn't you recall it?", "blames"),
    ("What came back at once, and what had faded?", "Fine.", "does not ask"),
    ("What came back at once, and what had faded?", "What " + "is it " * 30 + "?", "at most 120"),
    ("slow down to half your usual pace", "level up and slow down to half your usual pace", "worn"),
    ("slow down to half your usual pace", "Slow down to half your usual pace", "small letter"),
    ('id = "half-speed"', 'id = "guess-first"', "id is taken"),
    ('cue = "Before lunch";', "", "cue is missing"),
    ('cue = "Before lunch";', 'cue = "Before lunch," ;', "without punctuation"),
    ('cue = "Before lunch";', 'cue = "Before {{person.lunch}}";', "unknown name"),
    ('cue = "Before lunch";', 'cue = "{{#focus}}Before{{/focus}} lunch";', "does not read well"),
    ("study one piece of work by a person you admire and write down one choice they made.",
     "change exactly one thing and leave all the rest as it was.", "nearly the same"),
])
def test_the_lint_sees(tmp_path, before, after, finding):
    text = PACK.read_text(encoding="utf-8")
    assert before in text
    changed = tmp_path / "pack.conf"
    changed.write_text(text.replace(before, after, 1), encoding="utf-8")
    result = lint(changed)
    assert result.returncode == 1 and finding in result.stdout


def test_a_pack_of_eleven_is_too_small(tmp_path):
    head, *prompts = PACK.read_text(encoding="utf-8").split("{ id = ")
    small = tmp_path / "pack.conf"
    small.write_text("{ id = ".join([head, *prompts[:10], prompts[-1]]), encoding="utf-8")
    result = lint(small)
    assert result.returncode == 1 and "11 prompts, at least 12" in result.stdout

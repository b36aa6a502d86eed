"""The prompt packs are fit to be read, and the lint that says so sees what is not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = ROOT / "tests" / "lint" / "prompts.py"
PACKS = ROOT / "conf" / "prompts"
PACK = PACKS / "deliberate-practice.conf"


def lint(*files):
    return subprocess.run([sys.executable, LINT, *files], capture_output=True, text=True, check=False)


def change(path, target, before, after):
    text = path.read_text(encoding="utf-8")
    assert before in text, before
    target.parent.mkdir(exist_ok=True)
    target.write_text(text.replace(before, after, 1), encoding="utf-8")
    return target


def test_every_prompt_is_fit_to_be_read():
    result = lint()
    assert result.returncode == 0, result.stdout


HALF_SPEED = "slow down to half your usual pace and name each step as you take it."


@pytest.mark.parametrize("before, after, finding", [
    ("What came back at once, and what had faded?", "Why didn't you recall it?", "blames"),
    ("What came back at once, and what had faded?", "Have you fallen behind?", "blames"),
    ("What came back at once, and what had faded?", "Was it a failure?", "blames"),
    ("What came back at once, and what had faded?", "Fine.", "does not ask"),
    ("What came back at once, and what had faded?", "What came back? What had faded?", "asks twice"),
    ("What came back at once, and what had faded?", "What " + "is it " * 30 + "?", "at most 120"),
    ("What came back at once, and what had faded?", "Have you mastered it?", "nobody is ever done"),
    ("What came back at once, and what had faded?", "Are you at 100 % now?", "nobody is ever done"),
    ("What came back at once, and what had faded?", "Are you a natural?", "is about the person"),
    ("What came back at once, and what had faded?", "Which of them came back to you?", 'questions begin with "which of"'),
    (HALF_SPEED, "level up and " + HALF_SPEED, "worn"),
    (HALF_SPEED, "S" + HALF_SPEED[1:], "begins with [a-z]"),
    (HALF_SPEED, HALF_SPEED + " Then do it again.", "more than one act"),
    (HALF_SPEED, HALF_SPEED[:-1], "ends a sentence"),
    (HALF_SPEED, "slow down for {{prompt.title}}.", "unknown name prompt.title"),
    (HALF_SPEED, "slow down until your laptop is bored.", '"laptop" leaves out whoever works elsewhere'),
    (HALF_SPEED, "slow down!", "shouts"),
    (HALF_SPEED, "name " + "each step, " * 14 + "slowly.", "at most 160"),
    ('id = "half-speed"', 'id = "guess-first"', "id is taken"),
    ('id = "half-speed"', 'id = "Half"', "the id is not"),
    ('title = "Once at half speed"', 'title = "Guess, then look"', "has the title or the cue of"),
    ('title = "Once at half speed";', "", "title is missing"),
    ('title = "Once at half speed";', 'titel = "Once at half speed";', "unknown key titel"),
    ('stopped noticing?"; }', 'stopped noticing?" }', "not every prompt could be read"),
    ('cue = "Before lunch";', "", "cue is missing"),
    ('cue = "Before lunch";', 'cue = "Before lunch," ;', "without punctuation"),
    ('cue = "Before lunch";', 'cue = "Before {{person.lunch}}";', "unknown name"),
    ('cue = "Before lunch";', 'cue = "{{#focus}}Before{{/focus}} lunch";', "does not read well"),
    ('cue = "Before lunch";', 'cue = "Just before the next attempt";', "has the title or the cue of"),
    ("study one piece of work by a person you admire and write down one choice they made.",
     "change exactly one thing and leave all the rest as it was.", "nearly the same"),
    ('  summary = "One small act at the edge of ability, and a look at what it showed";', "", "summary is missing"),
    ('id = "deliberate-practice";', 'id = "mentor";', "does not name the person it is about"),
])
def test_the_lint_sees(tmp_path, before, after, finding):
    if finding.startswith("questions begin"):
        text = PACK.read_text(encoding="utf-8").replace("Which part held", "Which of them held").replace("Which step had", "Which of the steps had")
        base = tmp_path / "base.conf"
        base.write_text(text, encoding="utf-8")
    else:
        base = PACK
    result = lint(change(base, tmp_path / "pack.conf", before, after))
    assert result.returncode == 1 and finding in result.stdout, result.stdout


@pytest.mark.parametrize("act, question", [
    # All of its words are in a longer one, in another order.
    ("leave the rest and change one thing.", "What did one single change move?"),
    # Hardly any words at all, in the same order.
    ("change one thing.", "And?"),
])
def test_a_prompt_that_is_another_one_in_short_is_seen(tmp_path, act, question):
    text = PACK.read_text(encoding="utf-8").replace(HALF_SPEED, act).replace("Which step had you stopped noticing?", question)
    if question == "And?":
        text = text.replace("change exactly one thing and leave the rest as it was.", "change one thing.").replace("What did that single change move?", "And now?")
    twins = tmp_path / "pack.conf"
    twins.write_text(text, encoding="utf-8")
    assert "nearly the same as half-speed" in lint(twins).stdout


def test_a_file_without_a_pack_is_seen(tmp_path):
    bare = tmp_path / "pack.conf"
    bare.write_text("# nothing\n", encoding="utf-8")
    assert "no pack could be read" in lint(PACK, bare).stdout


def test_acts_that_all_begin_alike_are_seen(tmp_path):
    text = PACK.read_text(encoding="utf-8")
    for act in ("slow down to half", "go straight to the part", "explain to a colleague", "recall what you"):
        assert act in text
        text = text.replace(act, "write " + act)
    dull = tmp_path / "pack.conf"
    dull.write_text(text, encoding="utf-8")
    assert '5 acts begin with "write"' in lint(dull).stdout


def test_a_pack_that_names_nobodys_focus_is_seen(tmp_path):
    assert "names nobody's focus" in lint(change(PACK, tmp_path / "pack.conf", "{{#focus}}{{focus.skill}}{{/focus}}{{^focus}}your task{{/focus}}", "it")).stdout


def test_a_celebration_without_a_question_is_seen(tmp_path):
    dull = change(PACKS / "celebrate.conf", tmp_path / "pack.conf", 'question = "What is hard today that you would like to find ordinary?";', "")
    assert "ends without a question about what is still to learn" in lint(dull).stdout


def test_a_pack_of_eleven_is_too_small(tmp_path):
    head, *prompts = PACK.read_text(encoding="utf-8").split("{ id = ")
    small = tmp_path / "pack.conf"
    small.write_text("{ id = ".join([head, *prompts[:10], prompts[-1]]), encoding="utf-8")
    result = lint(small)
    assert result.returncode == 1 and "11 prompts, at least 12" in result.stdout


def test_near_repeats_are_seen_between_packs_too(tmp_path):
    one = change(PACK, tmp_path / "one.conf", HALF_SPEED, "lay your first attempt next to your latest one and say aloud what changed.")
    one.write_text(one.read_text(encoding="utf-8").replace("Which step had you stopped noticing?", "What has not changed yet, and would you like it to?"), encoding="utf-8")
    assert "nearly the same as celebrate/half-way" in lint(PACKS / "celebrate.conf", one).stdout
    assert "this id is taken" in lint(PACK, one).stdout
    twin = change(PACK, tmp_path / "two.conf", 'title = "Once at half speed"', 'title = "Half-way"')
    assert "has the title of celebrate/half-way" in lint(PACKS / "celebrate.conf", twin).stdout


@pytest.mark.parametrize("before, after, finding", [
    ('id = "half-speed"', 'id = "half-speeds"', "not translated: half-speed"),
    ('id = "half-speed"', 'id = "half-speeds"', "the original has no such prompt"),
    ('question = "Welcher Schritt war dir gar nicht mehr aufgefallen?";', "", "question: the original has one"),
    ("Welcher Schritt war dir gar nicht mehr aufgefallen?", "Which step had you stopped noticing?", "question: still in English"),
    ("Welcher Schritt war dir gar nicht mehr aufgefallen?", "Wer ist schuld?", '"schuld" blames'),
    ("Welcher Schritt war dir gar nicht mehr aufgefallen?", "Bist du endlich perfekt?", "nobody is ever done"),
    ("Welcher Schritt war dir gar nicht mehr aufgefallen?", "Was haben Sie gesehen?", "we say du"),
    ("Geh auf die Hälfte", "geh auf die Hälfte", "act: begins with"),
    ("{{#focus}}{{focus.skill}}{{/focus}}{{^focus}}deiner Aufgabe{{/focus}}", "deiner Aufgabe", "names something else than the original"),
    ('id = "deliberate-practice"', 'id = "geübt"', "there is no such pack in English"),
    ("Änder", "\xfc", "act: begins with"),
])
def test_the_lint_sees_in_a_translation(tmp_path, before, after, finding):
    result = lint(PACK, change(PACKS / "de" / PACK.name, tmp_path / "de" / PACK.name, before, after))
    assert result.returncode == 1 and finding in result.stdout, result.stdout


def test_a_language_without_rules_is_seen(tmp_path):
    """Where the packs of the project are; elsewhere a folder may have any name."""
    for path in ("tests/lint/prompts.py", "daemon/model/template.c", "conf/prompts/de/celebrate.conf"):
        target = tmp_path / path.replace("/de/", "/fr/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, target)
    shutil.copy(PACKS / "celebrate.conf", tmp_path / "conf/prompts")
    result = subprocess.run([sys.executable, tmp_path / "tests/lint/prompts.py"], capture_output=True, text=True, check=False)
    assert result.returncode == 1 and 'no rules for the language "fr"' in result.stdout, result.stdout

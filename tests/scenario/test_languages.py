"""People get the prompts of one pack, each in their language, and in whichever language the variety goes on."""

import json
import re

import pytest

from scenario.harness import ROOT, eventually, hook, person
from scenario.house import BUILD, run_ctl

pytestmark = pytest.mark.sanitized

COUNT = 14
NOT_IN_GERMAN = 13
PREVIEW = ("--from", "2027-03-01", "--to", f"2027-03-{2 * COUNT:02}")


def pack(words, prompts, more=""):
    entries = ", ".join(f'{{ id = "p{i}"; title = "{words} {i}"; act = "{words} {i}, {{{{person.name}}}}."; question = "{i}?"; }}'
                        for i in prompts)
    return f'packs = ( {{ id = "fruit"; {more} prompts = ( {entries} ); }} );\n'


PEOPLE = (("ana", ""), ("bo", 'language = "de";'), ("cy", 'language = "de-AT"; place = "bath";'), ("di", 'place = "bern";'),
          ("ed", 'language = "cy";'))
PLACES = '{ id = "bath"; language = "en"; }, { id = "bern"; language = "DE-ch"; }'


def people(**changed):
    return "".join(person(name, changed.get(name, more)) for name, more in PEOPLE)


def reminder(name, to, more=""):
    return f'{{ id = "{name}"; kind = "checkin"; calendar = "09:00"; to = [ "{to}" ]; prompts = "fruit"; {more} }},'


@pytest.fixture(name="daemon")
def fixture_daemon(nudged, receiver, tmp_path):
    tmp_path.chmod(0o700)
    (tmp_path / "packs/de").mkdir(parents=True)
    (tmp_path / "packs/fruit.conf").write_text(pack("Apple", range(COUNT)))
    # Shuffled, and one is missing.
    (tmp_path / "packs/de/fruit.conf").write_text(pack("Apfel", [i for i in reversed(range(COUNT)) if i != NOT_IN_GERMAN]))
    lobby = '{ id = "lobby"; plugin = "webhook"; dialect = "slack"; url = "%s"; allow_private = true; },' % receiver.url("/lobby")
    return nudged(top=f'prompts = "{tmp_path}/packs";\n', channels=hook(receiver) + lobby, places=PLACES, people=people(),
                  reminders=reminder("daily", "all") + reminder("hall", "room:lobby", 'place = "bern";'))


def offline(daemon, *words):
    done = run_ctl("-c", str(daemon.file), "--plugins", str(BUILD / "plugins"), *words, "--json")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()] if words[0] == "preview" else json.loads(done.stdout)


def titles(rows, who, what="daily"):
    """(word, number) of each slot in order."""
    found = [tuple(row["title"].split()) for row in rows if row["reminder"] == what and (row["person"] or "") == who]
    assert len(found) == 2 * COUNT
    return found


def numbers(rows, who):
    return [number for _, number in titles(rows, who)]


def assert_no_near_repeats(shown):
    """Half of the pack lies between two showings of one prompt."""
    window = COUNT // 2 + 1
    for i in range(len(shown) - window + 1):
        assert len(set(shown[i:i + window])) == window, shown


def test_each_gets_their_own_language_and_whoever_has_none_the_pack_as_it_is(daemon):
    rows = offline(daemon, "preview", *PREVIEW)
    for who, german in (("ana", False), ("bo", True), ("cy", True), ("di", True), ("ed", False)):
        for word, number in titles(rows, who):
            assert word == ("Apfel" if german and number != str(NOT_IN_GERMAN) else "Apple"), (who, number)
    assert {word for word, number in titles(rows, "", "hall") if number != str(NOT_IN_GERMAN)} == {"Apfel"}
    for row in rows:
        assert row["text"].split("\n")[0].split()[0] == row["title"].split()[0], "title and text are of one language"


def test_the_same_prompt_comes_whatever_the_language_is(daemon):
    before = offline(daemon, "preview", *PREVIEW)
    daemon.write(people=people(ana='language = "de";', bo="", ed='language = "de"; place = "bath";'))
    after = offline(daemon, "preview", *PREVIEW)
    for who, _ in PEOPLE:
        assert numbers(before, who) == numbers(after, who)
        assert set(numbers(after, who)) == {str(i) for i in range(COUNT)}
        assert_no_near_repeats(numbers(after, who))
    assert len({tuple(numbers(after, who)) for who, _ in PEOPLE}) == len(PEOPLE), "each has an order of their own"


def test_a_change_of_language_goes_on_where_it_was(daemon, receiver):
    daemon.write(reminders='{ id = "tick"; kind = "practice"; every = "1s"; to = [ "ana" ]; prompts = "fruit"; },')
    daemon.start()
    receiver.wait(3)
    assert {a.title.split()[0] for a in receiver.all()} == {"Apple"}
    daemon.reload(people=people(ana='language = "de";'))
    eventually("a German one", lambda: any(a.title.startswith("Apfel") for a in receiver.all()))
    receiver.wait(len(receiver.all()) + 3)
    due = sorted((item["due"], item["title"]) for a in receiver.all() for item in a.items)
    shown = [title.split()[1] for _, title in due]
    assert_no_near_repeats(shown)
    words = [title.split()[0] for _, title in due if title.split()[1] != str(NOT_IN_GERMAN)]
    assert words == sorted(words, reverse=True), "English first, then German"


def test_the_daemon_and_the_configuration_alone_say_the_same(daemon):
    def known(rows):
        return [(row["local"], row["person"], row["reminder"], row["title"], row["text"]) for row in rows]

    alone = known(offline(daemon, "preview", *PREVIEW))
    daemon.start()
    assert known(daemon.rows("preview", *PREVIEW)) == alone


def test_explain_names_the_prompt_and_its_language(daemon):
    shown = {row["local"][:10]: row["title"].split()[1] for row in offline(daemon, "preview", *PREVIEW) if row["person"] == "bo"}
    missing = [date for date, number in shown.items() if number == str(NOT_IN_GERMAN)]
    for date, number in [(date, shown[date]) for date in (*list(shown)[:3], *missing)]:
        [slot] = offline(daemon, "explain", "bo", "daily", date)["slots"]
        expected = f'the prompt "p{number}" of "fruit", in ' + \
            ('"en": it is not in "de"' if number == str(NOT_IN_GERMAN) else '"de"')
        assert [slot["steps"][-1][key] for key in ("rule", "result", "detail")] == ["words", "passes", expected]
    for who, ends in (("ana", 'in "en"'), ("ed", 'in "en": it is not in "cy"'), ("room:lobby", "of \"fruit\", in ")):
        [slot] = offline(daemon, "explain", who, "hall" if ":" in who else "daily", "2027-03-01")["slots"]
        assert ends in slot["steps"][-1]["detail"] and slot["steps"][-1]["rule"] == "words"


def test_explain_does_not_reach_the_words_of_what_is_skipped(daemon):
    daemon.write(people=people(ana='away = ( { from = "2027-03-05"; until = "2027-03-05"; } );'))
    [slot] = offline(daemon, "explain", "ana", "daily", "2027-03-05")["slots"]
    assert slot["steps"][-1] == {"rule": "words", "result": "not reached", "detail": ""}


def test_render_shows_the_words_of_the_person(daemon):
    assert offline(daemon, "render", "daily", "--channel", "hook", "--person", "ana")["title"].startswith("Apple ")
    german = offline(daemon, "render", "daily", "--channel", "hook", "--person", "bo")["title"].split()
    assert german[0] == ("Apple" if german[1] == str(NOT_IN_GERMAN) else "Apfel")


def check(daemon):
    done = run_ctl("--plugins", str(BUILD / "plugins"), "check", str(daemon.file))
    return done.returncode, re.sub(r"/\S*/", "", done.stdout + done.stderr)


def test_the_checker_tells_what_nobody_translated(daemon):
    status, said = check(daemon)
    assert status == 0
    assert 'nudged.conf:9: warning: no prompt pack is in "cy", the language of ed' in said
    assert f'fruit.conf:1: warning: 1 of {COUNT} prompts of "fruit" are not in "de", and go out as they are: p{NOT_IN_GERMAN}' in said
    assert said.count("warning") == 2, said


BAD = {
    "not a language": (pack("Apfel", range(COUNT), 'language = "Deutsch";'), '"language" cannot be "Deutsch"'),
    "another language than its folder": (pack("Apfel", range(COUNT), 'language = "fr";'), 'says "fr", and lies in the folder of "de"'),
    "a prompt twice": (pack("Apfel", [1, 2, 1]), 'the prompt "p1" is in this pack already'),
    "a prompt of its own": (pack("Apfel", range(COUNT + 1)), f'no prompt "p{COUNT}" to translate'),
    "a pack of its own": (pack("Apfel", range(COUNT)).replace("fruit", "fruits"), 'no prompt pack "fruits" to translate (did you mean "fruit"?)'),
    "Latin 1": (pack("Äpfel", range(COUNT)).encode("latin-1"), "not valid UTF-8"),
    "UTF-16": (pack("Äpfel", range(COUNT)).encode("utf-16"), "it holds a NUL byte"),
    "an unknown name": (pack("{{persona.name}}", range(COUNT)), 'unknown name "persona.name"'),
    "too many prompts": (pack("Apfel", range(1001)), "has more than 1000 prompts"),
    "a text without end": ('packs = ( { id = "fruit', "has no closing quote"),
    "huge": (b"#" * (17 << 20), "it is larger than"),
    "no text": (bytes(range(256)) * 64, "fruit.conf"),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_translation_is_refused_with_its_file_and_line_and_costs_no_message(daemon, what):
    text, said = BAD[what]
    bad = daemon.folder.parent / "packs/de/fruit.conf"
    bad.write_bytes(text if isinstance(text, bytes) else text.encode())
    status, told = check(daemon)
    assert status == 1 and said in told and "Sanitizer" not in told, told
    assert re.search(r"fruit\.conf:\d+: |cannot read fruit\.conf", told), told


def test_a_byte_order_mark_and_an_empty_folder_do_no_harm(daemon):
    german = daemon.folder.parent / "packs/de/fruit.conf"
    german.write_bytes(b"\xef\xbb\xbf" + german.read_bytes())
    (german.parents[1] / "fr").mkdir()
    status, said = check(daemon)
    assert status == 0 and said.count("warning") == 2, said


def test_what_comes_with_nudged_is_checked_without_a_word_in_each_of_its_languages(nudged, receiver, tmp_path):
    prompts = tmp_path / "prompts"
    run_copy(ROOT / "conf/prompts", prompts)
    packs = sorted(set(re.findall(r'^  id = "([a-z-]+)";', "".join(p.read_text(encoding="utf-8") for p in prompts.glob("*.conf")), re.M)))
    of_others = {"mentor", "one-on-one"}  # they name whom they are about

    def to(pack):
        return '"manager"' if pack in of_others else '"self", "manager"'

    speakers = person("ana") + person("bo", 'language = "de"; partner = "ana"; mentor = "ana"; manager = "ana";')
    daemon = nudged(top=f'prompts = "{prompts}";\n', channels=hook(receiver), people=speakers,
                    reminders="".join(f'{{ id = "r-{p}"; kind = "checkin"; calendar = "09:00"; about = [ "bo" ]; to = [ {to(p)} ]; prompts = "{p}"; }},'
                                      for p in packs))
    assert check(daemon) == (0, "nudged.conf: ok\n")
    rows = offline(daemon, "preview", "--from", "2027-03-01", "--to", "2027-03-07")
    assert len(rows) == 7 * (2 * len(packs) - len(of_others)) and all(row["title"] and len(row["text"]) > 20 for row in rows)
    german = {row["reminder"] for row in rows if row["person"] == "bo" and re.search(r"[äöüß]|\b(der|die|das|und|du|dir)\b", row["text"])}
    assert german == {f"r-{p.stem}" for p in (prompts / "de").glob("*.conf")}


def run_copy(source, target):
    """The packs in folders that only we write: a checkout may belong to anybody."""
    for path in source.rglob("*.conf"):
        copy = target / path.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o600)

#!/usr/bin/python3
"""The prompt packs are read by real people every day: this holds them to their word, in each language.

A finding is a line FILE:LINE: PACK/PROMPT: what is the matter. Exit status 1 when there is one.
Usage: prompts.py [FILE...]   (by default every pack of conf/prompts and its translations)
The language of a file is the name of its folder where that is one of LANGUAGES, else English."""

import difflib
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROMPTS_MIN = 12
LONGEST = {"title": 60, "cue": 80, "act": 160, "question": 120, "summary": 90}
ALIKE = 0.62          # of two prompts of one pack, 1.0 is the same
ALIKE_ELSEWHERE = 0.75
SAME_START = 3        # questions of a pack that may begin with the same two words
SAME_VERB = 4         # acts of a pack that may begin with the same word

ABOUT_SOMEBODY = {"one-on-one", "mentor"}     # every prompt names the person it is about
NAME_FOCUS = ABOUT_SOMEBODY | {"deliberate-practice", "mentee", "humility", "welcome-back"}
END_WITH_LEARNING = {"celebrate", "celebrate-team", "humility"}
# For whoever leads, and there are offices among them; every other pack is for all trades alike.
OF_AN_OFFICE = {"one-on-one", "leader-quarter", "self-awareness", "learning-leader", "empowerment", "support", "direction"}
OFFICE = """laptop inbox email emails e-mail slide slides spreadsheet sprint standup stand-up commit browser keyboard
office desk screen deck backlog ticket tickets""".split()


class Language:
    """What nobody should be told in it, and how its acts begin."""

    def __init__(self, blame, phrases, worn, person, done, act, formal="(?!)"):
        self.blame, self.phrases, self.worn = set(blame.split()), phrases.split("|"), worn.split("|")
        self.person, self.done = person.split("|"), done
        self.act, self.formal = act, formal


LANGUAGES = {
    "en": Language(
        # Words that accuse, drive or count people, and phrases worn smooth.
        blame="""blame fault guilty lazy sloppy careless poor failed failure fail failing overdue streak
            ashamed disappointing inexcusable excuse slacking underperform compliance monitor must shouldn't
            should've supposed unacceptable incompetent deadline""",
        phrases="you didn't|you did not|you haven't|you have not yet|why didn't|why did you not|should have|you forgot|"
            "you missed|you broke|fallen behind|falling behind|try harder|not good enough|no excuse|once again you|your fault",
        worn="journey|level up|comfort zone|game changer|crush it|unlock|10x|rock star|ninja|low-hanging|deep dive|mindset|"
            "move the needle|best self|circle back|leverage|learnings|superpower|hustle|win-win|synergy|at the end of the day|"
            "outside the box|next level|touch base|growth hack|kudos|reach out|passionate|embrace|impactful|actionable",
        # Praise of the person ends learning; what was done, and what it changed, goes on.
        person="talented|gifted|genius|brilliant|clever|smart|well done|good job|great job|a natural|proud of you|amazing|awesome",
        # Mastery is approached and never reached.
        done=r"100 ?%|\bperfect|\bflawless|\bmastered\b|\bfully\b|\bfinish line\b|\bonce and for all\b|\bnothing left to learn\b",
        act=r"[a-z]"),
    "de": Language(
        blame="""schuld schuldig faul schlampig nachlässig versagt versagen versager gescheitert blamiert peinlich überfällig
            beschämend enttäuschend inkompetent inakzeptabel ausrede ausreden musst müsstest solltest gefälligst kontrolle
            überwachung frist""",
        phrases="du hast nicht|du hast noch nicht|warum hast du nicht|hättest du nur|du hast vergessen|selbst schuld|"
            "nicht gut genug|im rückstand|streng dich|reiß dich",
        worn="komfortzone|mindset|wachstumsreise|aufs nächste level|gamechanger|mehrwert|synergie|learnings|abholen|"
            "auf augenhöhe|am ende des tages|quick win|best version",
        person="begabt|genial|talentiert|gut gemacht|tolle leistung|stolz auf dich|naturtalent|klasse gemacht",
        done=r"100 ?%|\bperfekt|\bfehlerlos|\bausgelernt\b|\bein für alle Mal\b",
        # "Vor dem Mittagessen: Lies es laut." After a German cue no comma may stand.
        act=r"[A-ZÄÖÜ]", formal=r"\b(Ihnen|Ihre[mnrs]?|Ihr)\b|(?<=[a-zäöüß,] )Sie\b"),
}

NAMES = set(re.findall(r'= "([a-z._]+)",', (ROOT / "daemon/model/template.c").read_text(encoding="utf-8")))
OF_THE_PROMPT = {name for name in NAMES if name.startswith("prompt")}  # cannot name themselves
SAMPLE = {"person.name": "Ana Ruiz", "about.name": "Bo Nyström", "focus.skill": "code review"}
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
FIELD = re.compile(r'(\w+)\s*=\s*((?:"(?:[^"\\]|\\.)*"\s*)+);')
PARTS = ("title", "cue", "act", "question")


def strings(text):
    return "".join(STRING.findall(text)).replace('\\"', '"').replace("\\\\", "\\")


def read_packs(path):
    """The packs of a file: only what a pack file may hold, so a small reader is enough."""
    text = re.sub(r"^\s*#.*$", "", path.read_text(encoding="utf-8"), flags=re.M)
    language = path.parent.name if path.parent.name in LANGUAGES else "en"
    packs = []
    for found in re.finditer(r"((?:\w+\s*=\s*\"[^\"]*\"\s*;\s*)+)prompts\s*=\s*\((.*?)\n\s*\);", text, flags=re.S):
        head, body = found.groups()
        pack = {key: strings(value) for key, value in FIELD.findall(head)}
        pack.update(path=path, line=text.count("\n", 0, found.start()) + 1, language=language, prompts=[])
        for entry in re.finditer(r"\{\s*(id\s*=.*?;)\s*\}", body, flags=re.S):
            prompt = {key: strings(value) for key, value in FIELD.findall(entry[1])}
            prompt["line"] = text.count("\n", 0, found.start(2) + entry.start()) + 1
            pack["prompts"].append(prompt)
        pack["unread"] = len(re.findall(r"\bid\s*=", body)) != len(pack["prompts"])
        packs.append(pack)
    return packs


def render(text, values):
    """Sections and values as the daemon shows them; enough for one level of sections."""
    def section(match):
        kind, name, inner = match.groups()
        there = any(key == name or key.startswith(name + ".") for key in values)
        return inner if there == (kind == "#") else ""
    text = re.sub(r"\{\{([#^])([\w.]+)\}\}(.*?)\{\{/\2\}\}", section, text, flags=re.S)
    return re.sub(r"\{\{([\w.]+)\}\}", lambda match: values.get(match[1], ""), text)


def readings(text, needs_about):
    """The text with everything there, and without what may be absent."""
    given = [SAMPLE, {key: SAMPLE[key] for key in SAMPLE if not key.startswith("focus")}]
    if not needs_about:
        given.append({"person.name": "Ana Ruiz"})
    return [render(text, values) for values in given]


def words(text):
    return re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*", text.lower())


def names_in(text):
    return re.findall(r"\{\{[#^/]?([\w.]+)\}\}", text)


# ---- one text ----

def reading_findings(field, text, needs_about):
    for name in names_in(text):
        if name not in NAMES - OF_THE_PROMPT:
            yield f"{field}: unknown name {name}"
    for shown in readings(text, needs_about):
        if len(shown) > LONGEST[field]:
            yield f"{field}: {len(shown)} characters, at most {LONGEST[field]}: {shown}"
        if re.search(r"  |\s[,.;:?]|^\s|\s$|\n|\{\{|\}\}", shown) and "..." not in shown:
            yield f"{field}: does not read well: {shown!r}"


def wording_findings(field, text, language):
    shown = render(text, SAMPLE)
    lower = shown.lower()
    for word in sorted(set(words(lower)) & language.blame):
        yield f"{field}: \"{word}\" blames or drives"
    for what, phrases in (("blames or drives", language.phrases), ("is worn", language.worn),
                          ("is about the person, not the work", language.person)):
        for phrase in phrases:
            if re.search(rf"\b{re.escape(phrase)}", lower):
                yield f"{field}: \"{phrase}\" {what}"
    if found := re.search(language.done, shown, flags=re.I):
        yield f"{field}: \"{found[0]}\": nobody is ever done"
    if found := re.search(language.formal, shown):
        yield f"{field}: \"{found[0]}\": we say du"
    if "!" in text:
        yield f"{field}: an exclamation mark shouts"


def text_findings(field, text, language, needs_about=False):
    yield from reading_findings(field, text, needs_about)
    yield from wording_findings(field, text, language)


# ---- one prompt ----

def form_findings(prompt, language):
    act = prompt.get("act", "")
    # With its cue it must be one sentence: "Before lunch" + ", " + "read it aloud."
    if not re.match(language.act, act) or not re.search(r"[.?\"]$", act):
        yield f"act: begins with {language.act} and ends a sentence"
    if re.search(r"[.?!] \S", re.sub(r"\.\.\.|\"[^\"]*\"", "", act)):
        yield "act: more than one sentence is more than one act"
    if re.search(r"[.,:;]$", prompt.get("cue", "")):
        yield "cue: ends without punctuation"
    if "question" in prompt and not prompt["question"].endswith("?"):
        yield "question: does not ask"
    if re.search(r"\? \S", re.sub(r"\"[^\"]*\"", "", prompt.get("question", ""))):
        yield "question: asks twice"


def prompt_findings(prompt, pack):
    language = LANGUAGES[pack["language"]]
    for field in ("id", "title", "cue", "act"):
        if not prompt.get(field):
            yield f"{field} is missing"
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,63}", prompt.get("id", "")):
        yield "the id is not [a-z][a-z0-9-]*"
    for field in sorted(set(prompt) - {"id", "line", *PARTS}):
        yield f"unknown key {field}"
    for field in PARTS:
        if field in prompt:
            yield from text_findings(field, prompt[field], language, pack["id"] in ABOUT_SOMEBODY)
            for word in sorted(set(words(prompt[field])) & set(OFFICE)):
                if pack["id"] not in OF_AN_OFFICE:
                    yield f"{field}: \"{word}\" leaves out whoever works elsewhere"
    yield from form_findings(prompt, language)
    if pack["id"] in ABOUT_SOMEBODY and "{{about.name}}" not in "".join(prompt.get(part, "") for part in PARTS):
        yield "does not name the person it is about"
    if pack["id"] in END_WITH_LEARNING and not prompt.get("question"):
        yield "ends without a question about what is still to learn"


# ---- near repeats ----

class Gist:
    """What two prompts are compared by: the words of their act and question."""

    def __init__(self, prompt):
        text = render(f"{prompt.get('act', '')} {prompt.get('question', '')}", {"person.name": "x"})
        self.words = words(text)
        self.set = set(self.words)

    def likeness(self, other, limit):
        """1.0: the same; anything below the limit may come out as 0."""
        small = min(len(self.set), len(other.set))
        shared = len(self.set & other.set) / max(1, small)
        total = len(self.words) + len(other.words)
        common = min(sum(w in other.set for w in self.words), sum(w in self.set for w in other.words))
        found = shared if small > 5 and shared >= limit else 0
        if 2 * common >= limit * total:  # else no matching can reach it, and matching is slow
            found = max(found, difflib.SequenceMatcher(None, self.words, other.words).ratio())
        return found if found >= limit else 0


def repeat_findings(pack):
    """Within a pack: (prompt, finding)."""
    prompts = pack["prompts"]
    gists = [Gist(prompt) for prompt in prompts]
    for i, prompt in enumerate(prompts):
        for k, other in enumerate(prompts[:i]):
            if other.get("id") == prompt.get("id"):
                yield prompt, "this id is taken"
            elif likeness := gists[i].likeness(gists[k], ALIKE):
                yield prompt, f"nearly the same as {other['id']} ({likeness:.2f})"
            if other.get("title") == prompt.get("title") or other.get("cue") == prompt.get("cue"):
                yield prompt, f"has the title or the cue of {other['id']}"
    for part, count, most, what in (("question", 2, SAME_START, "questions"), ("act", 1, SAME_VERB, "acts")):
        starts = {}
        for prompt in prompts:
            start = " ".join(words(render(prompt.get(part, ""), SAMPLE))[:count])
            starts.setdefault(start, []).append(prompt)
        for start, those in starts.items():
            if start and len(those) > max(most, len(prompts) // 6):
                yield those[-1], f"{len(those)} {what} begin with \"{start}\""


def elsewhere_findings(packs):
    """Between packs of one language: (pack, prompt, finding)."""
    seen = []
    for pack in packs:
        mine = [(pack, prompt, Gist(prompt)) for prompt in pack["prompts"]]
        for _, prompt, gist in mine:
            for other, twin, its in seen:
                if gist.likeness(its, ALIKE_ELSEWHERE):
                    yield pack, prompt, f"nearly the same as {other['id']}/{twin.get('id')}"
                if prompt.get("title") == twin.get("title"):
                    yield pack, prompt, f"has the title of {other['id']}/{twin.get('id')}"
        seen += mine


# ---- a pack ----

def pack_findings(pack):
    """(prompt or None, finding)"""
    if pack["unread"]:
        yield None, "not every prompt could be read: is a semicolon missing?"
    if not pack.get("summary"):
        yield None, "summary is missing"
    else:
        yield from ((None, f) for f in text_findings("summary", pack["summary"], LANGUAGES[pack["language"]]))
    if len(pack["prompts"]) < PROMPTS_MIN:
        yield None, f"{len(pack['prompts'])} prompts, at least {PROMPTS_MIN}"
    for prompt in pack["prompts"]:
        yield from ((prompt, finding) for finding in prompt_findings(prompt, pack))
    yield from repeat_findings(pack)
    if pack["id"] in NAME_FOCUS and not any("{{focus.skill}}" in prompt.get("act", "") for prompt in pack["prompts"]):
        yield None, "names nobody's focus"


def translation_findings(pack, original):
    """(prompt or None, finding): nothing is missing, and nothing is left in English."""
    here = {prompt.get("id"): prompt for prompt in pack["prompts"]}
    there = {prompt.get("id"): prompt for prompt in original["prompts"]}
    if missing := [id for id in there if id not in here]:
        yield None, f"not translated: {', '.join(missing)}"
    for id, prompt in here.items():
        twin = there.get(id)
        if not twin:
            yield prompt, "the original has no such prompt"
            continue
        for part in PARTS:
            if (part in prompt) != (part in twin):
                yield prompt, f"{part}: the original has {'one' if part in twin else 'none'}"
            elif part in prompt and prompt[part] == twin[part]:
                yield prompt, f"{part}: still in English"
        if {n for p in PARTS for n in names_in(prompt.get(p, ""))} != {n for p in PARTS for n in names_in(twin.get(p, ""))}:
            yield prompt, "names something else than the original"


# ---- all of them ----

def all_findings(packs):
    """(path, line, "PACK/PROMPT: what")"""
    first = {}
    for pack in packs:
        key = (pack["language"], pack.get("id"))
        found = list(pack_findings(pack))
        if key in first:
            found.append((None, "this id is taken"))
        first.setdefault(key, pack)
        if pack["language"] != "en" and ("en", pack.get("id")) in first:
            found += translation_findings(pack, first["en", pack.get("id")])
        elif pack["language"] != "en":
            found.append((None, "there is no such pack in English"))
        for prompt, what in found:
            yield pack["path"], (prompt or pack)["line"], f"{pack.get('id')}/{(prompt or {}).get('id', '')}: {what}"
    for language in LANGUAGES:
        for pack, prompt, what in elsewhere_findings([p for p in packs if p["language"] == language]):
            yield pack["path"], prompt["line"], f"{pack.get('id')}/{prompt.get('id')}: {what}"


def files_of(folder):
    return sorted(folder.glob("*.conf")) + sorted(folder.glob("*/*.conf"))


def check(paths):
    """(path, line, what), and the packs."""
    packs, findings = [], []
    for path in paths:
        read = read_packs(path)
        if not read:
            findings.append((path, 1, "no pack could be read"))
        if path.parent.name not in {"prompts", *LANGUAGES} and path.is_relative_to(ROOT):
            findings.append((path, 1, f"no rules for the language \"{path.parent.name}\": put them into tests/lint/prompts.py"))
        packs += read
    return findings + list(all_findings(packs)), packs


def main(paths):
    findings, packs = check(paths)
    for path, line, what in findings:
        print(f"{path}:{line}: {what}")
    for language in LANGUAGES:
        mine = [pack for pack in packs if pack["language"] == language]
        if mine:
            print(f"{language}: {len(mine)} packs, {sum(len(pack['prompts']) for pack in mine)} prompts")
    print(f"{len(findings)} findings")
    return 1 if findings or not packs else 0


if __name__ == "__main__":
    chosen = [pathlib.Path(arg).resolve() for arg in sys.argv[1:]]
    sys.exit(main(chosen or files_of(ROOT / "conf" / "prompts")))

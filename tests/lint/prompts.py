#!/usr/bin/python3
"""The prompt packs are read by real people every day: this holds them to their word.

A finding is a line FILE: PACK/PROMPT: what is the matter. Exit status 1 when there is one.
Usage: prompts.py [FILE...]   (by default every pack of conf/prompts)"""

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

ABOUT_SOMEBODY = {"one-on-one", "mentor"}     # every prompt names the person it is about
NAME_FOCUS = ABOUT_SOMEBODY | {"deliberate-practice"}

# Words that accuse, drive or count people, and phrases worn smooth.
BLAME = """blame fault guilty lazy sloppy careless poor failed failure fail failing overdue streak
ashamed disappointing inexcusable excuse slacking underperform compliance monitor must shouldn't
should've supposed unacceptable incompetent deadline""".split()
BLAME_PHRASES = ["you didn't", "you did not", "you haven't", "you have not yet", "why didn't",
    "why did you not", "should have", "you forgot", "you missed", "you broke", "fallen behind",
    "falling behind", "try harder", "not good enough", "no excuse", "once again you", "your fault"]
WORN = ["journey", "level up", "comfort zone", "game changer", "crush it", "unlock", "10x",
    "rock star", "ninja", "low-hanging", "deep dive", "mindset", "move the needle", "best self",
    "circle back", "leverage", "learnings", "superpower", "hustle", "win-win", "synergy",
    "at the end of the day", "outside the box", "next level", "touch base", "growth hack", "kudos"]

NAMES = set(re.findall(r'= "([a-z._]+)",', (ROOT / "daemon/model/template.c").read_text(encoding="utf-8")))
OF_THE_PROMPT = {name for name in NAMES if name.startswith("prompt")}  # cannot name themselves
SAMPLE = {"person.name": "Ana Ruiz", "about.name": "Bo Nyström", "focus.skill": "code review"}
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
FIELD = re.compile(r'(\w+)\s*=\s*((?:"(?:[^"\\]|\\.)*"\s*)+);')


def strings(text):
    return "".join(STRING.findall(text)).replace('\\"', '"').replace("\\\\", "\\")


def read_packs(path):
    """The packs of a file: only what a pack file may hold, so a small reader is enough."""
    text = re.sub(r"^\s*#.*$", "", path.read_text(encoding="utf-8"), flags=re.M)
    packs = []
    for head, body in re.findall(r"((?:\w+\s*=\s*\"[^\"]*\"\s*;\s*)+)prompts\s*=\s*\((.*?)\n\s*\);",
                                 text, flags=re.S):
        pack = {key: strings(value) for key, value in FIELD.findall(head)}
        pack["prompts"] = [{key: strings(value) for key, value in FIELD.findall(entry)}
                           for entry in re.findall(r"\{\s*(id\s*=.*?;)\s*\}", body, flags=re.S)]
        if len(re.findall(r"\bid\s*=", body)) != len(pack["prompts"]):
            pack["unread"] = True
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
    return re.findall(r"[a-z'-]+", text.lower())


def text_findings(field, text, needs_about=False):
    for name in re.findall(r"\{\{[#^/]?([\w.]+)\}\}", text):
        if name not in NAMES - OF_THE_PROMPT:
            yield f"{field}: unknown name {name}"
    for shown in readings(text, needs_about):
        if len(shown) > LONGEST[field]:
            yield f"{field}: {len(shown)} characters, at most {LONGEST[field]}: {shown}"
        if re.search(r"  |\s[,.;:?]|^\s|\s$|\n|\{\{|\}\}", shown) and "..." not in shown:
            yield f"{field}: does not read well: {shown!r}"
    lower = render(text, SAMPLE).lower()
    for word in sorted(set(words(lower)) & set(BLAME)):
        yield f"{field}: \"{word}\" blames or drives"
    for phrase in BLAME_PHRASES:
        if phrase in lower:
            yield f"{field}: \"{phrase}\" blames or drives"
    for phrase in WORN:
        if phrase in lower:
            yield f"{field}: \"{phrase}\" is worn"
    if "!" in text:
        yield f"{field}: an exclamation mark shouts"


def prompt_findings(prompt, needs_about):
    for field in ("id", "title", "cue", "act"):
        if not prompt.get(field):
            yield f"{field} is missing"
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,63}", prompt.get("id", "")):
        yield "the id is not [a-z][a-z0-9-]*"
    for field in sorted(set(prompt) - {"id", "title", "cue", "act", "question"}):
        yield f"unknown key {field}"
    for field in ("title", "cue", "act", "question"):
        if field in prompt:
            yield from text_findings(field, prompt[field], needs_about)
    # "Before lunch" + ", " + "read it aloud." must be one sentence.
    if not re.match(r"[a-z]", prompt.get("act", "")) or not re.search(r"[.?\"]$", prompt.get("act", "")):
        yield "act: begins with a small letter and ends a sentence"
    if re.search(r"[.,:;]$", prompt.get("cue", "")):
        yield "cue: ends without punctuation"
    if "question" in prompt and not prompt["question"].endswith("?"):
        yield "question: does not ask"


def likeness(one, other):
    texts = [render(f"{p.get('act', '')} {p.get('question', '')}", {"person.name": "x"}).lower()
             for p in (one, other)]
    sets = [set(words(text)) for text in texts]
    shared = len(sets[0] & sets[1]) / max(1, min(len(sets[0]), len(sets[1])))
    return max(shared if min(map(len, sets)) > 5 else 0,
               difflib.SequenceMatcher(None, words(texts[0]), words(texts[1])).ratio())


def pack_findings(pack):
    prompts = pack["prompts"]
    if pack.get("unread"):
        yield "", "not every prompt could be read: is a semicolon missing?"
    if not pack.get("summary"):
        yield "", "summary is missing"
    else:
        yield from (("", finding) for finding in text_findings("summary", pack["summary"]))
    if len(prompts) < PROMPTS_MIN:
        yield "", f"{len(prompts)} prompts, at least {PROMPTS_MIN}"
    starts = {}
    for i, prompt in enumerate(prompts):
        name = prompt.get("id", f"number {i + 1}")
        for finding in prompt_findings(prompt, pack["id"] in ABOUT_SOMEBODY):
            yield name, finding
        for other in prompts[:i]:
            if other.get("id") == prompt.get("id"):
                yield name, "this id is taken"
            elif likeness(prompt, other) >= ALIKE:
                yield name, f"nearly the same as {other['id']} ({likeness(prompt, other):.2f})"
            if other.get("title") == prompt.get("title") or other.get("cue") == prompt.get("cue"):
                yield name, f"has the title or the cue of {other['id']}"
        start = " ".join(words(prompt.get("question", ""))[:2])
        starts.setdefault(start, []).append(name)
    for start, names in starts.items():
        if start and len(names) > SAME_START:
            yield names[-1], f"{len(names)} questions begin with \"{start}\""
    if pack["id"] in ABOUT_SOMEBODY:
        for prompt in prompts:
            if "{{about.name}}" not in "".join(prompt.values()):
                yield prompt["id"], "does not name the person it is about"
    if pack["id"] in NAME_FOCUS and \
            not any("{{focus.skill}}" in prompt["act"] for prompt in prompts):
        yield "", "names nobody's focus"
    if pack["id"] == "celebrate":
        for prompt in prompts:
            if not prompt.get("question"):
                yield prompt["id"], "ends without a question about what is still to learn"


def main(paths):
    findings, seen, count = [], [], 0
    for path in paths:
        packs = read_packs(path)
        if not packs:
            findings.append(f"{path}: no pack could be read")
        for pack in packs:
            count += len(pack["prompts"])
            findings += [f"{path}: {pack.get('id')}/{name}: {finding}"
                         for name, finding in pack_findings(pack)]
            if any(other.get("id") == pack.get("id") for _, other in seen):
                findings.append(f"{path}: {pack.get('id')}: this id is taken")
            for _, other in seen:
                findings += [f"{path}: {pack['id']}/{one['id']}: nearly the same as "
                             f"{other['id']}/{two['id']}"
                             for one in pack["prompts"] for two in other["prompts"]
                             if likeness(one, two) >= ALIKE_ELSEWHERE]
            seen.append((path, pack))
    for finding in findings:
        print(finding)
    print(f"{len(seen)} packs, {count} prompts, {len(findings)} findings")
    return 1 if findings or not seen else 0


if __name__ == "__main__":
    chosen = [pathlib.Path(arg) for arg in sys.argv[1:]]
    sys.exit(main(chosen or sorted((ROOT / "conf" / "prompts").glob("*.conf"))))

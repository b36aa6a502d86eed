#!/usr/bin/python3
"""What the compiler cannot see: layers, sizes, words, and that pages, catalog and code agree.

usage: lint.py [--root FOLDER] [CHECK...]     without CHECK: all of them

Each check takes the tree and yields complaints as (file, line, what is wrong and what would be right).
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import prompts

LAYERS = ["base", "time", "model", "port", "engine", "face"]  # each may include itself and those before

# A library's headers, and the only places that know the library. Everything else goes through them.
LIBRARIES = [
    (r"curl/", ["daemon/port/courier"], "the courier (port/courier.h)"),
    (r"sqlite3\.h", ["daemon/port/store_sqlite"], "the store (port/store.h)"),
    (r"libpq-fe\.h", ["daemon/port/store_postgres"], "the store (port/store.h)"),
    (r"libconfig\.h", ["daemon/port/config"], "the configuration (port/config.h)"),
    (r"dlfcn\.h", ["daemon/port/plugin"], "the plugins' door (port/plugin.h)"),
    (r"systemd/", ["daemon/base/log", "daemon/port/service"], "base/log.h or port/service.h"),
    (r"event2/", ["daemon/base", "daemon/port", "daemon/engine", "daemon/face", "daemon/main.c",
                  "daemon/nudged.c", "daemon/nudgectl.c"], "a layer that waits: time and model never do"),
]

TOP_LEVEL = {"daemon", "conf", "units", "plugins", "tests", "Makefile", "README.md", "LICENSE", "NEWS.md"}
FILE_LINES_MAX = 900
FUNCTION_LINES_MAX = 60
LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|(?i:\bnot implemented\b|\bplaceholder\b(?!\s*[=:])|\bfor now\b|\bstubs?\b)")
HEX_ID = re.compile(r"\b[0-9a-f]{32}\b")


class Tree:
    """The project's files, without what is made from them."""

    def __init__(self, root):
        self.root = Path(root).resolve()
        self.files = []
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(d for d in folders if not d.startswith(".") and d not in ("build", "__pycache__"))
            self.files += [os.path.relpath(os.path.join(folder, n), self.root) for n in sorted(names)]

    def match(self, pattern):
        return [f for f in self.files if re.fullmatch(pattern, f)]

    def text(self, name):
        return (self.root / name).read_text(encoding="utf-8", errors="replace")

    def lines(self, name):
        return enumerate(self.text(name).splitlines(), 1)

    def sources(self, also_tests=False):
        return self.match(r"(daemon|plugins%s)/.*\.[ch]" % ("|tests" if also_tests else ""))

    def run(self, *command):
        return subprocess.run(command, cwd=self.root, text=True, capture_output=True, check=False)


def includes(tree, name, form):
    """Yields (line, header) for #include "..." or <...>."""
    opening, closing = form
    wanted = re.compile(r"\s*#\s*include\s*%s([^%s]+)%s" % (opening, closing, closing))
    for number, line in tree.lines(name):
        found = wanted.match(line)
        if found:
            yield number, found.group(1)


def door_of(name):
    """The door of a file in port/: store.h, store.c and store_sqlite.c are all `store`."""
    return re.split(r"[_.]", os.path.basename(name))[0]


def check_layers(tree):
    for name in tree.match(r"daemon/[a-z]+/.*\.[ch]"):
        layer = name.split("/")[1]
        if layer not in LAYERS:
            yield name, 1, f"no such layer: {layer}; the layers are {', '.join(LAYERS)}"
            continue
        for number, header in includes(tree, name, '""'):
            yield from ((name, number, what) for what in judge_include(tree, name, layer, header))
    for name in tree.match(r"plugins/.*\.[ch]"):
        for number, header in includes(tree, name, '""'):
            if f"plugins/{header}" not in tree.files:
                yield name, number, f'a plugin sees nudged-plugin.h and nothing of the daemon: "{header}"'


def judge_include(tree, name, layer, header):
    if f"plugins/{header}" in tree.files:
        if LAYERS.index(layer) < LAYERS.index("model"):
            yield f'{layer} knows nothing of plugins: "{header}"'
        return
    if f"daemon/{header}" not in tree.files:
        yield f'there is no daemon/{header}; includes name the layer first, as "base/mem.h"'
        return
    target = header.split("/")[0]
    if target not in LAYERS:
        yield f'the programs include the layers, never the other way: "{header}"'
    elif LAYERS.index(target) > LAYERS.index(layer):
        yield f'{layer} may not look up to {target}: "{header}"; let whoever is above pass a function pointer'
    elif target == layer == "port" and door_of(header) != door_of(name):
        yield (f'the door {door_of(name)} may not look sideways into the door {door_of(header)}: "{header}"; '
               "let the engine pass what is needed")


def check_cycles(tree):
    """Headers that need each other have grown into one module without saying so."""
    needs = {}
    for name in tree.match(r"daemon/.*\.h"):
        needs[name[len("daemon/"):]] = [h for _, h in includes(tree, name, '""')]
    done = set()

    def visit(header, path):
        if header in path:
            circle = path[path.index(header):] + [header]
            yield "daemon/" + header, 1, "headers include each other: " + " -> ".join(circle)
        elif header in needs and header not in done:
            for other in needs[header]:
                yield from visit(other, path + [header])
            done.add(header)

    for header in sorted(needs):
        yield from visit(header, [])


def check_libraries(tree):
    for name in tree.sources():
        for number, header in includes(tree, name, "<>"):
            for pattern, homes, instead in LIBRARIES:
                if re.match(pattern, header) and not name.startswith(tuple(homes)):
                    yield name, number, f"<{header}> stays behind its door; use {instead}"


def check_top_level(tree):
    for entry in sorted(os.listdir(tree.root)):
        if entry not in TOP_LEVEL and entry != "build" and not entry.startswith("."):
            yield entry, 0, "does not belong at the top: " + " ".join(sorted(TOP_LEVEL)) + " and dot-files do"


def is_table_row(line):
    return re.match(r"\s+(\{.*\}|\[[^]]+\] = .*|[\"'].*[\"']),?\s*(/\*.*\*/)?$", line) is not None


def check_file_size(tree):
    for name in tree.match(r"(daemon|plugins|tests)/.*\.([chy]|py|sh)|tests/(.*/)?[a-z-]+|Makefile"):
        size = sum(1 for _, line in tree.lines(name) if not is_table_row(line))
        if size > FILE_LINES_MAX:
            yield name, size, f"{size} lines besides rows of tables; a room of more than {FILE_LINES_MAX} cannot be known"


def check_function_size(tree):
    sources = [f for f in tree.sources(also_tests=True) if f.endswith(".c")]
    if not sources:
        return
    tags = tree.run("ctags", "-o", "-", "--languages=C", "--kinds-C=f", "--fields=+ne", *sources)
    if tags.returncode:
        yield "Makefile", 1, f"ctags (universal-ctags) does not run: {tags.stderr.strip()}"
    for row in tags.stdout.splitlines():
        found = re.match(r"(\S+)\t(\S+)\t.*\tline:(\d+)\t.*\bend:(\d+)", row)
        if found:
            function, name, first, last = found.group(1), found.group(2), int(found.group(3)), int(found.group(4))
            if last - first + 1 > FUNCTION_LINES_MAX:
                yield name, first, f"{function} has {last - first + 1} lines, more than {FUNCTION_LINES_MAX}"


def check_left_over_words(tree):
    for name in tree.files:
        if name == "LICENSE" or name.startswith("tests/lint/") or name.startswith("."):
            continue
        for number, line in tree.lines(name):
            found = LEFT_OVER.search(line)
            if found:
                yield name, number, f'left-over word "{found.group(0)}": finish it, or say what is refused'


def check_format(tree):
    sources = tree.sources(also_tests=True)
    if not sources:
        return
    result = tree.run("clang-format", "--dry-run", "-Werror", "--ferror-limit=1", *sources)
    for row in result.stderr.splitlines():
        found = re.match(r"(\S+?):(\d+):\d+: error: (.*)", row)
        if found:
            yield found.group(1), int(found.group(2)), "not as .clang-format has it; run clang-format -i on it"


def check_man_pages(tree):
    for name in tree.match(r".*\.[1-8]"):
        result = tree.run("mandoc", "-T", "lint", "-W", "warning", name)
        for row in result.stdout.splitlines():
            found = re.match(r"mandoc: \S+?:(\d+):\d+: (.*)", row)
            yield name, int(found.group(1)) if found else 1, found.group(2) if found else row


def check_page_references(tree):
    """A page of ours that is named, with its section, is there: nudged.conf(5), .Xr nudgectl 8."""
    pages = {os.path.basename(page) for page in tree.match(r".*\.[1-8]")}
    for name in tree.match(r"(daemon|conf|plugins|units)/.*|README\.md|NEWS\.md"):
        for number, line in tree.lines(name):
            for page, section in re.findall(r"\b(nudge[a-z.-]*[a-z])(?:\(| )([1-8])(?=\)|$| [,.])", line):
                if f"{page}.{section}" not in pages:
                    yield name, number, f"there is no page {page}({section})"


def check_catalog(tree):
    """Each MESSAGE_ID of the table of events is explained in the journal's catalog, and no other."""
    table, catalog = "daemon/engine/report.c", "units/nudged.catalog"
    used = id_lines(tree, table, HEX_ID)
    explained = id_lines(tree, catalog, re.compile(r"(?<=^-- )[0-9a-f]{32}\b"))
    for message_id in sorted(used.keys() - explained.keys()):
        yield table, used[message_id], f"event {message_id} has no entry in {catalog}"
    for message_id in sorted(explained.keys() - used.keys()):
        yield catalog, explained[message_id], f"entry {message_id} explains no event of {table}"


def check_campaigns(tree):
    """Each campaign of the makefile has its row in the table of the README, and no other."""
    built = id_lines(tree, "Makefile", re.compile(r"^(campaign-[a-z]+):"))
    told = id_lines(tree, "README.md", re.compile(r"^\| `make (campaign-[a-z]+)"))
    for name in sorted(built.keys() - told.keys()):
        yield "Makefile", built[name], f"{name} has no row in the README's table of proofs"
    for name in sorted(told.keys() - built.keys()):
        yield "README.md", told[name], f"the makefile has no {name}"


def id_lines(tree, name, pattern):
    """{what the pattern finds: the first line it stands on}"""
    found = {}
    for number, line in tree.lines(name) if name in tree.files else []:
        for word in pattern.findall(line):
            found.setdefault(word, number)
    return found


def check_shell(tree):
    scripts = [f for f in tree.files if not f.startswith(".") and re.match(r"#!.*\b(ba)?sh\b", tree.text(f)[:60])]
    scripts += [f for f in (".ci/run",) if (tree.root / f).exists()]
    if not scripts:
        return
    for row in tree.run("shellcheck", "-S", "warning", "-f", "gcc", *scripts).stdout.splitlines():
        name, number, _, what = row.split(":", 3)
        yield name, int(number), what.strip()


def check_prompts(tree):
    findings, packs = prompts.check(prompts.files_of(tree.root / "conf" / "prompts"))
    for path, line, what in findings:
        yield str(path.relative_to(tree.root)), line, what
    yield from listed_findings(tree, {pack.get("id") for pack in packs if pack["language"] == "en"})


def listed_findings(tree, packs):
    """The page of the configuration lists each pack that comes with nudged, and no other."""
    page, listed = "conf/nudged.conf.5", set()
    if page not in tree.files:
        return
    found = re.search(r"^These packs come with nudged:\n(.*?)^\.(Ss|Sh) ", tree.text(page), re.M | re.S)
    begin = tree.text(page).count("\n", 0, found.start()) + 1 if found else 1
    for line in re.findall(r"^\.Sy (.*)", found[1] if found else "", re.M):
        listed.update(word for word in line.split() if word != ",")
    for id in sorted(packs - listed):
        yield page, begin, f"the pack {id} comes with nudged and is not listed"
    for id in sorted(listed - packs):
        yield page, begin, f"there is no pack {id} in conf/prompts"


CHECKS = {name[len("check_"):]: function for name, function in list(globals().items()) if name.startswith("check_")}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=Path(__file__).parents[2])
    parser.add_argument("checks", nargs="*", metavar="CHECK", help=", ".join(CHECKS))
    options = parser.parse_args()
    unknown = [c for c in options.checks if c not in CHECKS]
    if unknown:
        parser.error(f"no such check: {', '.join(unknown)}; there are {', '.join(CHECKS)}")
    tree = Tree(options.root)
    bad = 0
    for check in options.checks or CHECKS:
        for name, line, what in CHECKS[check](tree):
            print(f"{name}:{line}: {what} [{check}]")
            bad += 1
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

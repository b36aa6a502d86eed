"""The lint itself: each rule is seen to bite in a scratch tree, and the real tree is clean."""

from pathlib import Path

import lint
import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def complaints(tmp_path):
    """Writes the given files to a scratch tree and gives what one check says of them."""

    def judge(check, **files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return [f"{name}:{line}: {what}" for name, line, what in lint.CHECKS[check](lint.Tree(tmp_path))]

    return judge


@pytest.mark.parametrize("check", lint.CHECKS)
def test_the_tree_is_clean(check):
    said = [f"{name}:{line}: {what}" for name, line, what in lint.CHECKS[check](lint.Tree(ROOT))]
    assert not said, "\n" + "\n".join(said)


def test_an_include_that_looks_up_is_refused(complaints):
    said = complaints("layers", daemon__time__zone_DOT_c='#include "base/mem.h"\n#include "engine/agenda.h"\n',
                      daemon__base__mem_DOT_h="", daemon__engine__agenda_DOT_h="")
    assert len(said) == 1 and said[0].startswith("daemon/time/zone.c:2: time may not look up to engine")


def test_a_door_that_looks_sideways_is_refused(complaints):
    said = complaints("layers", daemon__port__store_sqlite_DOT_c='#include "port/store.h"\n#include "port/courier.h"\n',
                      daemon__port__store_DOT_h="", daemon__port__courier_DOT_h="")
    assert len(said) == 1 and said[0].startswith("daemon/port/store_sqlite.c:2: the door store may not look sideways")


def test_includes_that_point_down_are_fine(complaints):
    assert not complaints("layers", daemon__face__web_DOT_c='#include "engine/a.h"\n#include "base/b.h"\n',
                          daemon__engine__a_DOT_h='#include "base/b.h"\n', daemon__base__b_DOT_h="",
                          daemon__main_DOT_c='#include "face/web.h"\n')


def test_an_include_of_nothing_and_an_unknown_layer_are_refused(complaints):
    said = complaints("layers", daemon__base__mem_DOT_c='#include "mem.h"\n', daemon__misc__x_DOT_c="")
    assert len(said) == 2 and "there is no daemon/mem.h" in said[0] and "no such layer: misc" in said[1]


def test_a_plugin_that_sees_the_daemon_is_refused(complaints):
    said = complaints("layers", plugins__hook_DOT_c='#include "nudged-plugin.h"\n#include "base/str.h"\n',
                      plugins__nudged_plugin_DOT_h="", daemon__base__str_DOT_h="")
    assert [s for s in said if 'nothing of the daemon: "base/str.h"' in s]


def test_a_library_stays_behind_its_door(complaints):
    said = complaints("libraries", daemon__engine__dispatch_DOT_c="#include <curl/curl.h>\n",
                      daemon__port__courier_DOT_c="#include <curl/curl.h>\n",
                      daemon__model__rule_DOT_c="#include <event2/event.h>\n", plugins__hook_DOT_c="#include <sqlite3.h>\n")
    assert [s.split(":")[0] for s in said] == ["daemon/engine/dispatch.c", "daemon/model/rule.c", "plugins/hook.c"]


def test_headers_in_a_circle_are_refused(complaints):
    said = complaints("cycles", daemon__base__a_DOT_h='#include "base/b.h"\n', daemon__base__b_DOT_h='#include "base/a.h"\n')
    assert len(said) == 1 and "base/a.h -> base/b.h -> base/a.h" in said[0]


def test_a_stranger_at_the_top_is_refused(complaints):
    assert complaints("top_level", Makefile="", notes_DOT_txt="") == [
        "notes.txt:0: does not belong at the top: LICENSE Makefile NEWS.md README.md conf daemon plugins tests units and dot-files do"]


def test_a_long_file_is_refused_unless_it_is_a_table(complaints):
    said = complaints("file_size", daemon__base__long_DOT_c="int x;\n" * 901, daemon__base__table_DOT_c="\t{1, 2},\n" * 2000)
    assert len(said) == 1 and said[0].startswith("daemon/base/long.c:901:")


def test_a_long_function_is_refused(complaints):
    body = "\tx++;\n"
    said = complaints("function_size", daemon__base__a_DOT_c="void fine(void)\n{\n" + body * 57 + "}\n"
                      "void far(void)\n{\n" + body * 58 + "}\n")
    assert said == ["daemon/base/a.c:61: far has 61 lines, more than 60"]


def test_left_over_words_are_refused_and_file_templates_are_not(complaints):
    said = complaints("left_over_words", daemon__base__a_DOT_c="/* TODO */\n/* good enough for now */\nmkdtemp(\"/tmp/aXXXXXX\");\n")
    assert [s.split(" ")[0] for s in said] == ["daemon/base/a.c:1:", "daemon/base/a.c:2:"]


def test_an_event_without_its_catalog_entry_is_refused_and_an_entry_without_event(complaints):
    one, two = "1" * 32, "2" * 32
    said = complaints("catalog", daemon__engine__report_DOT_c=f'\t{{"delivered", "{one}"}},\n', units__nudged_DOT_catalog=f"-- {two}\n")
    assert len(said) == 2 and one in said[0] and two in said[1]


def test_a_badly_formatted_source_is_refused(complaints):
    style = (ROOT / ".clang-format").read_text(encoding="utf-8")
    said = complaints("format", _DOT_clang_DOT_="", daemon__base__a_DOT_c="int  x;\n", **{".clang-format": style})
    assert len(said) == 1 and said[0].startswith("daemon/base/a.c:1:")


def test_a_page_that_mandoc_dislikes_is_refused(complaints):
    assert complaints("man_pages", conf__bad_DOT_5=".Dd x\n.Sh NAME\n.Xy\n")


def test_a_reference_to_a_page_that_is_not_there_is_refused(complaints):
    said = complaints("page_references", daemon__nudged_DOT_8=".Xr nudged 8 ,\n.Xr nudgectl 1 ,\n", conf__a_DOT_conf="# see nudged(8)\n# see nudged(1)\n")
    assert [s.split(": ")[0] for s in said] == ["conf/a.conf:2", "daemon/nudged.8:2"]


def test_a_shell_script_with_a_trap_in_it_is_refused(complaints):
    assert complaints("shell", tests__go="#!/bin/sh\ncd $1\nrm $2/*\nlocal x=1\n")


def test_a_campaign_without_its_row_and_a_row_without_its_campaign_are_refused(complaints):
    said = complaints("campaigns", Makefile="campaign-a: all\n\t@x\ncampaign-b:\n", README_DOT_md="| `make campaign-b N=1` | x |\n| `make campaign-c` | x |\n")
    assert len(said) == 2 and said[0].startswith("Makefile:1: campaign-a") and said[1].startswith("README.md:2: the makefile")


def test_a_pack_that_the_page_does_not_list_and_one_that_is_not_there_are_refused(complaints):
    prompt = '{ id = "p%d"; title = "T%d"; cue = "C%d"; act = "look at %s."; question = "Was it %s?"; }'
    colours = "red green blue black white brown grey pink gold teal plum rust".split()
    entries = ",\n".join(prompt % (i, i, i, word, word) for i, word in enumerate(colours))
    said = complaints("prompts", conf__prompts__fruit_DOT_conf=f'packs = ( {{\n  id = "fruit";\n  summary = "S";\n  prompts = (\n{entries}\n  );\n}} );\n',
                      conf__nudged_DOT_conf_DOT_5=".Sh X\nThese packs come with nudged:\n.It a\n.Sy nuts , seeds\n.Ss Y\n.Sy fruit\n")
    listed = [row for row in said if "nudged.conf.5" in row]
    assert listed == ["conf/nudged.conf.5:2: the pack fruit comes with nudged and is not listed",
                      "conf/nudged.conf.5:2: there is no pack nuts in conf/prompts", "conf/nudged.conf.5:2: there is no pack seeds in conf/prompts"]

"""make install lays everything in its place, and systemd agrees with what it lays."""

import os
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
BUILD = os.environ.get("NUDGED_BUILD", str(PROJECT / "build"))


def install(root, *settings):
    subprocess.run(["make", "-s", "-C", PROJECT, "-o", "all", "install", f"BUILD={BUILD}", f"DESTDIR={root}", *settings],
                   check=True, capture_output=True)
    return root


@pytest.fixture(scope="module", name="root")
def fixture_root(tmp_path_factory):
    return install(tmp_path_factory.mktemp("root"))


PLACES = [
    "usr/sbin/nudged", "usr/bin/nudgectl", "usr/include/nudged-plugin.h", "etc/nudged/nudged.conf",
    "usr/lib/systemd/system/nudged.service", "usr/lib/systemd/system/nudged.socket", "usr/lib/sysusers.d/nudged.conf",
    "usr/lib/tmpfiles.d/nudged.conf", "usr/lib/systemd/catalog/nudged.catalog", "usr/share/bash-completion/completions/nudgectl",
    *(f"usr/lib/nudged/plugins/{source.stem}.so" for source in PROJECT.glob("plugins/*.c") if source.stem != "sample" and "_" not in source.stem),
    *(f"usr/share/nudged/prompts/{pack.name}" for pack in PROJECT.glob("conf/prompts/*.conf")),
    "usr/share/nudged/examples/sample.c",
    *(f"usr/share/man/man{page.suffix[1:]}/{page.name}" for page in PROJECT.glob("[cdpu]*/*.[1-8]")),
]


@pytest.mark.parametrize("path", PLACES)
def test_it_is_in_its_place(root, path):
    assert (root / path).exists()


def test_the_configuration_is_private_and_a_second_install_keeps_what_is_there(root):
    sample = root / "etc/nudged/nudged.conf"
    assert sample.stat().st_mode & 0o777 == 0o640 and sample.parent.stat().st_mode & 0o777 == 0o750
    sample.write_text("# mine\n")
    install(root)
    assert sample.read_text() == "# mine\n"


def test_the_prefix_reaches_the_unit(tmp_path):
    root = install(tmp_path, "prefix=/usr/local")
    unit = (root / "usr/local/lib/systemd/system/nudged.service").read_text()
    assert "\nExecStart=/usr/local/sbin/nudged " in unit and (root / "usr/local/sbin/nudged").exists()


def test_the_exposure_of_the_service_is_at_most_1_2():
    said = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=12", "--no-pager", PROJECT / "units/nudged.service"],
                          capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout[-200:]
    assert float(re.search(r"exposure level for nudged.service: ([0-9.]+)", said.stdout).group(1)) <= 1.2


def test_completion_offers_the_verbs_of_the_manual_page_and_no_other(root):
    """As bash does it: the words before the cursor, then what the function offers."""
    script = 'source "$1"; COMP_WORDS=(nudgectl ""); COMP_CWORD=1; compopt() { :; }; _nudgectl; echo "${COMPREPLY[@]}"'
    offered = subprocess.run(["bash", "-c", script, "bash", root / "usr/share/bash-completion/completions/nudgectl"],
                             capture_output=True, text=True, check=True).stdout.split()
    page = (root / "usr/share/man/man8/nudgectl.8").read_text()
    verbs = set(re.findall(r"^\.It Cm ([a-z][a-z-]+)", page, re.MULTILINE))
    assert verbs and verbs == {word for word in offered if not word.startswith("-")}

import os
import subprocess

import pytest

from nexts import DRIVER, ROOT, Next


@pytest.fixture(scope="session")
def built():
    """`make check` builds first; a test run by hand finds its program up to date too."""
    if "NUDGED_BUILD" not in os.environ:
        subprocess.run(["make", "-s", DRIVER.relative_to(ROOT)], cwd=ROOT, check=True, timeout=600)


@pytest.fixture(scope="session")
def nexts(built):
    process = Next()
    yield process
    process.close()

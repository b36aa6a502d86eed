import subprocess

import pytest

from nexts import ROOT, Next


@pytest.fixture(scope="session")
def built():
    subprocess.run(["make", "-s", "build/next-driver"], cwd=ROOT, check=True, timeout=600)


@pytest.fixture(scope="session")
def nexts(built):
    process = Next()
    yield process
    process.close()

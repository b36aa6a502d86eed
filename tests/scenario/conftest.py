import pytest

from scenario.harness import Daemon, Receiver


@pytest.fixture
def receiver():
    receiver = Receiver().start()
    yield receiver
    receiver.stop()


@pytest.fixture
def nudged(tmp_path, request):
    """Makes daemons that are stopped, and looked at, when the test ends."""
    daemons = []

    def make(**sections):
        daemon = Daemon(tmp_path / f"nudged-{len(daemons)}", **sections)
        daemons.append(daemon)
        return daemon

    yield make
    for daemon in daemons:
        daemon.__exit__(None if not getattr(request.node, "failed", False) else AssertionError)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    if call.when == "call" and outcome.get_result().failed:
        item.failed = True

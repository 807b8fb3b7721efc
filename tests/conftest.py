"""Fixtures that tests of every part share, and how tests are spread over workers."""

from importlib.util import find_spec

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = [name for name in ("tests.stores", "tests.brokers") if find_spec(name)]

# How long an example takes says how busy the machine is. `steady` tries the same examples each time, so that a change
# fails for what it changed; `--hypothesis-profile=explore` goes looking for new ones.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("explore"), derandomize=True)
settings.load_profile("steady")

BROWSER = "tests/browser"
SLOW = (f"{BROWSER}/", "tests/system/")


class ByModule(LoadScopeScheduling):  # type: ignore[misc]  # xdist ships no types
    """The tests of a module share a worker, and so its fixtures and their order; all browser tests share one.

    Two Chromiums on two cores only wait for each other.
    """

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(f"{BROWSER}/") else nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByModule:
    """Says where each test runs. The mark ``xdist_group`` does not: pytest 9.2 keeps node ids where xdist cannot."""
    return ByModule(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long starts first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(SLOW))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints what tests recorded: what they ``said``, and at how many places they tore cards and saw them recover."""
    torn: dict[str, dict[str, int]] = {}
    for report in terminalreporter.stats.get("passed", []):
        for name, said in report.user_properties:
            if name == "said":
                terminalreporter.write_line(str(said))
            elif name == "torn":
                where, kind, places = said
                torn.setdefault(where, {})[kind] = places
    for where, kinds in sorted(torn.items()):
        each = ", ".join(f"{kind} {places}" for kind, places in sorted(kinds.items()))
        terminalreporter.write_line(f"torn cards: {sum(kinds.values())} places cut {where} ({each}), all recovered")

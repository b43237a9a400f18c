"""How the tests are shared out among processes (`pytest -n`): by file, and what uses this machine as a whole in one.

What starts containers, networks and services, or changes the firewall, would be in its own way: it stays in one
process, in the order in which it is written. Everything else uses free ports and folders of its own.
"""

from xdist.scheduler import LoadScopeScheduling

USE_THE_MACHINE = (
    "tests/attacks/test_",
    "tests/hub/",
    "tests/images/",
    "tests/journeys/",
    "tests/ops/test_closing.py",
    "tests/ops/test_demo_down.py",
    "tests/setup/",
)
"""How the names of those files begin."""


def share_of(test: str) -> str:
    """Return the share of a test (by pytest's id): its file, or the one of all that use the machine as a whole."""
    return "the machine" if test.startswith(USE_THE_MACHINE) else test.partition("::")[0]


class ByFile(LoadScopeScheduling):
    """Gives each process a share at a time, in the order of collection."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)

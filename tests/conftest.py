"""What holds for all tests: no property has a deadline, and what is dear to make is made by one worker only."""

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling

# No test asserts a wall-clock time, so no example of a property has one either.
settings.register_profile("journey", deadline=None)
settings.load_profile("journey")

# The states between two releases cost as much as several runs: only the tests that ask for them build them.
os.environ.setdefault("JOURNEY_SPLIT_RESTATEMENTS", "false")

# Files that share a fixture of the session, each worker of which would make its own, and files with whole runs of the
# pipeline. They are begun first and in this order: begun last, they would leave the other workers idle.
TOGETHER = (
    ("tests/test_pipeline.py",),
    (
        "tests/acceptance/test_experiments.py",
        "tests/acceptance/test_governance.py",
        "tests/acceptance/test_identity.py",
        "tests/acceptance/test_market.py",
        "tests/acceptance/test_pain_points.py",
    ),
    ("tests/acceptance/test_planted_problem.py",),
    ("tests/acceptance/test_quiet_market.py",),
    ("tests/acceptance/",),
    (
        "tests/sql/test_control_totals.py",
        "tests/sql/test_events.py",
        "tests/sql/test_order_of_arrival.py",
        "tests/sql/test_staging.py",
    ),
    ("tests/world/",),
    ("tests/test_all_sources.py",),
    ("tests/test_adding_a_channel.py",),
    ("tests/sources/",),
    ("tests/report/",),
    ("tests/release/",),
)


def _place(nodeid: str) -> int:
    """The place of a test in `TOGETHER`, or behind all."""
    return next((place for place, begins in enumerate(TOGETHER) if nodeid.startswith(begins)), len(TOGETHER))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Workers are given tests in this order."""
    items.sort(key=lambda item: _place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> "LoadScopeScheduling | None":
    """With `--dist loadfile`, a file goes to a worker whole, and files that share something dear go to the same one."""
    if config.getoption("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            place = _place(nodeid)
            return nodeid.split("::", 1)[0] if place == len(TOGETHER) else TOGETHER[place][0]

    # By default the scopes with the most tests come first, and those are the quick ones.
    config.option.loadscopereorder = False
    return Together(config, log)

"""What holds for all tests: no property has a deadline, and the file that takes longest begins."""

import pytest
from hypothesis import settings

# No test asserts a wall-clock time, so no example of a property has one either.
settings.register_profile("journey", deadline=None)
settings.load_profile("journey")

# Whole runs of the pipeline: begun last, they would leave the other workers idle.
LONGEST = "tests/test_pipeline.py"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files are given to workers whole and in order."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))

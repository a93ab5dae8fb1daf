"""Fixtures of the tests of requests."""

from pathlib import Path

import pytest

from tests.ingest.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    result = Home(tmp_path)
    result.inbox.mkdir()
    return result

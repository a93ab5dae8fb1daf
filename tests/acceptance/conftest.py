"""One generated market with its planted faults, run once for all acceptance tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline_runs import AS_OF, journey


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("market")
    made = journey("generate", "--customers", "1500", "--weeks", "14", "--defects", home=folder)
    assert made.returncode == 0, made.stderr
    run = journey("run", "--as-of", AS_OF, home=folder)
    assert run.returncode == 0, run.stderr
    return folder

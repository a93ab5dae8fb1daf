"""A memory limit that is far too low is named by the run that fails on it, and holds nothing against the next run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pipeline_runs import AS_OF, deliver_samples, journey

pytestmark = pytest.mark.long


@pytest.mark.parametrize("limit", ["1MB", "24MB"])
def test_too_little_memory_names_the_setting_and_the_next_run_has_forgotten_it(tmp_path: Path, limit: str) -> None:
    deliver_samples(tmp_path / "inbox", sources=["typeform"])
    starved = journey("run", "--as-of", AS_OF, home=tmp_path, JOURNEY_MEMORY_LIMIT=limit)
    assert starved.returncode in (1, 2), starved.stderr
    assert "E_MEMORY" in starved.stderr
    assert "memory_limit" in starved.stderr
    assert "Traceback" not in starved.stderr
    assert "nothing has been published yet" in starved.stderr

    fed = journey("run", "--as-of", AS_OF, home=tmp_path)
    assert fed.returncode == 0, fed.stderr

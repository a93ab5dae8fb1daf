"""Owners and evidence on a finished build: numbers that can be told again, and a gate that stands alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest

from tests.pipeline_runs import AS_OF, KEY, ask

# The last steps of a run: the gate before the release, and the release.
LAST_STEPS = """
import sys
import dagster as dg
from journey_pipeline.defs.gates import marts_gate
from journey_pipeline.defs.published import published
from journey_pipeline.defs.resources import resources
wanted = dg.AssetSelection.checks(*marts_gate.check_keys) | dg.AssetSelection.assets(published)
job = dg.define_asset_job("last_steps", selection=wanted)
defs = dg.Definitions(assets=[published], asset_checks=[marts_gate], jobs=[job], resources=resources())
found = defs.resolve_job_def("last_steps").execute_in_process(
    partition_key=sys.argv[1], raise_on_error=False,
    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
)
failed = [e.asset_key.to_user_string() + " " + e.check_name for e in found.get_asset_check_evaluations() if not e.passed
          and e.severity == dg.AssetCheckSeverity.ERROR]
print("\\n".join(failed))
sys.exit(not found.success)
"""


def test_every_number_of_the_scorecard_is_told_again_by_the_query_beside_it(home: Path) -> None:
    file = home / "published" / "journey.duckdb"
    rows = ask(file, "select distinct kpi, query, numerator, denominator from kpi_scorecard where query is not null")
    assert len(rows) > 50 and len({kpi for kpi, *_ in rows}) >= 6
    told = [(kpi, *ask(file, query)) for kpi, query, _, _ in rows]
    assert told == [(kpi, (numerator, denominator)) for kpi, _, numerator, denominator in rows]
    owed = "select count(*) from kpi_scorecard where query is null and (numerator is not null or actual is not null)"
    assert ask(file, owed) == [(0,)]


@pytest.fixture
def built(home: Path, tmp_path: Path) -> Path:
    """The build, ready to be released elsewhere."""
    shutil.copyfile(home / "warehouse.duckdb", tmp_path / "warehouse.duckdb")
    return tmp_path


def release(home: Path, as_of: str = AS_OF) -> tuple[int, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JOURNEY_", "DAGSTER_"))}
    done = subprocess.run(
        [sys.executable, "-c", LAST_STEPS, str(date.fromisoformat(as_of) - timedelta(weeks=1))],
        env=environment | {"JOURNEY_HOME": str(home), "JOURNEY_PSEUDONYM_KEY": KEY, "DAGSTER_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.strip()


def test_a_kpi_without_an_owner_alone_keeps_the_release_back(built: Path) -> None:
    gate = "marts/kpi_scorecard kpis_have_owners"
    with duckdb.connect(str(built / "warehouse.duckdb")) as connection:
        connection.execute("update seeds.kpis set owner = null where kpi = 'customer_retention'")
    assert release(built) == (1, gate)
    assert not (built / "published").exists()
    verdicts = ask(
        built / "warehouse.duckdb", "select asset || ' ' || gate from operations.gate_results where not passed"
    )
    assert verdicts == [(gate,)]

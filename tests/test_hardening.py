"""SQL over delivered data reaches the home and the seeds, and can change no setting."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from journey_pipeline.defs import resources
from journey_pipeline.defs.resources import Warehouse
from journey_pipeline.hardening import harden
from journey_pipeline.settings import DBT_PROJECT, Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "it's a home"
    folder.mkdir()
    monkeypatch.setenv("JOURNEY_HOME", str(folder))  # a variable wins over what a test hands in
    return folder


@pytest.mark.parametrize(
    "attempt",
    [
        "from read_csv('/etc/passwd')",
        "from read_text('{beside}/secret.txt')",
        "from read_text('{home}/../secret.txt')",
        "copy (select 1) to '{beside}/out.csv'",
        "attach '{beside}/other.duckdb'",
        "from read_csv('https://127.0.0.1:9/x.csv')",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "set allowed_directories = ['/']",
        "set lock_configuration = false",
        "set TimeZone = 'Asia/Tokyo'",
        "reset memory_limit",
    ],
)
def test_nothing_outside_can_be_reached_or_allowed(home: Path, attempt: str) -> None:
    (home.parent / "secret.txt").write_text("canary")
    places = {"home": str(home).replace("'", "''"), "beside": str(home.parent)}
    with duckdb.connect(str(home / "w.duckdb"), config=Settings().duckdb_config()) as connection:
        harden(connection, home)
        # A second connection of the process shares the engine, and with it what it may.
        for one in (connection, connection.cursor()):
            with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException)):
                one.execute(attempt.format(**places))
    assert {path.name for path in home.parent.iterdir()} == {"secret.txt", home.name}


def test_the_home_and_the_seeds_can_be_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(memory_limit="500MB")
    monkeypatch.setattr(resources, "settings", settings)
    warehouse = Warehouse(database=str(settings.warehouse), connection_config=settings.duckdb_config())
    for _ in range(2):  # an engine of its own each time
        with warehouse.get_connection() as connection:
            quoted = str(home).replace("'", "''")
            connection.execute(f"copy (select 42 as answer) to '{quoted}/x.parquet'")
            assert connection.execute(f"from '{quoted}/x.parquet'").fetchall() == [(42,)]
            assert connection.execute(f"select count(*) from '{DBT_PROJECT}/seeds/stages.csv'").fetchall()[0][0] > 4
            assert connection.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]
            connection.execute("create or replace table kept as select * from range(10)")
            harden(connection, home)

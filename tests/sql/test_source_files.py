"""The last day a delivered file has data for, as a reader of the account would say it."""

from __future__ import annotations

from pathlib import Path

import pytest

from .compiled_models import Bench, compile_models

LOADED_AT = "2026-11-22 05:00"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("dbt")
    return compile_models(folder, "mart_source_files")


@pytest.mark.parametrize(
    ("zone", "period_end", "exported_at", "until"),
    [
        ("Europe/Berlin", "2026-11-14 23:00", "2026-11-16 06:00", "2026-11-15"),
        ("America/New_York", "2026-11-16 05:00", None, "2026-11-16"),
        ("UTC", "2026-11-15 23:59", None, "2026-11-15"),
        ("Europe/Berlin", "2026-12-29 23:00", "2026-11-16 06:00", "2026-11-16"),
        ("Europe/Berlin", "2026-12-29 23:00", "2026-12-29 23:00", None),
        ("UTC", None, "2026-11-16 06:00", None),
    ],
)
def test_data_reaches_to_a_day_of_the_account_and_never_beyond_its_load(
    models: dict[str, str], zone: str, period_end: str | None, exported_at: str | None, until: str | None
) -> None:
    bench = Bench(models)
    bench.connection.execute(
        """
        create table warehouse.raw.source_files as
        select 'f' as file_id, 'a__b' as contract, 'f.csv' as file_name, 'a/f.csv' as path, 'loaded' as outcome,
            1 as records, 1 as accepted, 0 as quarantined, 0 as dropped, 0 as erased, 0 as superseded,
            null::timestamp as period_start, $1::timestamp as period_end, $2::timestamp as exported_at
        union all by name select 'g' as file_id, null as contract, 'quarantined' as outcome;
        """,
        [period_end, exported_at],
    )
    bench.connection.execute(
        f"create table warehouse.raw.service_levels as select 'a__b' as contract, '{zone}' as time_zone;"
        "create table warehouse.raw.file_loads as select 'a__b' as contract, 'f' as file_id, "
        f"timestamp '{LOADED_AT}' as loaded_at"
    )
    bench.run("mart_source_files")
    found = bench.connection.execute(
        "select file_id, data_until::varchar from warehouse.journeys.mart_source_files order by file_id"
    ).fetchall()
    assert found == [("f", until), ("g", None)]

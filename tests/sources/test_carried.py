"""What a contract says its cells carry is all that staging reads off them: by it people are found and erased."""

from __future__ import annotations

from collections import defaultdict

import duckdb
import pytest

from journey_pipeline import pseudonyms
from journey_pipeline.dbt_sources import identifier_types
from journey_pipeline.ingest import Lake, load_contracts
from journey_pipeline.privacy.closure import lake_carriers
from tests.sql.conftest import KEY, Warehouse

TYPED = {
    "identifier_value": "identifier_type",
    "visitor_id": "visitor_type",
    "click_id": "click_id_type",
    "a_value": "a_type",
    "b_value": "b_type",
}
# Tables that name nobody, or only what other tables of theirs name by an identifier.
NAMELESS = {"spend", "content_metrics"}


def kind_of(column: str) -> str | None:
    named = [kind for kind in identifier_types() if column == kind or column.endswith(f"_{kind}")]
    return f"'{named[0]}'" if named else TYPED.get(column)


def test_every_identifier_of_staging_is_one_that_a_contract_says_is_there(delivered: Warehouse) -> None:
    carried: dict[str, list[str]] = defaultdict(list)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{delivered.path}' as built (read_only)")
        pseudonyms.add_function(connection, KEY)
        lake = Lake(delivered.folder / "messes" / "lake")
        for contract in load_contracts().values():
            if query := lake_carriers(connection, lake, contract):
                carried[contract.id.split("__")[0]].append(f"select kind, value from ({query})")
        if len(carried) < 20:
            pytest.skip("asks the files of all modules of this folder: run tests/sources")
        columns: dict[str, list[str]] = defaultdict(list)
        for table, column in connection.execute(
            "select table_name, column_name from duckdb_columns() "
            "where database_name = 'built' and schema_name = 'staging' order by all"
        ).fetchall():
            columns[table].append(column)
        missed = []
        for source, queries in carried.items():
            connection.execute(
                "create or replace temp table told as select kind, pseudonym(kind, value) as hash "
                f"from (select distinct kind, value from ({' union all '.join(queries)}))"
            )
            for table, names in columns.items():
                for name in names:
                    kind = kind_of(name)
                    if not table.startswith(f"stg_{source}__") or kind is None or kind in set(TYPED.values()) - set(names):
                        continue
                    (count,) = connection.execute(
                        f"select count(*) from built.staging.{table} "
                        f"where {name} is not null and {kind} is not null "
                        f"and ({kind}, {name}::varchar) not in (select (kind, hash::varchar) from told)"
                    ).fetchall()[0]
                    if count:
                        missed.append(f"{table}.{name}: {count}")
    assert missed == []


@pytest.mark.parametrize("name", load_contracts())
def test_a_contract_that_feeds_tables_of_people_says_how_its_records_name_them(name: str) -> None:
    contract = load_contracts()[name]
    if set(contract.canonical) <= NAMELESS or not (contract.identity.personal or contract.identity.carriers):
        return
    assert contract.identity.carriers, f"{name} has personal columns and no identifier or entity to find them by"

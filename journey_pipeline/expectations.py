"""Great Expectations at the two doors: what is accepted (raw) and what is shipped (marts).

Suites are built in code from the contracts and from the marts' columns, and judge small frames that SQL computed
(one row per table, counts only): Great Expectations has no DuckDB engine, and counts hold no personal value.
Add a door's rule as one line in its dict. Must not be here: rules about single rows (dbt tests, contracts).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

# Column of the frame -> what it means when it is not zero.
RAW_DOOR: Mapping[str, str] = {
    "unaccounted_records": "records are neither accepted, quarantined, dropped by a rule nor erased",
    "missing_required": "required values are missing in current rows",
    "duplicate_keys": "the contract's key occurs twice among current rows",
}
MARTS_DOOR: Mapping[str, str] = {
    "missing_keys": "key columns are empty",
    "duplicate_keys": "the key occurs more than once",
    "shares_outside": "a share lies outside 0 and 1",
    "crossed_intervals": "a value lies outside its own interval",
    "missing_as_of": "as_of or definition_version is empty",
}


@dataclass(frozen=True)
class Finding:
    """One expectation on one table. `failing` is the count the SQL found; 0 when it holds."""

    table: str
    rule: str
    passed: bool
    failing: int
    meaning: str


def judge(door: Mapping[str, str], frame: pd.DataFrame) -> list[Finding]:
    """Hold a door's frame against its suite.

    Args:
        door: RAW_DOOR or MARTS_DOOR.
        frame: one row per table: `table` and one count per rule of the door.

    Returns:
        One Finding per table and rule, in the frame's order. The verdict is Great Expectations' own.

    Raises:
        ValueError: a count is missing, which Great Expectations would pass over in silence, or is no number, which its
            results would quote.
    """
    frame = frame[["table", *door]]
    if frame[list(door)].isna().any(axis=None):
        raise ValueError("a count at the door is missing: its SQL has judged nothing")
    if not all(pd.api.types.is_numeric_dtype(kind) for kind in frame[list(door)].dtypes):
        raise ValueError("a door judges counts only: its SQL has let a value through")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx  # six seconds to import: only where a door is judged

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    suite = gx.ExpectationSuite(
        name="door",
        expectations=[
            gx.expectations.ExpectColumnValuesToBeBetween(column=rule, min_value=0, max_value=0) for rule in door
        ],
    )
    batch = (
        context.data_sources.add_pandas("door")
        .add_dataframe_asset("tables")
        .add_batch_definition_whole_dataframe("all")
        .get_batch({"dataframe": frame.set_index("table", drop=False)})
    )
    outcome = batch.validate(
        suite, result_format={"result_format": "COMPLETE", "unexpected_index_column_names": ["table"]}
    )
    failed: dict[str, set[str]] = {}
    for result in outcome.results:
        rule = result.expectation_config.kwargs["column"]
        rows = result.result.get("unexpected_index_list") or []
        failed[rule] = {row["table"] for row in rows}
        if not result.success and not failed[rule]:  # it could not run, so it has let nobody through
            failed[rule] = set(frame["table"])
    return [
        Finding(row["table"], rule, row["table"] not in failed[rule], int(row[rule]), meaning)
        for row in frame.to_dict("records")
        for rule, meaning in door.items()
    ]

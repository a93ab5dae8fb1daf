"""Released tables as small lists of rows, whatever is missing.

Add here when every section needs the same answer. Must not be here: SQL of one section.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import duckdb
import pandas as pd

from journey_pipeline.report.charts import NARROW, WIDE, to_svg
from journey_pipeline.report.wording import count

Row = dict[str, Any]


class Released:
    """A release open for reading. Tables are looked up without a schema, as BI tools do."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, as_of: datetime) -> None:
        self.connection = connection
        self.as_of = as_of
        self.tables = {
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables where table_catalog = current_database()"
            ).fetchall()
        }
        self.currency = self._currency()

    def rows(self, table: str, sql: str, parameters: list[Any] | None = None) -> list[Row]:
        """Rows of a query on `table` as dictionaries; none when the release does not carry the table."""
        if table not in self.tables:
            return []
        result = self.connection.execute(sql, parameters or [])
        names = [column[0] for column in result.description or []]
        return [dict(zip(names, values, strict=True)) for values in result.fetchall()]

    def _currency(self) -> str:
        for table in ("conversions", "spend"):
            found = self.rows(
                table,
                f"select distinct reporting_currency as c from {table} where reporting_currency is not null order by 1",
            )
            if len(found) == 1:
                return str(found[0]["c"])
        return ""


class Picture:
    """One chart in a wide and a narrow drawing, with the sentence that stands for it."""

    def __init__(self, label: str, draw: Any, frame: pd.DataFrame, key: str, caption: str = "") -> None:
        self.label = label
        self.caption = caption
        self.wide = to_svg(draw(frame, width=WIDE), key=f"{key}-w")
        self.narrow = to_svg(draw(frame, width=NARROW), key=f"{key}-n")


def spread(low: Any, high: Any, form: Any) -> str:
    """An interval as text, empty when there is none."""
    return "" if low is None or high is None else f"{form(low)} to {form(high)}"


def of(numerator: float | None, denominator: float | None) -> str:
    """`8 of 40`, empty without a denominator."""
    return "" if denominator is None or numerator is None else f"{count(numerator)} of {count(denominator)}"


def lag(value: datetime | None, as_of: datetime) -> timedelta | None:
    """Time between a last record and the cut-off, both naive UTC."""
    return None if value is None else as_of - value

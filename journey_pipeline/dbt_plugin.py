"""What dbt's connections are given beyond DuckDB, the function `pseudonym` under the key of the home, and their end.

dbt-duckdb loads this module by its name in profiles.yml. Must not be here: what a model could say in SQL.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.duckdb.plugins import BasePlugin

from journey_pipeline import pseudonyms
from journey_pipeline.fault_points import point
from journey_pipeline.hardening import harden
from journey_pipeline.settings import load


class Plugin(BasePlugin):  # type: ignore[misc]  # dbt-duckdb tells no types
    """One per dbt call."""

    def configure_connection(self, conn: Any) -> None:
        """SQL of a model reaches no further than that of Python."""
        harden(conn, self._home())

    def _home(self) -> Path:
        """The home the warehouse lies in; one that is rebuilt lies below it, and reads the same lake."""
        home, folder = load().home, Path(self.creds.path).parent
        return home if folder.is_relative_to(home) else folder

    def configure_cursor(self, cursor: Any) -> None:
        """Temporary macros belong to one cursor; the key never stands in the profile, which dbt writes down."""
        pseudonyms.add_function(cursor, pseudonyms.key_of(load()))
        point("model_begun")


def let_go() -> None:
    """Close the warehouse, which dbt holds open from node to node; nobody else in this process could open it."""
    if DuckDBConnectionManager._ENV is not None:
        DuckDBConnectionManager._ENV.close()

"""Dagster's run history in SQLite, without a sync to disk for each of its two thousand small writes.

The history is for people to look at: gates and releases keep their own books. So its transactions need to survive a
killed process, which write-ahead logging gives, and not a power cut. Must not be here: reading the history.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any


@contextmanager
def quick_history() -> Iterator[None]:
    """While this lasts, SQLite connections made through SQLAlchemy do not wait for the disk.

    Dagster opens a connection per statement, and SQLite folds the whole log back when the last one closes; one
    connection per file is held open meanwhile, so that this happens once.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    with ExitStack() as stack:
        held: set[str] = set()

        def relax(connection: Any, _: object) -> None:
            if not isinstance(connection, sqlite3.Connection):
                return
            connection.execute("pragma synchronous = normal")
            path = connection.execute("pragma database_list").fetchone()[2]
            # A file that is being made is not in write-ahead mode yet, and a reader of before would not hold its log.
            if path and path not in held and connection.execute("pragma journal_mode").fetchone()[0] == "wal":
                held.add(path)
                keeper = stack.enter_context(closing(sqlite3.connect(path, check_same_thread=False)))
                keeper.execute("select count(*) from sqlite_master").fetchone()

        event.listen(Engine, "connect", relax)
        stack.callback(event.remove, Engine, "connect", relax)
        yield

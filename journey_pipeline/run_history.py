"""Dagster's run history in SQLite, without a sync to disk or a connection for each of its two thousand small writes.

The history is for people to look at: gates and releases keep their own books. So its transactions need to survive a
killed process, which write-ahead logging gives, and not a power cut. Must not be here: reading the history.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, cast

from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import QueuePool


@contextmanager
def quick_history() -> Iterator[None]:
    """While this lasts, Dagster's SQLite connections do not wait for the disk, and are kept.

    Dagster opens a connection per statement, and SQLite folds the whole log back when the last one closes; kept, it
    does so once.
    """

    def relax(connection: Any, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma synchronous = normal")

    with ExitStack() as stack:
        event.listen(Engine, "connect", relax)
        stack.callback(event.remove, Engine, "connect", relax)
        _keep_engines(stack)
        yield


class _Kept(QueuePool):
    """Connections that outlive the engine's user: Dagster disposes of the engine after each statement."""

    def dispose(self) -> None:
        """Nothing; `end` closes."""

    def recreate(self) -> QueuePool:
        """The same pool goes on."""
        return self

    def end(self) -> None:
        """Close every connection."""
        super().dispose()


def _keep_engines(stack: ExitStack) -> None:
    """Until the stack closes, Dagster gets the engine of before where it asks for a new one of the same file.

    It asks once a statement, and a new engine compiles each statement anew: a quarter of a small run.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage
    from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage

    engines: dict[str, Engine] = {}

    def kept(url: str, **options: Any) -> Engine:
        if url not in engines:
            engine = engines[url] = create_engine(url, **(options | {"poolclass": _Kept}))
            stack.callback(lambda: cast(_Kept, engine.pool).end())
        return engines[url]

    modules: tuple[Any, ...] = (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage)
    for module in modules:
        stack.callback(setattr, module, "create_engine", module.create_engine)
        module.create_engine = kept

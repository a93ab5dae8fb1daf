"""What was released, what is served now, and the switch back.

Add here when people need another question about past releases answered. Must not be here: building a release.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from journey_pipeline.release import manifest as manifests
from journey_pipeline.release.candidate import DATABASE
from journey_pipeline.release.facts import Release, ReleaseNotFound
from journey_pipeline.release.pointer import current_id, exclusive, point, release_folder, release_ids, served_id
from journey_pipeline.release.verification import verify


def list_releases(home: Path) -> list[Release]:
    """Every complete release of a home, newest data first.

    Raises:
        ReleaseDamaged: a manifest cannot be read.
    """
    served = current_id(home)
    releases = []
    for name in release_ids(home):
        folder = release_folder(home, name)
        releases.append(manifests.as_release(folder, manifests.read(folder), is_current=name == served))
    return sorted(
        releases,
        key=lambda release: (release.as_of, release.published_at),
        reverse=True,
    )


def current(home: Path) -> Release | None:
    """The release that `published` serves, or None before the first one.

    Raises:
        ReleaseNotFound: the pointer leads nowhere.
        ReleaseDamaged: its manifest cannot be read.
    """
    served = current_id(home)
    if served is None:
        return None
    folder = release_folder(home, served)
    return manifests.as_release(folder, manifests.read(folder), is_current=True)


def show(home: Path, release_id: str | None = None) -> Release:
    """A release as its manifest describes it; the current one when no id is given.

    Raises:
        ReleaseNotFound: no such release, or nothing was published yet.
        ReleaseDamaged: its manifest cannot be read.
    """
    name = served_id(home) if release_id is None else release_id
    folder = release_folder(home, name)
    return manifests.as_release(folder, manifests.read(folder), is_current=name == current_id(home))


def read_manifest(home: Path, release_id: str | None = None) -> dict[str, Any]:
    """The whole manifest: files with their SHA-256, tables with columns and digests, gates, versions.

    Raises:
        ReleaseNotFound: no such release, or nothing was published yet.
        ReleaseDamaged: the manifest cannot be read.
    """
    return manifests.read(release_folder(home, served_id(home) if release_id is None else release_id))


def read_restatements(
    home: Path,
    release_id: str | None = None,
    *,
    table: str | None = None,
    week: date | None = None,
    cause: str | None = None,
) -> Iterator[dict[str, Any]]:
    """What a release says otherwise of weeks reported before: the rows of its `restatements`, as they are ordered.

    Args:
        home: the home.
        release_id: the current release when unset.
        table: of this table only.
        week: of the week that begins on this Monday only.
        cause: by this cause only.

    Raises:
        ReleaseNotFound: no such release, or one that was made before restatements were told.
        ReleaseDamaged: its manifest cannot be read.
    """
    asked = {name: value for name, value in (("table_name", table), ("week", week), ("cause", cause)) if value}
    where = " and ".join(["true", *(f"{name} = ?" for name in asked)])
    with _restated(home, release_id) as connection:
        found = connection.execute(f"select * from restatements where {where}", [*asked.values()])
        names = [column[0] for column in found.description or []]
        while rows := found.fetchmany(1000):
            yield from (dict(zip(names, row, strict=True)) for row in rows)


def restatement_counts(home: Path, release_id: str | None = None) -> list[tuple[str, str, int, int, int]]:
    """Table, cause, cells changed, rows added and rows removed of every table that was restated.

    Raises:
        ReleaseNotFound: no such release, or one that was made before restatements were told.
        ReleaseDamaged: its manifest cannot be read.
    """
    with _restated(home, release_id) as connection:
        return connection.execute(
            """
            select table_name, cause, coalesce(sum(cells) filter (where column_name <> '*'), 0)::bigint,
                (sum(rows_added) + count(*) filter (where column_name = '*' and cause_value_after = 'row'))::bigint,
                (sum(rows_removed) + count(*) filter (where column_name = '*' and cause_value_before = 'row'))::bigint
            from restatements group by table_name, cause order by table_name, cause
            """
        ).fetchall()


@contextmanager
def _restated(home: Path, release_id: str | None) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = release_folder(home, served_id(home) if release_id is None else release_id)
    if "restatements" not in manifests.read(folder)["tables"]:
        raise ReleaseNotFound(
            f"release {folder.name} tells no restatements. Next: `journey release diff` compares any two releases."
        )
    with duckdb.connect(str(folder / DATABASE), read_only=True) as connection:
        yield connection


def rollback(home: Path, release_id: str | None = None) -> Release:
    """Serve another release: the named one, or the one that was served when the current one was published.

    The target is verified first; only the pointer changes. The same call with the newer id rolls forward again.

    Raises:
        ReleaseNotFound: no such release, or nothing to go back to.
        ReleaseDamaged: the target is not what was published; the pointer stays.
    """
    target = _previous_id(home) if release_id is None else release_id
    with exclusive(home):
        verify(home, target)
        if current_id(home) != target:
            point(home, target)
    folder = release_folder(home, target)
    return manifests.as_release(folder, manifests.read(folder), is_current=True)


def _previous_id(home: Path) -> str:
    served = served_id(home)
    previous = manifests.read(release_folder(home, served))["previous_release_id"]
    if previous is None:
        raise ReleaseNotFound(
            f"{served} is the first release that was served; there is none before it. "
            "Next: `journey release list`, then `journey release rollback <id>`."
        )
    return str(previous)

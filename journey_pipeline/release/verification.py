"""Is a released folder still exactly what was published?

Add here when a release makes one more promise that can be checked from its files. Must not be here: repair.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from journey_pipeline.release import manifest as manifests
from journey_pipeline.release.candidate import DATABASE, literal
from journey_pipeline.release.digest import quoted, table_digest
from journey_pipeline.release.erasures import require_clear
from journey_pipeline.release.facts import Release, ReleaseDamaged
from journey_pipeline.release.pointer import current_id, release_folder, served_id


def verify(home: Path, release_id: str | None = None) -> Release:
    """Check every file of a release (the current one when no id is given) and scan every table.

    Raises:
        ReleaseNotFound: no such release.
        ReleaseError: it was made before somebody was erased and may hold them.
        ReleaseDamaged: names each damaged, missing or foreign file and each table that does not scan.
    """
    release_id = served_id(home) if release_id is None else release_id
    folder = release_folder(home, release_id)
    require_clear(home, release_id)
    content = manifests.read(folder)
    if content["release_id"] != release_id:
        raise ReleaseDamaged(
            release_id,
            [f"{manifests.FILE_NAME}: belongs to release {content['release_id']}"],
        )
    problems = _file_problems(folder, content["files"])
    if not problems:
        problems = _table_problems(folder / DATABASE, content["tables"])
    if problems:
        raise ReleaseDamaged(release_id, problems)
    return manifests.as_release(folder, content, is_current=current_id(home) == release_id)


def _file_problems(folder: Path, expected: dict[str, dict[str, Any]]) -> list[str]:
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    found.pop(manifests.FILE_NAME)
    problems = []
    for name in sorted(found.keys() - expected.keys()):
        reason = "a write-ahead log may not lie in a release" if name.endswith(".wal") else "not in the manifest"
        problems.append(f"{name}: {reason}")
    for name, entry in sorted(expected.items()):
        if name not in found:
            problems.append(f"{name}: missing")
        elif found[name].is_symlink():
            problems.append(f"{name}: a symbolic link, expected a file")
        elif (size := found[name].stat().st_size) != entry["bytes"]:
            problems.append(f"{name}: {size} bytes, expected {entry['bytes']}")
        elif manifests.file_digest(found[name]) != entry["sha256"]:
            problems.append(f"{name}: SHA-256 differs from the manifest")
    return problems


def _table_problems(database: Path, expected: dict[str, dict[str, Any]]) -> list[str]:
    problems = []
    # Attached to an engine of its own: a reader in this process may hold the same file with other settings.
    with duckdb.connect() as connection:
        try:
            connection.execute(f"attach {literal(database)} as o (read_only)")
        except duckdb.Error as error:
            return [f"{DATABASE}: does not open ({type(error).__name__})"]
        for name, entry in sorted(expected.items()):
            try:
                digest = table_digest(connection, f"o.{quoted(name)}")
            except duckdb.Error as error:
                problems.append(f"{DATABASE}: table {name} does not scan ({type(error).__name__})")
                continue
            if digest != entry["digest"]:
                problems.append(f"{DATABASE}: table {name} differs from the manifest")
    return problems

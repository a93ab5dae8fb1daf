"""`manifest.json`: what a released folder holds, byte by byte.

Add a key here when a release promises one more thing. Must not be here: the decision to publish, the pointer.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from journey_pipeline.release.facts import (
    GateResult,
    Release,
    ReleaseDamaged,
    ReleaseFacts,
    instant,
    parse_instant,
)

FILE_NAME = "manifest.json"
SELF_DIGEST = "manifest_sha256"
FORMAT = 1


def describe_files(folder: Path) -> dict[str, dict[str, Any]]:
    """SHA-256 and size of every file under the folder but the manifest, by path inside the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / FILE_NAME)
    return {
        path.relative_to(folder).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": file_digest(path),
        }
        for path in files
    }


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def compose(
    facts: ReleaseFacts,
    gates: Sequence[GateResult],
    *,
    tables: dict[str, dict[str, Any]],
    files: dict[str, dict[str, Any]],
    published_at: datetime,
    previous_release_id: str | None,
) -> dict[str, Any]:
    """The manifest of a release as a JSON-ready dictionary."""
    return {
        "format": FORMAT,
        "release_id": facts.release_id,
        "previous_release_id": previous_release_id,
        "published_at": instant(published_at),
        "as_of": instant(facts.as_of),
        "known_at": instant(facts.known_at),
        "time_zone": facts.time_zone,
        "candidate_id": facts.candidate_id,
        "configuration_hash": facts.configuration_hash,
        "code_version": facts.code_version,
        "rule_versions": dict(facts.rule_versions),
        "input_files": facts.input_files,
        "tables": tables,
        "files": files,
        "gate_results": [asdict(gate) for gate in sorted(gates, key=lambda gate: (gate.word, gate.asset, gate.gate))],
    }


def write(folder: Path, content: dict[str, Any]) -> None:
    """Write the manifest with a digest of itself, so that a flipped bit in it is seen as well."""
    (folder / FILE_NAME).write_bytes(_encode({**content, SELF_DIGEST: _own_digest(content)}))


def read(folder: Path) -> dict[str, Any]:
    """The manifest of a released folder.

    Raises:
        ReleaseDamaged: the file is missing, is no JSON, or is not byte for byte what was written.
    """
    path = folder / FILE_NAME
    try:
        raw = path.read_bytes()
        content: dict[str, Any] = json.loads(raw)
        own = content.pop(SELF_DIGEST)
        intact = own == _own_digest(content) and raw == _encode({**content, SELF_DIGEST: own})
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise ReleaseDamaged(folder.name, [f"{FILE_NAME}: cannot be read ({type(error).__name__})"]) from None
    if not intact:
        raise ReleaseDamaged(folder.name, [f"{FILE_NAME}: its bytes do not match its own digest"])
    return content


def as_release(folder: Path, content: dict[str, Any], *, is_current: bool) -> Release:
    """The `Release` a manifest describes."""
    return Release(
        release_id=content["release_id"],
        folder=folder,
        as_of=parse_instant(content["as_of"]),
        known_at=parse_instant(content["known_at"]),
        published_at=parse_instant(content["published_at"]),
        candidate_id=content["candidate_id"],
        previous_release_id=content["previous_release_id"],
        is_current=is_current,
        tables={name: table["rows"] for name, table in content["tables"].items()},
        size_bytes=sum(entry["bytes"] for entry in content["files"].values()),
        gates_passed=sum(bool(gate["passed"]) for gate in content["gate_results"]),
    )


def _own_digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(_encode(content)).hexdigest()


def _encode(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()

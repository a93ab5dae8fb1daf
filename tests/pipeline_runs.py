"""Runs the real command line on a home of its own, as a user would."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

SAMPLES = Path(__file__).parent / "samples"
AS_OF = "2026-11-16"
# One key for every home of the tests, so that pseudonyms of two homes can be compared.
KEY = "the tests' own pseudonym key"


def journey(*arguments: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """`journey <arguments> --home <home>` with nothing of this process's own settings."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JOURNEY_", "DAGSTER_"))}
    environment |= {"JOURNEY_PSEUDONYM_KEY": KEY, **variables}
    return subprocess.run(
        [sys.executable, "-m", "journey_pipeline.cli", *arguments, "--home", str(home)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


# The sources whose story tests/test_pipeline.py tells.
STORY = ("ga4", "google_ads", "hubspot", "shopify", "typeform", "zendesk")


def deliver_samples(inbox: Path, *, sources: Sequence[str] = STORY, last_first: bool = False) -> None:
    """Copy the sample files of some sources, oldest name first or last: arrival must not matter."""
    files = sorted((f for source in sources for f in (SAMPLES / source).rglob("*") if f.is_file()), reverse=last_first)
    for number, file in enumerate(files):
        target = inbox / file.relative_to(SAMPLES)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        os.utime(target, (1_793_000_000 + number, 1_793_000_000 + number))


def manifest(home: Path) -> dict[str, Any]:
    return json.loads((home / "published" / "manifest.json").read_text())  # type: ignore[no-any-return]


def digests(home: Path) -> dict[str, str]:
    return {name: table["digest"] for name, table in manifest(home)["tables"].items()}


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every byte below a folder."""
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def ask(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()

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

from journey_pipeline import pseudonyms

SAMPLES = Path(__file__).parent / "samples"
AS_OF = "2026-11-16"
# One key for every home of the tests, so that pseudonyms of two homes can be compared.
KEY = "the tests' own pseudonym key"


def journey(*arguments: str, home: Path, **variables: str | None) -> subprocess.CompletedProcess[str]:
    """`journey <arguments> --home <home>` with nothing of this process's own settings; None unsets a variable."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JOURNEY_", "DAGSTER_"))}
    given = {"JOURNEY_PSEUDONYM_KEY": KEY, "JOURNEY_SPLIT_RESTATEMENTS": "false", **variables}
    environment |= {name: value for name, value in given.items() if value is not None}
    return subprocess.run(
        [sys.executable, "-m", "journey_pipeline.cli", *arguments, "--home", str(home)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=1800,
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
    """Of every table but the one that also tells of the release before."""
    tables = manifest(home)["tables"]
    return {name: table["digest"] for name, table in tables.items() if name != "restatements"}


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every byte below a folder."""
    return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.rglob("*")) if f.is_file()}


def customer_by_identifier(home: Path, *identifiers: str) -> dict[str, str | None]:
    """The customer behind each `type:value` identifier, by the warehouse, which knows it by its pseudonym only."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        pseudonyms.add_function(connection, KEY.encode())
        rows = connection.execute(
            """
            select asked, customer_id
            from (select unnest(?) as asked)
            inner join identity.identifiers
                on identifier_type = split_part(asked, ':', 1)
                and identifier_value = pseudonym(split_part(asked, ':', 1), substr(asked, instr(asked, ':') + 1))
            """,
            [list(identifiers)],
        ).fetchall()
    return dict(rows)


def order_ref(number: str) -> str:
    """What a release shows in place of an order's number."""
    with duckdb.connect() as connection:
        pseudonyms.add_function(connection, KEY.encode())
        return str(connection.execute("select pseudonym('order_name', ?)::varchar", [number]).fetchall()[0][0])


def ask(file: Path, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchall()

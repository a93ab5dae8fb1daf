"""A home folder for one test: an inbox to fill, a lake, and the raw schema that comes of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from journey_pipeline.ingest import (
    Contract,
    FileOutcome,
    Lake,
    known_at,
    land,
    load_contracts,
    register,
    scan,
    source_files,
)

SAMPLES = Path(__file__).parent.parent / "samples"
LOADED_AT = datetime(2026, 11, 22, 5, 0)


@dataclass
class Home:
    """`put` files, `load` them, `rows` of a query over the raw schema."""

    folder: Path

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def lake(self) -> Lake:
        return Lake(self.folder / "lake")

    def put(self, name: str, content: bytes | str) -> Path:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def put_sample(self, sample: str, name: str | None = None) -> Path:
        path = self.inbox / (name or sample)
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(SAMPLES / sample, path)
        return path

    def load(self, loaded_at: datetime = LOADED_AT) -> dict[str, FileOutcome]:
        """Outcomes by name of everything the inbox holds."""
        files = scan(self.inbox, load_contracts())
        outcomes = [land(contract, files, self.lake, loaded_at) for contract in [*self.contracts(), None]]
        return {outcome.name: outcome for each in outcomes for outcome in each}

    def contracts(self) -> list[Contract]:
        """Contracts of the sources that have a folder in the inbox; a test should not wait for the others."""
        sources = {path.name for path in self.inbox.iterdir()}
        return [
            contract
            for contract in load_contracts().values()
            if sources & {glob.split("/")[0] for glob in contract.ingest.glob}
        ]

    def load_one(self) -> FileOutcome:
        (outcome,) = self.load().values()
        return outcome

    def warehouse(self, at: datetime | None = None) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(config={"threads": 2})
        moment = at or known_at(self.lake)
        for contract in self.contracts():
            register(connection, contract, self.lake, moment)
        source_files(connection, self.lake, moment)
        return connection

    def rows(self, sql: str, at: datetime | None = None) -> list[tuple[Any, ...]]:
        with self.warehouse(at) as connection:
            return connection.execute(sql).fetchall()

    def files(self) -> Iterator[Path]:
        return (path for path in self.folder.rglob("*") if path.is_file() and self.inbox not in path.parents)

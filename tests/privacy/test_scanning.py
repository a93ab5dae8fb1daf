"""A person is found in every kind of file a home has, by column, and only as a text of its own."""

from __future__ import annotations

import gzip
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from journey_pipeline.privacy.scanning import Needles, places

NEEDLES = Needles.of(["Maya@Secret.example", "4f1d6c8a-0000-4000-8000-00000000abc1", "51"])


def written(folder: Path, kind: str, text: str) -> Path:
    file = folder / f"file.{kind}"
    if kind == "duckdb":
        with duckdb.connect(str(file)) as connection:
            connection.execute("create schema marts")
            connection.execute("create table marts.told as select 1 as n, ? as said", [text])
    elif kind == "parquet":
        with duckdb.connect() as connection:
            connection.execute("create table told as select [{'deep': ?}] as said", [text])
            connection.execute(f"copy told to '{file}' (format parquet)")
    elif kind == "db":
        with closing(sqlite3.connect(file)) as connection, connection:
            connection.execute("create table told (n, said)")
            connection.execute("insert into told values (1, ?)", (text,))
    elif kind == "gz":
        file.write_bytes(gzip.compress(text.encode()))
    elif kind == "zip":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("a/b.csv", text)
    elif kind == "utf16":
        file.write_bytes(text.encode("utf-16"))
    else:
        file.write_text(text)
    return file


WHERE = {
    "duckdb": ["marts.told.said"],
    "parquet": ["said"],
    "db": ["told.said"],
    "gz": ["bytes"],
    "zip": ["member 1"],
    "utf16": ["bytes"],
    "json": ["bytes"],
}


@pytest.mark.parametrize("kind", WHERE)
def test_a_person_is_found_wherever_it_is_written(tmp_path: Path, kind: str) -> None:
    assert places(written(tmp_path, kind, 'by "MAYA@secret.example", she says'), NEEDLES) == WHERE[kind]


@pytest.mark.parametrize("kind", ["duckdb", "parquet", "db", "json"])
@pytest.mark.parametrize("text", ["amaya@secret.example", "maya@secret.examples", "51", "nobody"])
def test_another_text_is_nobody(tmp_path: Path, kind: str, text: str) -> None:
    assert places(written(tmp_path, kind, f"by {text} it says"), NEEDLES) == []


def test_a_pseudonym_is_found_in_a_column_of_its_own_type(tmp_path: Path) -> None:
    file = tmp_path / "file.duckdb"
    with duckdb.connect(str(file)) as connection:
        connection.execute("create table told as select '4f1d6c8a-0000-4000-8000-00000000abc1'::uuid as visitor_id")
    assert places(file, NEEDLES) == ["main.told.visitor_id"]

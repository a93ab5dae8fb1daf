"""The same release whatever machine, order of files or order of rows it comes from."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from pathlib import Path

import duckdb
import pytest

from journey_pipeline.release import table_digest
from tests.pipeline_runs import AS_OF, deliver_samples, digests, journey, manifest

pytestmark = pytest.mark.long

# What names a record by its place in a file; a file with its rows in another order is another file.
PLACES = ("file_id", "source_file_id", "source_row_number", "row_number", "line")
# Tells of files, not of what is in them.
OF_FILES = {"release", "quarantine", "source_files", "prediction_models"}


def _run(home: Path, **variables: str | None) -> None:
    result = journey("run", "--as-of", AS_OF, home=home, **variables)
    assert result.returncode == 0, result.stderr


def test_another_machine_gives_the_same_release_of_a_market_that_keeps_several_threads_busy(tmp_path: Path) -> None:
    """DuckDB deals rows to threads by 122,880; below that no number of threads changes anything."""
    one, other = tmp_path / "one", tmp_path / "other"
    made = journey("generate", "--customers", "2500", "--weeks", "14", "--defects", home=one)
    assert made.returncode == 0, made.stderr
    files = sorted((f for f in (one / "inbox").rglob("*") if f.is_file()), reverse=True)
    for file in files:
        target = other / "inbox" / file.relative_to(one / "inbox")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
    _run(one, JOURNEY_THREADS="1", TZ="UTC", LC_ALL="C.UTF-8", PYTHONHASHSEED="0")
    _run(other, JOURNEY_THREADS="4", TZ="Asia/Tokyo", LC_ALL="C", PYTHONHASHSEED="4242", OMP_NUM_THREADS="3")
    with duckdb.connect(str(one / "published" / "journey.duckdb"), read_only=True) as connection:
        ((touchpoints,),) = connection.execute("select count(*) from touchpoints").fetchall()
    assert touchpoints > 2 * 122_880
    assert digests(other) == digests(one)
    assert manifest(other)["release_id"] == manifest(one)["release_id"]


def _turned_round(file: Path) -> None:
    """Write a file's records in the opposite order."""
    content = file.read_bytes()
    text = (gzip.decompress(content) if file.suffix == ".gz" else content).decode("utf-8-sig")
    if file.suffix == ".csv":
        head, *rows = csv.reader(io.StringIO(text))
        out = io.StringIO()
        csv.writer(out).writerows([head, *reversed(rows)])
        text = out.getvalue()
    else:
        text = "\n".join(reversed(text.splitlines())) + "\n"
    file.write_bytes(gzip.compress(text.encode()) if file.suffix == ".gz" else text.encode())


def _without_places(home: Path) -> dict[str, str]:
    """The digest of each released table without what names a record by its place."""
    found = {}
    with duckdb.connect(str(home / "published" / "journey.duckdb"), read_only=True) as connection:
        for name in manifest(home)["tables"].keys() - OF_FILES:
            columns = [column for column, *_ in connection.execute(f'describe "{name}"').fetchall()]
            told = ", ".join(f'"{column}"' for column in columns if column not in PLACES)
            connection.execute(f'create or replace temp view told as select {told} from "{name}"')
            found[name] = table_digest(connection, "told")
    return found


def test_records_in_another_order_say_the_same(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for home in (one, other):
        deliver_samples(home / "inbox")
    turned = [*(other / "inbox").glob("ga4/**/*.gz"), *(other / "inbox").glob("zendesk/**/*.jsonl")]
    turned += [*(other / "inbox").glob("typeform/*.csv"), *(other / "inbox").glob("hubspot/*.jsonl")]
    assert len(turned) > 3
    for file in turned:
        _turned_round(file)
    _run(one)
    _run(other)
    assert manifest(other)["release_id"] != manifest(one)["release_id"]
    assert _without_places(other) == _without_places(one)

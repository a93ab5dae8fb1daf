"""Nothing is published past a gate: one that failed, one that never ran, or a list that forgets one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import duckdb
import pytest

from journey_pipeline.flow import left_of
from journey_pipeline.release import Release, ReleaseRefused, publish, read_manifest
from journey_pipeline.verdicts import BUILT
from tests.release.conftest import PUBLISHED_AT, Publish
from tests.release.small_warehouse import FEW, build_warehouse, facts_of, green_gates

CANDIDATE = "00000001ef"


@pytest.fixture
def served(home: Path, publish_week: Publish) -> Iterator[Path]:
    """A home that serves a release, and still does, byte for byte, when the test is over."""
    publish_week(0)
    pointer, digest = (home / "published").readlink(), read_manifest(home)["files"]
    yield home
    assert (home / "published").readlink() == pointer
    assert read_manifest(home)["files"] == digest
    assert [path.name for path in (home / "releases").iterdir()] == [pointer.name]


@pytest.fixture(scope="module")
def _candidate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_warehouse(tmp_path_factory.mktemp("next") / "warehouse.duckdb", candidate_id=CANDIDATE, only=FEW)


@pytest.fixture
def warehouse(tmp_path: Path, _candidate: Path) -> Path:
    """The next candidate, green."""
    (tmp_path / "next").mkdir()
    return Path(shutil.copy(_candidate, tmp_path / "next" / "warehouse.duckdb"))


def ask_for_release(warehouse: Path, home: Path, gates: Sequence[tuple[str, str]]) -> Release:
    return publish(
        warehouse,
        home,
        manifest=facts_of(candidate_id=CANDIDATE, only=FEW),
        gates=gates,
        report=None,
        published_at=PUBLISHED_AT,
    )


def refusals(warehouse: Path, home: Path, gates: Sequence[tuple[str, str]]) -> list[str]:
    with pytest.raises(ReleaseRefused) as refusal:
        ask_for_release(warehouse, home, gates)
    return refusal.value.reasons


def change(warehouse: Path, sql: str, values: Sequence[object] = ()) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute(sql, values)


def test_a_green_candidate_is_released(home: Path, warehouse: Path) -> None:
    assert ask_for_release(warehouse, home, green_gates()).is_current


@pytest.mark.parametrize("forgotten", [*left_of("published"), *FEW])
def test_a_list_of_gates_that_forgets_a_word_or_a_table_refuses(served: Path, warehouse: Path, forgotten: str) -> None:
    kept = [gate for gate in green_gates() if forgotten not in gate[1].split("/")]
    assert any(f" {name}" in reason for reason in refusals(warehouse, served, kept)
               for name in (f"word {forgotten}", f"table marts.{forgotten}"))  # fmt: skip


def test_no_list_at_all_refuses(served: Path, warehouse: Path) -> None:
    assert len(refusals(warehouse, served, [])) == len(left_of("published")) + len(FEW)


def test_that_a_table_was_built_is_no_gate_on_it(served: Path, warehouse: Path) -> None:
    kept = [(BUILT if asset == "marts/spend" else gate, asset) for gate, asset in green_gates()]
    assert refusals(warehouse, served, kept) == ["the list of expected gates holds none for table marts.spend"]


def test_verdicts_on_another_candidate_do_not_count(served: Path, warehouse: Path) -> None:
    change(warehouse, "update operations.gate_results set candidate_id = 'yesterday'")
    assert len(refusals(warehouse, served, green_gates())) == len(green_gates())


def test_a_warehouse_without_a_store_of_verdicts_refuses(served: Path, warehouse: Path) -> None:
    change(warehouse, "drop schema operations cascade")
    assert len(refusals(warehouse, served, green_gates())) == len(green_gates())


def test_a_failed_gate_refuses_whether_it_was_expected_or_not(served: Path, warehouse: Path) -> None:
    change(
        warehouse,
        "insert into operations.gate_results values ('new', 'marts/spend', 'marts', ?, false, 3, 'x=1')",
        [CANDIDATE],
    )
    assert refusals(warehouse, served, green_gates()) == ["gate new on marts/spend (marts) failed, 3 failing rows: x=1"]


def test_a_candidate_that_turned_red_is_not_served_again(home: Path, warehouse: Path) -> None:
    """The same candidate was released before; a gate has failed since."""
    first = ask_for_release(warehouse, home, green_gates())
    change(warehouse, "update operations.gate_results set passed = false where asset = 'marts/spend'")
    assert len(refusals(warehouse, home, green_gates())) == 1
    assert (home / "published").readlink().name == first.release_id


def test_each_gate_alone_stops_the_release_when_it_failed_and_when_it_never_ran(served: Path, warehouse: Path) -> None:
    this = "where gate = ? and asset = ?"
    for gate, asset in green_gates()[::5]:
        change(warehouse, f"update operations.gate_results set passed = false {this}", [gate, asset])
        (failed,) = refusals(warehouse, served, green_gates())
        assert failed.startswith(f"gate {gate} on {asset} ({asset.split('/')[0]}) failed")
        change(warehouse, f"update operations.gate_results set passed = true, candidate_id = '' {this}", [gate, asset])
        (absent,) = refusals(warehouse, served, green_gates())
        assert absent == f"gate {gate} on {asset} is missing: it was expected and never ran on this candidate"
        change(warehouse, f"update operations.gate_results set candidate_id = ? {this}", [CANDIDATE, gate, asset])

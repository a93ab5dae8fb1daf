"""Frozen baselines: written once, kept under restated history, and told to each build as it was then."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from journey_pipeline import fault_points
from journey_pipeline.baselines import IDENTITY, Baselines

DAY = datetime(2026, 11, 1)
WEEK = timedelta(days=7)
METRIC = "journey:awareness->purchase"


def counted(*, paid: tuple[int, int] = (400, 40), metric: str = METRIC, **changed: object) -> pd.DataFrame:
    of = {"metric": metric, "mode": "reached", "window_seconds": 5184000, "program_start": "2026-08-10"}
    of |= {"time_zone": "Europe/Berlin", "definition_version": "2"}
    rows = [("all", "all", paid[0] + 600, paid[1] + 90, 12), ("entry_channel", "paid", *paid, 12)]
    rows += [("entry_channel", "direct", 600, 90, 12)]
    frame = pd.DataFrame(rows, columns=["breakdown", "member", "entered", "converted", "weeks"])
    return frame.assign(**{**of, **changed})  # type: ignore[arg-type]


def build(folder: Path, frame: pd.DataFrame, as_of: datetime = DAY, known_at: datetime | None = None) -> pd.DataFrame:
    """What a build goes by, after its release."""
    baselines = Baselines(folder, known_at or as_of, as_of)
    in_force = baselines.in_force(frame)
    baselines.freeze(in_force)
    return in_force.drop(columns="is_new")


def total(in_force: pd.DataFrame) -> tuple[str, int, int]:
    row = in_force[in_force["breakdown"] == "all"].iloc[0]
    return row["version"], row["entered"], row["converted"]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("**/*")) if path.is_file()}


def test_a_frozen_baseline_stays_when_history_is_restated(tmp_path: Path) -> None:
    first = build(tmp_path, counted())
    assert total(first)[1:] == (1000, 130) and total(first)[0].startswith("1-")
    written = files(tmp_path)
    later = build(tmp_path, counted(paid=(500, 70)), as_of=DAY + WEEK)
    pd.testing.assert_frame_equal(first, later)
    assert files(tmp_path) == written


def test_the_same_build_again_says_and_writes_the_same(tmp_path: Path) -> None:
    first = build(tmp_path, counted())
    build(tmp_path, counted(), as_of=DAY + WEEK)
    written = files(tmp_path)
    pd.testing.assert_frame_equal(build(tmp_path, counted().sample(frac=1, random_state=1)), first)
    assert files(tmp_path) == written


def test_freezing_that_fails_at_any_place_leaves_no_half_part_and_is_done_by_the_next_build(tmp_path: Path) -> None:
    undisturbed = build(tmp_path / "undisturbed", counted())
    for place, parts in (("baselines_drafted", 0), ("baselines_frozen", 1)):
        fault_points.arm(f"{place}:eio")
        with pytest.raises(OSError, match="Input/output error"):
            build(tmp_path / "disturbed", counted())
        fault_points.arm(None)
        assert len(list((tmp_path / "disturbed").glob("*.parquet"))) == parts
    again = build(tmp_path / "disturbed", counted())
    pd.testing.assert_frame_equal(again, undisturbed)
    parts_of = {folder: list((tmp_path / folder).glob("*.parquet")) for folder in ("disturbed", "undisturbed")}
    assert [path.name for path in parts_of["disturbed"]] == [path.name for path in parts_of["undisturbed"]]


def test_nothing_is_frozen_before_the_release(tmp_path: Path) -> None:
    baselines = Baselines(tmp_path / "baselines", DAY, DAY)
    assert baselines.in_force(counted())["is_new"].all()
    assert not (tmp_path / "baselines").exists()
    baselines.freeze(baselines.in_force(counted()))
    assert not baselines.in_force(counted(paid=(1, 1)))["is_new"].any()


@pytest.mark.parametrize(
    ("name", "value"),
    [("program_start", "2026-09-07"), ("window_seconds", 2419200), ("definition_version", "3"), ("mode", "strict"),
     ("time_zone", "UTC")],
)  # fmt: skip
def test_another_definition_begins_a_new_version_and_the_old_one_stays(
    tmp_path: Path, name: str, value: object
) -> None:
    first = build(tmp_path, counted())
    other = build(tmp_path, counted(**{name: value}), as_of=DAY + WEEK)
    assert total(other)[0].startswith("2-")
    assert total(other)[0][2:] != total(first)[0][2:]
    pd.testing.assert_frame_equal(build(tmp_path, counted(paid=(7, 7)), as_of=DAY + 2 * WEEK), first)


def test_an_earlier_week_built_later_is_told_as_it_was_then(tmp_path: Path) -> None:
    alone = build(tmp_path / "alone", counted(paid=(300, 30)))
    build(tmp_path / "lake", counted(), as_of=DAY + WEEK)
    written = files(tmp_path / "lake")
    pd.testing.assert_frame_equal(build(tmp_path / "lake", counted(paid=(300, 30))), alone)
    assert files(tmp_path / "lake") == written


def test_what_was_not_known_yet_does_not_count(tmp_path: Path) -> None:
    build(tmp_path, counted(), as_of=DAY, known_at=DAY + 2 * WEEK)
    written = files(tmp_path)
    earlier = build(tmp_path, counted(paid=(300, 30)), as_of=DAY + WEEK, known_at=DAY + WEEK)
    assert total(earlier)[1:] == (900, 120)
    assert files(tmp_path) == written


def test_a_metric_that_matures_later_is_frozen_later(tmp_path: Path) -> None:
    first = build(tmp_path, counted())
    slow = counted(metric="journey:experience->advocacy")
    both = build(tmp_path, pd.concat([counted(paid=(1, 1)), slow]), as_of=DAY + WEEK)
    assert set(both["metric"]) == {METRIC, "journey:experience->advocacy"}
    pd.testing.assert_frame_equal(both[both["metric"] == METRIC].reset_index(drop=True), first)
    assert both[both["metric"] != METRIC]["version"].str.startswith("1-").all()
    assert len(files(tmp_path)) == 2


def test_no_baseline_is_none_and_leaves_nothing(tmp_path: Path) -> None:
    in_force = build(tmp_path / "lake", counted().head(0))
    assert in_force.empty and {*IDENTITY, "version", "entered"} <= set(in_force.columns)
    assert not (tmp_path / "lake").exists()


def test_a_part_is_for_its_owner_alone(tmp_path: Path) -> None:
    build(tmp_path / "baselines", counted())
    (part,) = (tmp_path / "baselines").iterdir()
    assert part.stat().st_mode & 0o777 == 0o600
    assert part.parent.stat().st_mode & 0o777 == 0o700

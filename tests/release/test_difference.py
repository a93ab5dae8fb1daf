"""What differs between two releases, told table by table and cell by cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from journey_pipeline.release import ReleaseError, ReleaseNotFound, cells, differences
from tests.release.conftest import Publish, publish_changed


def test_a_changed_an_added_and_a_removed_row_are_told_with_their_cells(home: Path, publish_week: Publish) -> None:
    first = publish_week(0)
    second = publish_changed(
        home,
        [
            "update marts.customers set country = 'SE', order_count = 99 where customer_id = 'c000004'",
            "update marts.customers set country = null where customer_id = 'c000008'",
            "delete from marts.customers where customer_id = 'c000016'",
            "insert into marts.customers (customer_id, country) values ('d000001', 'DE')",
        ],
    )
    (customers,) = [one for one in differences(home, first.release_id, second.release_id) if one.table == "customers"]
    assert (customers.rows_before, customers.rows_after) == (200, 200)
    assert (customers.added, customers.removed, customers.changed) == (1, 1, 2)
    assert customers.is_keyed
    told = [(cell.key[0][1], cell.column, cell.before, cell.after) for cell in cells(home, "customers")]
    assert told == [
        ("c000004", "country", "DE", "SE"),
        ("c000004", "order_count", "1", "99"),
        ("c000008", "country", "DE", None),
        ("c000016", "*", "row", None),
        ("d000001", "*", None, "row"),
    ]
    # Told from the other side, before and after change places.
    back = cells(home, "customers", second.release_id, first.release_id)
    assert [(cell.key[0][1], cell.column, cell.after, cell.before) for cell in back] == told


def test_times_of_the_run_alone_are_no_difference(home: Path, publish_week: Publish) -> None:
    publish_week(0)
    publish_changed(home, ["update marts.stage_conversion set as_of = as_of + to_days(7)"], days=7)
    assert [one.table for one in differences(home)] == ["release"]


def test_columns_that_came_and_went_are_named(home: Path, publish_week: Publish) -> None:
    publish_week(0)
    later = publish_changed(
        home,
        ["alter table marts.customers drop column country", "alter table marts.customers add column region varchar"],
        days=7,
    )
    told = {one.table: one for one in differences(home, after=later.release_id)}["customers"]
    assert (told.columns_added, told.columns_removed) == (("region",), ("country",))
    assert (told.added, told.removed, told.changed) == (0, 0, 0)


def test_a_release_without_a_difference_has_none(released_home: Path) -> None:
    served = "2026-11-30-00000002"
    assert differences(released_home, served, served) == []
    assert list(cells(released_home, "customers", served, served)) == []


def test_what_cannot_be_compared_is_named(released_home: Path) -> None:
    with pytest.raises(ReleaseNotFound, match="first release"):
        differences(released_home, after="2026-11-16-00000000")
    with pytest.raises(ReleaseNotFound, match="no table 'wishes'"):
        list(cells(released_home, "wishes"))
    with pytest.raises(ReleaseError, match="no key in common"):
        list(cells(released_home, "gate_results"))

"""Designs as people write them: what ships can be used, and what cannot is named with its place."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from journey_pipeline.experiments.designs import DESIGNS, HEADER, DesignError, load_designs

GOOD = {
    "experiment_id": "welcome", "name": "Welcome mail", "variants": "control=0.2 mail=0.4 letter=0.4",
    "control_variant": "control", "metrics": "purchase_30=0.01 revenue_90=5", "starts_on": "2026-08-03",
    "ends_on": "2026-08-30", "alpha": "0.05", "owner": "Marketing", "is_holdout": "false", "is_randomised": "true",
}  # fmt: skip


def written(folder: Path, *lines: dict[str, str]) -> Path:
    (folder / "seeds").mkdir(exist_ok=True)
    with (folder / DESIGNS).open("w", newline="") as stream:
        csv.writer(stream).writerows([HEADER, *([line[name] for name in HEADER] for line in lines)])
    return folder


def test_the_designs_that_ship_can_be_used() -> None:
    assert all(design.control in design.shares for design in load_designs().values())


def test_a_design_is_one_line(tmp_path: Path) -> None:
    design = load_designs(written(tmp_path, GOOD))["welcome"]
    assert design.shares == {"control": 0.2, "mail": 0.4, "letter": 0.4}
    assert [(m.name, m.kind, m.days, m.is_share, m.smallest_effect) for m in design.metrics] == [
        ("purchase_30", "purchase", 30, True, 0.01), ("revenue_90", "revenue", 90, False, 5.0),
    ]  # fmt: skip
    assert (design.starts_on, design.ends_on, design.is_randomised) == (date(2026, 8, 3), date(2026, 8, 30), True)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"experiment_id": "Welcome!"}, "column experiment_id: expected lower-case letters, digits and _"),
        (
            {"variants": "control=0.5 mail=0.6"},
            "column variants: expected two variants or more whose shares add up to 1",
        ),
        ({"variants": "control=1"}, "column variants: expected a number above 0 and below 1, found '1'"),
        ({"variants": "control:0.5 mail:0.5"}, "column variants: expected up to 20 entries such as name=0.5"),
        ({"variants": "a=0.5 a=0.5"}, "column variants: expected up to 20 entries such as name=0.5"),
        ({"control_variant": "nothing"}, "column control_variant: expected one of control, mail, letter"),
        ({"metrics": "sales_30=0.01"}, "column metrics: expected <kind>_<days> with a kind of purchase, orders"),
        ({"metrics": "purchase=0.01"}, "column metrics: expected <kind>_<days>"),
        ({"metrics": "purchase_30=-1"}, "column metrics: expected a number above 0"),
        ({"starts_on": "soon"}, "column starts_on: expected a date such as 2026-01-05, found 'soon'"),
        ({"ends_on": "2026-08-02"}, "column ends_on: expected a day not before starts_on"),
        ({"alpha": "5"}, "column alpha: expected a number above 0 and below 0.5, found '5'"),
        ({"owner": " "}, "column owner: expected who answers for it"),
        ({"is_randomised": "yes"}, "column is_randomised: expected true or false, found 'yes'"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_place(tmp_path: Path, changes: dict[str, str], told: str) -> None:
    with pytest.raises(DesignError) as refusal:
        load_designs(written(tmp_path, GOOD | changes))
    assert str(refusal.value).startswith("experiment_designs.csv, line 2, ") and told in str(refusal.value)


def test_one_line_per_experiment(tmp_path: Path) -> None:
    with pytest.raises(DesignError, match="line 3, column experiment_id: expected an id of no line before"):
        load_designs(written(tmp_path, GOOD, GOOD))

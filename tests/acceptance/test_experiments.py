"""Lots drawn among the customers of a generated market, where nothing is done to anybody, and where something is.

Of 2,000 lots among the 7,000 customers of the default market 4.1 % (visits) and 4.7 % (orders) showed an effect of
nothing at alpha 0.05; 95.5 % and 95.3 % of the intervals held a planted one.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pytest
from numpy.typing import NDArray

from journey_pipeline.experiments.effects import effect_of
from journey_pipeline.experiments.lots import arm_of
from tests.pipeline_runs import journey

LOTS = 200
# Of 200 lots at alpha 0.05: ten, and three standard deviations of chance.
MOST = 10 + 3 * (200 * 0.05 * 0.95) ** 0.5
SHARES = {"control": 0.5, "mail": 0.5}


def outcomes(database: Path, table: str, moment: str, condition: str) -> tuple[list[str], NDArray[np.float64]]:
    """Customers, and what each did in the last 30 days and in the 30 before; shape (customers, 2)."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            f"""
            with cut as (select max(as_of) as as_of from kpi_scorecard),
            told as (
                select customer_id,
                    count(*) filter (where {moment} >= as_of - interval 30 day) as later,
                    count(*) filter (where {moment} < as_of - interval 30 day) as before
                from {table} cross join cut
                where {condition} and {moment} < as_of and {moment} >= as_of - interval 60 day group by customer_id
            )
            select customer_id, coalesce(later, 0), coalesce(before, 0)
            from customers left join told using (customer_id)
            where first_seen_at < (select as_of from cut) - interval 30 day order by customer_id
            """
        ).fetchall()
    return [row[0] for row in rows], np.array([row[1:] for row in rows], np.float64)


def sums(told: NDArray[np.float64]) -> dict[str, float]:
    y, x = told.T
    return {"units": len(y), "units_with": (y != 0).sum(), "sum_y": y.sum(), "sum_yy": y @ y, "sum_x": x.sum(),
            "sum_xx": x @ x, "sum_xy": x @ y}  # fmt: skip


def test_a_lot_without_an_action_shows_no_effect_and_a_planted_one_is_held(home: Path) -> None:
    who, told = outcomes(home / "published" / "journey.duckdb", "sessions", "started_at", "not is_machine")
    rng = np.random.default_rng(20261116)
    rejected = held = 0
    for lot in range(LOTS):
        arms = [arm_of(one, f"nothing_{lot}", SHARES, b"a key only of tests") for one in who]
        treated = np.array(arms) == "mail"
        plain = effect_of(sums(told[~treated]), sums(told[treated]), 0.05)
        rejected += plain["adjusted_p_value"] < 0.05
        # One more visit from 0.3 of those who got the mail.
        changed = told[treated] + np.column_stack([rng.random(treated.sum()) < 0.3, np.zeros(treated.sum())])
        planted = effect_of(sums(told[~treated]), sums(changed), 0.05)
        held += planted["adjusted_low"] <= 0.3 <= planted["adjusted_high"]
    assert rejected <= MOST, f"{rejected} of {LOTS} lots show an effect of nothing"
    assert LOTS - held <= MOST, f"{held} of {LOTS} intervals hold the planted effect"


@pytest.mark.parametrize("shares", [{"control": 0.5, "mail": 0.5}, {"holdout": 0.1, "mail": 0.45, "letter": 0.45}])
def test_a_lot_falls_as_planned_and_the_same_again(shares: dict[str, float]) -> None:
    drawn = [arm_of(f"cus_{n}", "welcome", shares, b"key") for n in range(20_000)]
    assert drawn == [arm_of(f"cus_{n}", "welcome", dict(shares), b"key") for n in range(20_000)]
    for arm, share in shares.items():
        assert abs(drawn.count(arm) - 20_000 * share) < 4 * (20_000 * share * (1 - share)) ** 0.5
    other = [arm_of(f"cus_{n}", "goodbye", shares, b"key") for n in range(20_000)]
    both = sum(one == two for one, two in zip(drawn, other, strict=True)) / 20_000
    assert abs(both - sum(share**2 for share in shares.values())) < 0.02, "lots of two experiments are independent"


def test_a_plan_is_read_from_the_release(home: Path) -> None:
    made = journey("experiment", "design", "--metric", "purchase_30", "--mde", "0.02", home=home)
    assert made.returncode == 0, made.stderr
    told = dict(line.split(maxsplit=1) for line in made.stdout.splitlines())
    assert list(told) == ["now", "people", "weeks", "power"]
    # 1,500 people of whom some 3 % buy in a month: thousands are needed for two points.
    people = int(told["people"].split(":")[0].replace(",", ""))
    assert 800 < people < 8000 and told["power"].startswith("0.80")
    refused = journey("experiment", "design", "--metric", "sales_30", "--mde", "0.02", home=home)
    assert refused.returncode == 2 and "expected <kind>_<days> with a kind of purchase" in refused.stderr


# Words for what an action did, as in tests/test_words.py.
CLAIM = "(^|[^a-z])(incremental(ly|ity)?|uplifts?|lifts?|caus(es|ed|al|ally|ing|ation))([^a-z]|$)"


def test_no_row_calls_anything_an_effect_but_where_a_lot_or_calibration_says_so(home: Path) -> None:
    with duckdb.connect(str(home / "published" / "journey.duckdb"), read_only=True) as connection:
        columns = connection.execute(
            "select table_name, column_name from duckdb_columns() where data_type = 'VARCHAR' and not internal"
        ).fetchall()
        every = {(table, name) for table, name, *_ in connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal").fetchall()}  # fmt: skip
        found = []
        for table, column in columns:
            if table == "gate_results":  # names of gates and tables
                continue
            may = "is_incremental" if (table, "is_incremental") in every else "false"
            may += " or model = 'hazard_calibrated'" if (table, "model") in every else ""
            (many,) = connection.execute(
                f'select count(*) from "{table}" '
                f"where regexp_matches(\"{column}\", ?, 'i') and not coalesce({may}, false)",
                [CLAIM],
            ).fetchall()[0]
            found += [f"{table}.{column}"] * bool(many)
    assert ("experiments", "is_incremental") in every
    assert found == []

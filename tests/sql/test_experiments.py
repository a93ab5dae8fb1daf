"""Experiments from assignments to sums: who counts, what counts of them, and when."""

from __future__ import annotations

import uuid
from typing import Any

import pandas as pd
import pytest

from .compiled_models import Bench, compile_models

MODELS = "experiment_units experiment_outcomes experiment_cells experiment_arm_cells"
DESIGN = {
    "experiment_id": "welcome", "name": "Welcome", "variants": "control=0.5 mail=0.5", "control_variant": "control",
    "metrics": "purchase_30=0.01 revenue_30=1 consideration_7=0.01", "starts_on": "2026-08-03",
    "ends_on": "2026-08-30", "alpha": 0.05, "owner": "Marketing", "is_holdout": False, "is_randomised": True,
}  # fmt: skip
START = "2026-08-03 10:00"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), MODELS)


def pseudonym(person: str, last: str = "0") -> str:
    return str(uuid.UUID(uuid.uuid5(uuid.NAMESPACE_OID, person).hex[:31] + last))


def read(
    models: dict[str, str],
    assigned: list[tuple[str, str, str]],
    orders: list[tuple[str, str, float]] = (),  # type: ignore[assignment]
    considered: list[tuple[str, str]] = (),  # type: ignore[assignment]
    as_of: str = "2026-11-15 23:00",
    known: dict[str, str] | None = None,
    **design: Any,
) -> dict[str, pd.DataFrame]:
    """Run the models on (person, variant, moment); `known` is customer by person, by default everybody's own."""
    bench = Bench(models)
    bench.clock(as_of, "Europe/Berlin")
    people = sorted({person for person, *_ in assigned})
    known = {person: f"cus_{person}" for person in people} if known is None else known
    rows = [("welcome", variant, "email", pseudonym(person), moment) for person, variant, moment in assigned]
    names = ["experiment_id", "variant", "identifier_type", "identifier_value", "assigned_at"]
    kinds = {"identifier_value": "uuid", "assigned_at": "timestamp"}
    bench.put("events.experiment_assignments", pd.DataFrame(rows, columns=names), **kinds)
    seen = [("email", pseudonym(person), customer, False) for person, customer in known.items()]
    columns = ["identifier_type", "identifier_value", "customer_id", "is_blocked"]
    bench.put("identity.identifiers", pd.DataFrame(seen, columns=columns), identifier_value="uuid")
    bench.put("seeds.experiment_designs", pd.DataFrame([DESIGN | design]), starts_on="date", ends_on="date")
    sold = pd.DataFrame([(f"cus_{p}", at, value, "order", True) for p, at, value in orders],
                        columns=["customer_id", "occurred_at", "value", "conversion_type", "is_counted"])  # fmt: skip
    bench.put("journeys.customer_conversions", sold, occurred_at="timestamp", value="decimal(18, 6)",
              customer_id="varchar", conversion_type="varchar", is_counted="boolean")  # fmt: skip
    bench.connection.execute("""
        create table warehouse.journeys.sessions (customer_id varchar, started_at timestamp, is_machine boolean,
            is_internal_test boolean);
        create table warehouse.seeds.stages as select 'journey' as funnel, 2 as stage_number, 'consideration' as stage;
    """)
    numbers = pd.DataFrame({"customer_id": sorted(known.values()), "customer_number": range(len(known))})
    bench.put("journeys.customer_numbers", numbers, customer_id="varchar", customer_number="bigint")
    of = dict(zip(numbers["customer_id"], numbers["customer_number"], strict=True))
    events = pd.DataFrame([("journey", of[f"cus_{p}"], at, 2) for p, at in considered],
                          columns=["funnel", "customer_number", "occurred_at", "stage_number"])  # fmt: skip
    bench.put("journeys.funnel_events", events, funnel="varchar", customer_number="bigint", occurred_at="timestamp",
              stage_number="integer")  # fmt: skip
    return {model: bench.run(model) for model in MODELS.split()}


def outcomes(found: dict[str, pd.DataFrame], metric: str) -> dict[str, tuple[float, float]]:
    mine = found["experiment_outcomes"].query("metric == @metric")
    return {row.unit_id: (float(row.outcome), float(row.outcome_before)) for row in mine.itertuples()}


def test_all_who_were_assigned_are_in_every_metric_and_who_did_nothing_has_0(models: dict[str, str]) -> None:
    assigned = [("a", "mail", START), ("b", "mail", START), ("c", "control", START), ("nobody", "control", START)]
    known = {person: f"cus_{person}" for person in "abc"}
    found = read(models, assigned, [("a", "2026-08-05", 40.0)], [("a", "2026-08-04"), ("b", "2026-08-04")], known=known)
    never_seen = pseudonym("nobody")
    assert outcomes(found, "purchase_30") == {"cus_a": (1, 0), "cus_b": (0, 0), "cus_c": (0, 0), never_seen: (0, 0)}
    went_on = outcomes(found, "consideration_7")
    assert went_on == {"cus_a": (1, 0), "cus_b": (1, 0), "cus_c": (0, 0), never_seen: (0, 0)}
    per_metric = found["experiment_cells"].groupby("metric")["units"].sum()
    assert per_metric.tolist() == [4, 4, 4], "one denominator for all steps"


def test_a_window_is_to_the_second_and_as_long_before_as_after(models: dict[str, str]) -> None:
    orders = [("a", "2026-09-02 10:00:00", 1.0), ("b", "2026-09-02 10:00:01", 1.0), ("c", START, 1.0),
              ("d", "2026-08-03 09:59:59", 1.0), ("e", "2026-07-04 10:00:00", 1.0),
              ("f", "2026-07-04 09:59:59", 1.0)]  # fmt: skip
    found = read(models, [(person, "mail", START) for person in "abcdef"], orders)
    assert outcomes(found, "purchase_30") == {
        "cus_a": (1, 0), "cus_b": (0, 0), "cus_c": (1, 0), "cus_d": (0, 1), "cus_e": (0, 1), "cus_f": (0, 0),
    }  # fmt: skip


def test_orders_add_up_and_a_share_counts_a_person_once(models: dict[str, str]) -> None:
    found = read(models, [("a", "mail", START)], [("a", "2026-08-05", 40.5), ("a", "2026-08-06", 2.25)])
    assert (outcomes(found, "purchase_30")["cus_a"], outcomes(found, "revenue_30")["cus_a"]) == ((1, 0), (42.75, 0))
    cell = found["experiment_cells"].set_index("metric").loc["revenue_30"]
    assert (cell["sum_y"], cell["sum_yy"], cell["units_with"]) == (42.75, 42.75**2, 1)


def test_an_open_window_has_no_week(models: dict[str, str]) -> None:
    found = read(models, [("a", "mail", START), ("b", "mail", "2026-08-10 10:00")], as_of="2026-09-06 22:00")
    cells = found["experiment_cells"].query("metric == 'purchase_30'")
    assert cells["units"].tolist() == [1, 1] and cells["complete_week"].isna().sum() == 1
    assert cells["complete_week"].dropna().tolist() == [pd.Timestamp("2026-08-31")]


def test_a_window_that_ends_with_the_week_is_over_with_it(models: dict[str, str]) -> None:
    found = read(models, [("a", "mail", "2026-08-07 22:00")], as_of="2026-09-06 22:00")
    assert found["experiment_cells"].set_index("metric").loc["purchase_30", "complete_week"] == pd.Timestamp(
        "2026-08-31"
    )


def test_who_does_not_count_is_counted_with_the_reason(models: dict[str, str]) -> None:
    assigned = [("twice", "mail", START), ("twice", "control", START), ("again", "mail", START),
                ("again", "mail", "2026-08-04 10:00"), ("odd", "letter", START), ("late", "mail", "2026-08-31 10:00"),
                ("early", "mail", "2026-08-02 21:59"), ("first", "mail", "2026-08-02 22:00")]  # fmt: skip
    found = read(models, assigned)
    units = found["experiment_units"].set_index("unit_id")
    assert units["excluded_because"].dropna().to_dict() == {
        "cus_twice": "two_variants", "cus_odd": "unknown_variant", "cus_late": "outside_dates",
        "cus_early": "outside_dates",
    }  # fmt: skip
    assert units.loc["cus_again", ["assignments", "assigned_at"]].tolist() == [2, pd.Timestamp(START)]
    arms = found["experiment_arm_cells"]
    assert arms["units"].sum() == len(units) and arms["assignments"].sum() == len(assigned)
    assert ("(two variants)", "two_variants", 1) in set(
        zip(arms["variant"], arms["counted_as"], arms["units"], strict=True)
    )
    empty = arms[arms["variant"] == "control"].iloc[0]
    assert (empty["counted_as"], empty["units"], empty["planned_share"]) == ("counted", 0, 0.5)


def test_two_addresses_of_one_customer_are_one_person(models: dict[str, str]) -> None:
    both = {"home": "cus_one", "work": "cus_one"}
    same = read(models, [("home", "mail", START), ("work", "mail", START)], known=both)["experiment_units"]
    other = read(models, [("home", "mail", START), ("work", "control", START)], known=both)["experiment_units"]
    assert (len(same), same["excluded_because"].tolist()) == (1, [None])
    assert (len(other), other["excluded_because"].tolist()) == (1, ["two_variants"])


def test_blocked_addresses_our_own_people_and_undeclared_experiments_do_not_count(models: dict[str, str]) -> None:
    bench = Bench(models)
    bench.clock("2026-11-15 23:00", "Europe/Berlin")
    rows = [("welcome", "mail", "email", pseudonym("box", "2"), START),
            ("welcome", "mail", "email", pseudonym("us", "1"), START),
            ("forgotten", "mail", "email", pseudonym("a"), START)]  # fmt: skip
    names = ["experiment_id", "variant", "identifier_type", "identifier_value", "assigned_at"]
    bench.put("events.experiment_assignments", pd.DataFrame(rows, columns=names), identifier_value="uuid",
              assigned_at="timestamp")  # fmt: skip
    bench.connection.execute("""create table warehouse.identity.identifiers
        (identifier_type varchar, identifier_value uuid, customer_id varchar, is_blocked boolean)""")
    bench.put("seeds.experiment_designs", pd.DataFrame([DESIGN]), starts_on="date", ends_on="date")
    found = bench.run("experiment_units")
    assert sorted(zip(found["experiment_id"], found["excluded_because"], strict=True)) == [
        ("forgotten", "no_design"), ("welcome", "no_person"), ("welcome", "our_own"),
    ]  # fmt: skip

"""What of the journey before is read for an answer or a purchase, and that nothing from after it is."""

from __future__ import annotations

import pandas as pd
import pytest

from .compiled_models import Bench, compile_models

CHAIN = ["driver_signals", "driver_units", "driver_features", "driver_cells"]
TABLES = {
    "journeys.staged_hits": "session_id varchar, occurred_at timestamp, signal varchar",
    "journeys.sessions": "session_id varchar, customer_id varchar, started_at timestamp, device_category varchar, "
    "is_machine boolean, is_internal_test boolean",
    "journeys.journey_touches": "touchpoint_id varchar, customer_id varchar, occurred_at timestamp, family varchar, "
    "interaction_type varchar, channel varchar",
    "journeys.experience_answers": "score_id varchar, customer_id varchar, instrument varchar, definition_id varchar, "
    "answered_at timestamp, is_promoter boolean, is_positive boolean, is_scored boolean",
    "journeys.journeys": "journey_id varchar, customer_id varchar, entered_at timestamp, purchase_at timestamp, "
    "entry_channel varchar",
    "journeys.customer_conversions": "customer_id varchar, conversion_type varchar, occurred_at timestamp, "
    "is_counted boolean, discount_amount decimal(18, 6)",
    "seeds.stages": "funnel varchar, stage varchar, window_seconds bigint, is_exclusion boolean",
}
MARKET = """
    insert into warehouse.seeds.stages values ('journey', 'purchase', 5184000, false);
    insert into warehouse.journeys.journeys values
        ('j1', 'a', '2026-01-05', '2026-01-20', 'email'), ('j2', 'b', '2026-01-05', null, 'direct'),
        ('j3', 'c', '2026-01-05', '2026-01-06', 'email'), ('j4', 'd', '2026-04-01', null, 'email');
    insert into warehouse.journeys.experience_answers values
        ('s1', 'a', 'CSAT', 'q', '2026-03-01 12:00', false, true, true),
        ('s2', 'b', 'CSAT', 'q', '2026-03-01 12:00', false, false, true);
    insert into warehouse.journeys.customer_conversions values
        ('a', 'order', '2026-01-20', true, 5), ('b', 'order', '2026-02-20', true, 0);
    insert into warehouse.journeys.journey_touches values
        ('t1', 'b', '2026-02-25', 'support', 'ticket_created', null),
        ('t2', 'b', '2026-02-27', 'support', 'ticket_solved', null),
        ('t3', 'a', '2026-01-06', 'website', 'page_view', 'email'),
        ('t4', 'a', '2026-01-07', 'website', 'page_view', 'direct');
"""
# All of it after the answers, and more than a week after the journeys of January began.
LATER = """
    insert into warehouse.journeys.journey_touches values
        ('u1', 'a', '2026-03-01 12:00', 'support', 'ticket_created', null),
        ('u2', 'b', '2026-03-02', 'support', 'ticket_created', null),
        ('u3', 'a', '2026-03-02', 'product', 'feature_used', 'sms');
    insert into warehouse.journeys.customer_conversions values ('b', 'order', '2026-03-02', true, 9);
    insert into warehouse.journeys.sessions values ('v', 'a', '2026-03-02', 'mobile', false, false);
    insert into warehouse.journeys.staged_hits values ('v', '2026-03-02', 'error');
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), " ".join(CHAIN))


def features(models: dict[str, str], *inserts: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    bench = Bench(models)
    bench.clock("2026-04-06")
    for relation, columns in TABLES.items():
        bench.connection.execute(f"create table warehouse.{relation} ({columns})")
    for sql in inserts:
        bench.connection.execute(sql)
    for model in CHAIN[:-2]:
        bench.run(model)
    return bench.run("driver_features").set_index("unit_id"), bench.run("driver_cells")


def test_the_journey_before_is_told_by_its_levels(models: dict[str, str]) -> None:
    found, cells = features(models, MARKET)
    # c had bought within the week that is looked at, d's window is not over.
    assert sorted(found.index) == ["j1", "j2", "s1", "s2"]
    assert found["is_success"].to_dict() == {"j1": True, "j2": False, "s1": True, "s2": False}
    assert found.loc["s2", ["contacts", "support_closed", "discount"]].tolist() == ["1", "over a day", "no"]
    assert found.loc["s1", ["contacts", "discount", "entry_channel"]].tolist() == ["0", "yes", "email"]
    assert found.loc["j1", ["channels", "repeat_customer", "entry_channel"]].tolist() == ["2", "no", "email"]
    assert (cells.groupby(["outcome", "driver"])["n"].sum() <= 2).all()
    assert (cells["successes"] <= cells["n"]).all()


def test_what_happens_later_changes_nothing(models: dict[str, str]) -> None:
    (before, cells), (after, later_cells) = features(models, MARKET), features(models, MARKET, LATER)
    pd.testing.assert_frame_equal(after, before)
    pd.testing.assert_frame_equal(later_cells, cells)

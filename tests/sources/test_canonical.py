"""Canonical files: what a warehouse already has flows on like any vendor's, under the same rules."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from journey_pipeline.ingest import load_contracts
from tests.ingest.home import Home
from tests.sql.conftest import Rows


def parquet(**columns: list[object]) -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table(columns), content)
    return content.getvalue()


FILES: dict[str, str | bytes] = {
    "canonical/touchpoint_calls.csv": (
        "native_id,system,identifier_type,identifier_value,occurred_at,family,interaction_type,direction,stage_evidence\n"
        "c1,callcentre,email,Maya.Okafor@Example.com ,2026-11-02T09:00:00Z,sales,call_made,outbound,consideration\n"
        "c2,callcentre,phone,0030 555,2026-11-02 10:00:00+01:00,support,call_received,,risk\n"
    ),
    "canonical/touchpoints-stated.csv": (
        "native_id,occurred_at,family,interaction_type,channel,source,medium\n"
        "t1,2026-11-02 09:00:00,website,page_view,partner_portal,x,referral\n"
        "t2,2026-11-02 09:00:00,website,page_view,,newsletter,email\n"
    ),
    "canonical/identifier_edges.csv": (
        "a_type;a_value;b_type;b_value;evidence;confidence;last_seen_at;is_suspect\n"
        "email;A@Example.com;user_id;u_9;login;deterministic;2026-11-01T00:00:00Z;\n"
        "email;b@example.com;user_id;u_9;login;deterministic;2026-11-01T00:00:00Z;true\n"
    ),
    "canonical/profile_attribute.csv": (
        "id_type,id_value,attribute,observed_at,value\nuser_id,u_9,plan,2026-11-01T00:00:00Z,gold\n"
    ),
    "canonical/conversions.parquet": parquet(
        conversion_id=["o1", "o2", "r1"],
        kind=["order", "order", "refund"],
        adjusts_conversion_id=[None, None, "o1"],
        occurred_at=[datetime(2026, 11, 1, 12), datetime(2026, 11, 2, 12), datetime(2026, 11, 3, 12)],
        gross_amount=[Decimal("100.00"), Decimal("0.05"), Decimal("-40.00")],
        net_amount=[Decimal("80.00"), None, None],
        currency=["EUR", "EUR", "EUR"],
        order_ref=["#A1", "#A2", "#A1"],
    ),
    "canonical/experience_score.csv": (
        "score_id,instrument,scale_min,scale_max,value,answered_at,is_spam_or_preview,comment\n"
        "s1,CES,1,7,6,2026-11-02T09:00:00Z,,easy\ns2,CES,1,7,1,2026-11-02T09:00:00Z,true,\n"
    ),
    "canonical/spend_tv.csv": (
        "system,spend_date,channel,campaign,cost_amount,cost_currency\ntv,2026-11-01,tv,Autumn,1000.10,EUR\n"
        "tv,2026-11-02,tv,Autumn,999.90,EUR\n"
    ),
    "canonical/consents.csv": (
        "identifier_type,identifier_value,purpose,state,occurred_at\nuser_id,u_9,analytics,denied,2026-11-01T00:00:00Z\n"
    ),
    "canonical/experiment_assignments-2026-11.csv": (
        "experiment_id,variant,identifier_type,identifier_value,assigned_at\n"
        "welcome,mail,user_id,u_9,2026-11-01T00:00:00Z\n"
        "welcome,control,user_id,u_9,2026-11-02T00:00:00Z\n"
        "welcome,mail,user_id,u_8,2026-11-01T00:00:00Z\nwelcome,mail,user_id,u_8,2026-11-01T00:00:00Z\n"
    ),
    "canonical/content_metric.csv": (
        "channel,content_id,metric,snapshot_date,value\npodcast,e1,downloads,2026-11-02,120\n"
    ),
}


def test_a_touch_keeps_its_system_its_people_and_its_stage(rows: Rows) -> None:
    assert rows("""
        select identifier_value, occurred_at, family, interaction_type, direction, stage_evidence
        from events.touchpoints where source = 'callcentre' order by family
    """) == [
        ("maya.okafor@example.com", datetime(2026, 11, 2, 9), "sales", "call_made", "outbound", "consideration"),
        (None, datetime(2026, 11, 2, 9), "support", "call_received", "inbound", "experience"),
    ]  # fmt: skip


def test_a_stated_channel_stands_and_a_tagged_one_follows_the_rules(rows: Rows) -> None:
    assert rows("select channel from events.touchpoints where source = 'canonical' order by 1") == [
        ("email",),
        ("partner_portal",),
    ]


def test_a_suspect_pair_joins_nobody(rows: Rows) -> None:
    assert rows("select a_value, confidence from events.identifier_edges where source = 'canonical' order by 1") == [
        ("a@example.com", "deterministic"),
        ("b@example.com", "weak"),
    ]


def test_orders_and_refunds_reconcile_to_the_cent(rows: Rows) -> None:
    assert rows("""
        select conversion_type, order_ref, gross_amount, net_amount from events.conversions
        where source = 'canonical' order by occurred_at
    """) == [
        ("order", "A1", Decimal("100"), Decimal("80")),
        ("order", "A2", Decimal("0.05"), Decimal("0.05")),
        ("refund", "A1", Decimal("-40"), Decimal("-32")),
    ]


def test_spend_of_an_unlisted_platform_has_the_channel_it_names(rows: Rows) -> None:
    assert rows("select channel, count(*), sum(cost_amount) from events.spend where source = 'tv' group by 1") == [
        ("tv", 2, Decimal("2000.00"))
    ]


def test_scores_attributes_consents_and_content_arrive(rows: Rows) -> None:
    assert rows("select instrument, score, comment from events.experience_scores where source = 'canonical'") == [
        ("CES", Decimal(6), "easy")
    ]
    assert rows("select attribute, value from events.profile_attributes where source = 'canonical'") == [
        ("plan", "gold")
    ]
    assert rows("select purpose, state from events.consents where source = 'canonical'") == [("analytics", "denied")]
    assert rows("select platform, metric, value from events.content_metrics where source = 'canonical'") == [
        ("podcast", "downloads", Decimal(120))
    ]


def test_who_was_drawn_twice_stays_visible_and_a_repeated_line_does_not_count(rows: Rows) -> None:
    assert rows("""
        select experiment_id, variant, count(distinct identifier_value), count(*) from events.experiment_assignments
        group by all order by all
    """) == [("welcome", "control", 1, 1), ("welcome", "mail", 2, 2)]


@pytest.mark.parametrize(
    ("column", "value"), [("currency", "EUX"), ("kind", "sale"), ("gross_amount", "1,5"), ("occurred_at", "yesterday")]
)
def test_a_bad_cell_holds_a_file_of_money(tmp_path: Path, column: str, value: str) -> None:
    home = Home(tmp_path)
    good = {"conversion_id": "o1", "kind": "order", "occurred_at": "2026-11-01T00:00:00Z", "gross_amount": "1.5"}
    row = good | {"currency": "EUR"} | {column: value}
    home.put("canonical/conversion.csv", ",".join(row) + "\n" + ",".join(f'"{cell}"' for cell in row.values()) + "\n")
    outcome = home.load_one()
    assert outcome.fault is not None
    assert (outcome.fault.code, outcome.fault.column, outcome.fault.line) == ("E_VALUE", column, 2)


def test_every_canonical_table_has_its_contract() -> None:
    tables = {
        contract.id.split("__")[1] for contract in load_contracts().values() if contract.id.startswith("canonical")
    }
    assert tables == {
        "consents", "content_metrics", "conversions", "experience_scores", "experiment_assignments",
        "identifier_edges", "profile_attributes", "spend", "touchpoints",
    }  # fmt: skip

"""One week is restated by four causes at once, each planted with a delta that is known beforehand."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline_runs import ask, journey

pytestmark = pytest.mark.long

PEOPLE = range(1, 13)
TOUCHES = "native_id,system,identifier_type,identifier_value,occurred_at,family,interaction_type,channel\n"
ORDERS = (
    "conversion_id,system,kind,adjusts_conversion_id,identifier_type,identifier_value,occurred_at,gross_amount,"
    "currency,order_ref\n"
)
SPEND = "system,spend_date,account_id,channel,campaign,campaign_id,cost_amount,cost_currency,as_of\n"
EDGES = "system,a_type,a_value,b_type,b_value,evidence,confidence,last_seen_at\n"
CLOSED = "2026-11-02"

FIRST = {
    "touchpoints_1.csv": TOUCHES
    + "".join(
        f"v{n}_{day},site,user_id,u_{n},2026-{day}T{8 + n % 9:02}:00:00Z,website,page_view,partner_portal\n"
        for day in ("10-20", "10-27", "11-03")
        for n in PEOPLE
    )
    # Somebody nobody has told to be u_12 yet.
    + "mail1,newsletter,email,maya.okafor@example.com,2026-11-04T09:00:00Z,email,email_clicked,email\n",
    "conversions_1.csv": ORDERS
    + "".join(f"o{n},shop,order,,user_id,u_{n},2026-11-03T20:00:00Z,{50 + n}.25,EUR,#A{n}\n" for n in PEOPLE if n % 2),
    "spend_1.csv": SPEND
    + "tv,2026-11-03,tv1,tv,Autumn,c1,1000.10,EUR,2026-11-09T00:00:00Z\n"
    + "tv,2026-11-04,tv1,tv,Autumn,c1,500.00,EUR,2026-11-09T00:00:00Z\n",
}
THEN = {
    # Three visits of the closed week that arrive late, and a visit of the new week.
    "touchpoints_2.csv": TOUCHES
    + "".join(f"late{n},site,user_id,u_{n},2026-11-05T12:00:00Z,website,page_view,partner_portal\n" for n in (1, 2, 3))
    + "new1,site,user_id,u_4,2026-11-11T12:00:00Z,website,page_view,partner_portal\n",
    "conversions_2.csv": ORDERS + "r1,shop,refund,o1,user_id,u_1,2026-11-06T12:00:00Z,-20.50,EUR,#A1\n",
    # Of two files that tell one row the one that goes on for longer counts.
    "spend_2.csv": SPEND
    + "tv,2026-11-03,tv1,tv,Autumn,c1,1100.10,EUR,2026-11-12T00:00:00Z\n"
    + "tv,2026-11-10,tv1,tv,Autumn,c1,700.00,EUR,2026-11-12T00:00:00Z\n",
    "identifier_edges_2.csv": EDGES
    + "newsletter,email,maya.okafor@example.com,user_id,u_12,login,deterministic,2026-11-04T09:00:00Z\n",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two weekly releases, the second after late, corrected, merging and refunding deliveries."""
    folder = tmp_path_factory.mktemp("restated")
    for files, as_of in ((FIRST, "2026-11-09"), (THEN, "2026-11-16")):
        for name, content in files.items():
            file = folder / "inbox" / "canonical" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        run = journey("run", "--as-of", as_of, home=folder, JOURNEY_SPLIT_RESTATEMENTS="true")
        assert run.returncode == 0, run.stderr
    return folder


def told(home: Path, query: str) -> list[tuple[Any, ...]]:
    return ask(home / "published" / "journey.duckdb", query)


def test_a_corrected_file_moves_its_day_by_what_it_corrects(home: Path) -> None:
    assert told(
        home,
        "select week::varchar, column_name, value_before, value_after, delta, cause, cause_delta from restatements "
        "where table_name = 'spend'",
    ) == [
        (CLOSED, column, "1000.100000", "1100.100000", Decimal(100), "corrected_delivery", Decimal(100))
        for column in ("cost_amount", "cost_amount_reporting")
    ]


def test_late_events_are_added_to_the_week_they_happened_in(home: Path) -> None:
    assert told(
        home,
        "select week::varchar, delta, cause, cause_delta from restatements where table_name = 'coverage' "
        'and column_name = \'records\' and key = \'{"source":"site","events_table":"touchpoints"}\'',
    ) == [(CLOSED, Decimal(3), "late_data", Decimal(3))]


def test_a_refund_takes_its_amount_from_the_week_of_the_sale(home: Path) -> None:
    assert told(
        home,
        "select week::varchar, sum(cause_delta) from restatements where table_name = 'attribution' "
        "and column_name = 'value' and cause = 'refund' and json_extract_string(key, '$.conversion_type') = 'order' "
        "and json_extract_string(key, '$.model') = 'linear' group by week",
    ) == [(CLOSED, Decimal("-20.5"))]


def test_a_merge_takes_one_customer_away(home: Path) -> None:
    assert told(
        home,
        "select cause, rows_added, rows_removed from restatements "
        "where table_name = 'customers' and column_name = '*' and cause <> 'new_week'",
    ) == [("identity_change", 0, 1)]


def test_the_causes_of_every_cell_lead_from_one_release_to_the_other(home: Path) -> None:
    ((broken,),) = told(
        home,
        """
        with cells as (
            select table_name, week, key, column_name, min(value_before) as value_before,
                min(value_after) as value_after, min(delta) as delta, sum(cause_delta) as total,
                first(cause_value_before order by cause_position) as found,
                last(cause_value_after order by cause_position) as left_behind
            from restatements where key is not null group by all
        )
        select count(*) from cells
        where total is distinct from delta or found is distinct from value_before
            or left_behind is distinct from value_after
        """,
    )
    assert broken == 0
    assert told(home, "select count(distinct cause) >= 5 from restatements") == [(True,)]

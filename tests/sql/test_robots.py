"""Who is no person: the rules of docs/channels.md on the published vector."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from .compiled_models import Bench, compile_inline

VECTOR = Path(__file__).parent.parent / "vectors" / "32_bots"
SQL = """
    with days as ({{ machine_days('hits', visitor='visitor_id', day='event_date', visit='session_ref') }}),
    judged as (
        select
            hits.*,
            {{ machine_rule('hits', 'hits', 'days', is_internal='hits.is_internal') }} as machine_rule,
            days.has_purchase
        from hits left join days on hits.visitor_id = days.visitor_id and hits.event_date = days.event_date
    )
    select distinct visitor_id, machine_rule, is_internal, {{ machine_flags() }} from judged order by visitor_id
"""


@pytest.fixture(scope="module")
def sql(tmp_path_factory: pytest.TempPathFactory) -> str:
    return compile_inline(tmp_path_factory.mktemp("dbt"), SQL)


def hits_of(visitors: pd.DataFrame) -> pd.DataFrame:
    """As many hits as the vector says, evenly over the session, the last one a purchase where there was one."""
    rows = []
    for visitor in visitors.to_dict("records"):
        count = int(visitor["events_per_day"])
        for n in range(count):
            at = pd.Timestamp("2026-03-02 10:00") + pd.Timedelta(seconds=visitor["session_seconds"]) * n / (count - 1)
            rows.append(
                {
                    "visitor_id": visitor["visitor_id"],
                    "user_agent": visitor["user_agent"] if isinstance(visitor["user_agent"], str) else None,
                    "occurred_at": at,
                    "interaction_type": "purchase" if visitor["has_purchase"] and n == count - 1 else "page_view",
                    "is_internal": visitor["is_internal_ip"],
                }
            )
    return pd.DataFrame(rows).assign(
        event_date="2026-03-02", session_ref="1", page_host="www.northlamp.test", is_from_server=False
    )


def judged(sql: str, hits: pd.DataFrame) -> pd.DataFrame:
    bench = Bench({})
    bench.put("raw.given", hits, user_agent="varchar")
    bench.connection.execute("create temp view hits as select * from warehouse.raw.given")
    return bench.ask(sql)


def test_robots_are_those_of_the_vector(sql: str) -> None:
    found = judged(sql, hits_of(pd.read_csv(VECTOR / "input.csv")))
    # What our own people do is left out by a flag of its own.
    excluded = found["is_machine"] | found["is_internal"]
    expected = pd.read_csv(VECTOR / "expected.csv")
    assert found["visitor_id"].tolist() == expected["visitor_id"].tolist()
    assert found["machine_rule"].fillna("").tolist() == expected["rule"].fillna("").tolist()
    assert excluded.tolist() == expected["is_excluded"].tolist()
    assert found["needs_review"].tolist() == expected["needs_review"].tolist()


def test_a_missing_user_agent_says_nothing_where_the_source_tells_none(sql: str) -> None:
    hits = hits_of(pd.read_csv(VECTOR / "input.csv").query("visitor_id in ['b3', 'b7']")).assign(user_agent=None)
    assert judged(sql, hits)["machine_rule"].isna().all()

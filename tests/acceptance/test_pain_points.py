"""Pain points of a generated market: every one leads back to its rows, and what is not known yet is not judged."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from journey_pipeline.laws_of_pain import EVIDENCE


@pytest.fixture(scope="module")
def release(home: Path) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(home / "published" / "journey.duckdb"), read_only=True)


def test_every_query_returns_what_its_row_says(release: duckdb.DuckDBPyConnection) -> None:
    rows = release.execute("select query, entered, dropped from pain_points").fetchall()
    kinds = release.execute("select count(distinct kind) from pain_points where rank is not null").fetchall()
    assert len(rows) > 500 and kinds[0][0] >= 2
    wrong = [sql for sql, *counts in rows if release.execute(sql).fetchall() != [tuple(counts)]]
    assert wrong == []


def test_a_pain_point_opens_to_those_who_were_lost(release: duckdb.DuckDBPyConnection) -> None:
    kinds = {kind for (kind,) in release.execute("select distinct kind from pain_point_evidence").fetchall()}
    assert "journey" in kinds and kinds <= set(EVIDENCE)
    for kind in kinds:
        table, column = EVIDENCE[kind]
        lost = f"from pain_point_evidence anti join {table} on ref = {column} where kind = '{kind}'"
        assert release.execute(f"select count(*) {lost}").fetchall() == [(0,)]
    # All of them, or two hundred; a customer may be lost twice, a journey, a contact or a visit once.
    told = release.execute(
        """
        select p.dropped, e.of_total, e.shown, e.kind
        from pain_points as p inner join (
            select pain_point_id, min(kind) as kind, min(of_total) as of_total, count(*) as shown
            from pain_point_evidence group by pain_point_id
        ) as e using (pain_point_id)
        """
    ).fetchall()
    assert len(told) > 20
    assert all(shown == min(of_total, 200) for _, of_total, shown, _ in told)
    assert all(
        of_total <= dropped if kind == "customer" else of_total == dropped for dropped, of_total, _, kind in told
    )
    ranked = "from pain_points where rank <= 10 and dropped > 0"
    assert release.execute(
        f"select count(*) {ranked} and pain_point_id not in (select pain_point_id from pain_point_evidence)"
    ).fetchall() == [(0,)]


def test_only_cohorts_that_had_the_time_are_judged(release: duckdb.DuckDBPyConnection) -> None:
    early = """
        select count(*) from pain_points
        where cohort_week + interval 7 day + window_seconds * interval 1 second
            > timezone('Europe/Berlin', timezone('UTC', as_of))
    """
    assert release.execute(early).fetchall() == [(0,)]
    # A week of purchases is judged a week later, so the last judged is the one before the last.
    weeks = """
        select max(cohort_week) = max(week) - interval 7 day, max(week) = (select max(week) from stage_conversion)
        from pain_points where kind = 'onboarding'
    """
    assert release.execute(weeks).fetchall() == [(True, True)]


def test_flags_and_onboarding_are_those_of_the_rows(release: duckdb.DuckDBPyConnection) -> None:
    counted = """
        select week, flagged, judged from pain_flags where flag = 'poor_onboarding'
        except
        select entry_week, count(*) filter (where poor_onboarding), count(poor_onboarding)
        from journey_flags group by entry_week
    """
    assert release.execute(counted).fetchall() == []
    activated = """
        select week, purchasers, activated_7d from onboarding where breakdown = 'all'
        except
        select purchase_week, count(*), count(*) filter (where days_to_first_value <= 7)
        from journey_flags group by purchase_week
    """
    assert release.execute(activated).fetchall() == []


def test_every_persona_and_every_contact_is_told_once(release: duckdb.DuckDBPyConnection) -> None:
    assert (
        release.execute(
            """
        select week, sum(customers) from personas group by week
        except
        select week, sum(numerator) from segment_metrics
        where segment_set = 'persona' and metric = 'customer_share' group by week
        """
        ).fetchall()
        == []
    )
    assert release.execute(
        """
        select count(*), sum(contacts) = (select count(*) from support_contacts)
        from support_effort where stage = 'all' and source = 'all'
        """
    ).fetchall()[0][1]

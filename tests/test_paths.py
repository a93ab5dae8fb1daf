"""The pattern language of paths: what matches, what does not, and what a wrong pattern is told."""

from __future__ import annotations

import itertools
import random
from datetime import date

import duckdb
import pytest

from journey_pipeline.paths import PatternError, as_text, find, translate

KNOWN = ["website/view_item", "website/add_to_cart", "commerce/order_placed", "support/ticket_created"]


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("a/x > b/y", "a/x > b/y", True),
        ("a/x > b/y", "c/z > a/x > b/y > c/z", True),
        ("a/x > b/y", "a/x > c/z > b/y", False),
        ("a/x > * > b/y", "a/x > c/z > c/w > b/y", True),
        ("a/x > * > b/y", "a/x > b/y", True),
        ("a/x > * > b/y", "b/y > a/x", False),
        ("a/* > b/y", "a/x > b/y", True),
        ("*/x", "b/x", True),
        ("*/x", "b/xx", False),
        ("a/x", "aa/x", False),
        ("a/x > !c/z > b/y", "a/x > c/w > b/y", True),
        ("a/x > !c/z > b/y", "a/x > b/y", True),
        ("a/x > !c/z > b/y", "a/x > c/z > b/y", False),
        ("a/x > !c/* > b/y", "a/x > c/w > b/y", False),
        ("a/x > !c/z > !c/w > b/y", "a/x > c/w > b/y", False),
        ("a/x > !c/z > b/y", "a/x > c/z > a/x > b/y", True),
        ("START > a/x", "a/x > b/y", True),
        ("START > b/y", "a/x > b/y", False),
        ("b/y > END", "a/x > b/y", True),
        ("a/x > END", "a/x > b/y", False),
        ("START > !c/z > END", "a/x > b/y", True),
        ("START > !c/z > END", "a/x > c/z > b/y", False),
        ("b/y > END", "a/x > b/y > ...", False),
        ("a/x > * > c/z", "a/x > b/y > ...", False),
    ],
)
def test_a_pattern_matches_what_it_says(pattern: str, path: str, matches: bool) -> None:
    known = ["a/x", "b/y", "c/z", "c/w", "b/x", "b/xx", "aa/x"]
    assert bool(translate(pattern, known).search(as_text(path, has_ended=True))) == matches


def test_the_end_of_a_journey_that_goes_on_is_not_known() -> None:
    assert not translate("a/x > END", ["a/x"]).search(as_text("a/x", has_ended=False))


def by_hand(steps: list[str], path: list[str]) -> bool:
    """The same question asked step by step: a list of activities, `*` or `!x`, somewhere in a path."""

    def here(rest: list[str], at: int) -> bool:
        if not rest:
            return True
        if rest[0] == "*" or rest[0].startswith("!"):
            absent = list(itertools.takewhile(lambda step: step.startswith("!"), rest))
            for end in range(at, len(path) + 1):
                if here(rest[len(absent) or 1 :], end):
                    return True
                if end < len(path) and "!" + path[end] in absent:
                    return False
            return False
        return at < len(path) and path[at] == rest[0] and here(rest[1:], at + 1)

    return any(here(steps, at) for at in range(len(path) + 1))


def test_random_patterns_match_as_read_step_by_step() -> None:
    draw = random.Random(64)
    names = ["a/x", "b/y", "c/z"]
    answers = set()
    for _ in range(3000):
        steps = [draw.choice(names)]
        for _ in range(draw.randrange(3)):
            steps += draw.choice([[], ["*"], ["!" + draw.choice(names)], ["!a/x", "!b/y"]])
            steps += [draw.choice(names)]
        path = draw.choices(names, k=draw.randrange(7))
        found = bool(translate(" > ".join(steps), names).search(as_text(" > ".join(path), has_ended=True)))
        answers.add(found)
        assert found == by_hand(steps, path), (steps, path)
    assert answers == {True, False}


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("website/view_itm", "activity 'website/view_itm' (character 1); nearest known: 'website/view_item'"),
        ("website/view_item > web/*", "'web/*' (character 21)"),
        ("START > !suport/ticket > END", "'suport/ticket' (character 10); nearest known: 'support/ticket_created'"),
        ("website/view_item > > END", "nothing stands at character 20 of"),
        ("", "nothing stands at character 1 of ''"),
        ("!website/view_item > END", "'!website/view_item' (character 1) stands at an end"),
        ("START > !website/view_item", "(character 9) stands at an end"),
        ("START > * > !website/view_item > END", "'!website/view_item' (character 13) stands beside *"),
    ],
)  # fmt: skip
def test_a_wrong_pattern_is_told_where_and_what_is_nearest(pattern: str, told: str) -> None:
    with pytest.raises(PatternError) as refusal:
        translate(pattern, KNOWN)
    assert told in str(refusal.value)


@pytest.fixture
def release() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(
        """
        create table journey_paths as
        select 'j' || n as journey_id, date '2026-08-03' + 7 * (n % 2)::integer as week, 'new' as customer_type,
            'prospect' as segment_at_entry,
            case when n < 3 then 'converting' else 'not_converting' end as outcome, n < 3 as is_converting,
            n % 2 = 0 as is_mature, true as has_ended,
            'website/view_item > ' || case when n < 4 then 'commerce/order_placed' else '...' end as long_path
        from range(6) as t(n);
        create table journey_map as select a as family, b as interaction_type, n as touches
        from (values ('website', 'view_item', 6), ('commerce', 'order_placed', 4)) as t(a, b, n)
        """
    )
    return connection


def test_matching_journeys_are_counted_with_their_rate_over_mature_ones(release: duckdb.DuckDBPyConnection) -> None:
    found = find(release, "website/* > commerce/order_placed")
    assert (found.journeys, found.of_journeys, found.converting, found.mature, found.cut) == (4, 6, 2, 2, 2)
    assert (found.share, found.rate) == (4 / 6, 1.0)
    assert found.interval == pytest.approx((0.34238023, 1.0), abs=1e-8)
    assert found.examples == [("j0", "website/view_item > commerce/order_placed")]


def test_only_the_week_and_the_cohort_that_are_asked_for_count(release: duckdb.DuckDBPyConnection) -> None:
    week = find(release, "commerce/order_placed", week=date(2026, 8, 10))
    assert (week.journeys, week.of_journeys, week.rate, week.interval) == (2, 3, None, None)
    cohort = find(release, "website/view_item", cohort="not_converting")
    assert (cohort.journeys, cohort.converting) == (3, 0)
    assert find(release, "website/view_item", cohort="segment:prospect").of_journeys == 6
    with pytest.raises(PatternError, match="a cohort 'buyers'; known: all, converting, new, not_converting, segment:p"):
        find(release, "website/view_item", cohort="buyers")

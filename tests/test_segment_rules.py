"""The rule file: what ships covers everyone as published, and what cannot be used is named with its place."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from journey_pipeline import segment_rules
from journey_pipeline.segment_rules import COLUMNS, HEADER, SegmentRuleError, load_rules
from journey_pipeline.settings import DBT_PROJECT, PROJECT_ROOT

Project = Callable[..., Path]
GOOD = ["colour", "10", "blue", "order_count > 0", "Buys", "2020-01-01"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with these lines as its rule file, beside the questions that ship."""

    def write(*lines: list[str]) -> Path:
        (tmp_path / "seeds").mkdir(exist_ok=True)
        questions = (DBT_PROJECT / segment_rules.QUESTIONS).read_text()
        (tmp_path / segment_rules.QUESTIONS).write_text(questions)
        with (tmp_path / segment_rules.RULES).open("w", newline="") as stream:
            csv.writer(stream).writerows([HEADER, *lines])
        return tmp_path

    return write


CODES = """
    select r as recency_score, f as frequency_score, m as monetary_score, 100 * r + 10 * f + m as rfm_code
    from range(1, 6) as recency(r), range(1, 6) as frequency(f), range(1, 6) as monetary(m) order by rfm_code
"""


def fitting(segment_set: str) -> dict[int, list[str]]:
    """Of every code the segments of the set whose own rule holds, in order."""
    rules = next(one.rules for one in load_rules() if one.segment_set == segment_set)
    with duckdb.connect() as connection:
        told = connection.execute(
            f"select rfm_code, {', '.join(f'({rule.rule})' for rule in rules)} from ({CODES})"
        ).fetchall()
    return {code: [rule.segment for rule, one in zip(rules, holds, strict=True) if one] for code, *holds in told}


def test_each_of_the_125_codes_is_in_exactly_one_of_the_eleven_segments() -> None:
    found = fitting("rfm")
    assert len(found) == 125 and {len(names) for names in found.values()} == {1}
    assert len({name for (name,) in found.values()}) == 11
    # A common variant of this map leaves these three without a segment.
    assert found[231] == found[241] == found[251] == ["about_to_sleep"]
    assert found[555] == ["champions"] and found[111] == ["lost"]


def test_the_short_map_leaves_no_code_out() -> None:
    found = fitting("rfm_short")
    assert len(found) == 125 and all(found.values())


def test_a_segment_is_one_line(project: Project) -> None:
    second = ["colour", "5", "red", "orders_in_year >= 10 and country in ('DE', 'AT')", "Buys a lot", "2020-01-01"]
    (found,) = load_rules(project(GOOD, second))
    assert [rule.segment for rule in found.rules] == ["red", "blue"], "by position, not by line"
    assert "orders_in_year >= 10" in segment_rules.macro(project(GOOD, second))


def test_the_version_follows_the_rules_and_nothing_else(project: Project) -> None:
    def version(*lines: list[str]) -> str:
        return load_rules(project(*lines))[0].rule_version

    other = ["colour", "20", "red", "true", "Rest", "2020-01-01"]
    before = version(GOOD, other)
    assert version(other, GOOD) == before, "the order of lines is not that of rules"
    assert version([*GOOD[:4], "In other words", GOOD[5]], other) == before
    assert version([*GOOD[:3], "order_count > 1", *GOOD[4:]], other) != before
    assert version(["colour", "30", *GOOD[2:]], other) != before, "another rule is tried first"


def test_a_set_that_asks_another_changes_with_it(project: Project) -> None:
    asking = ["mood", "10", "good", "colour = 'blue'", "x", "2020-01-01"]
    changed = [*GOOD[:3], "order_count > 1", *GOOD[4:]]
    before, after = (load_rules(project(lines, asking))[1] for lines in (GOOD, changed))
    assert before.uses == ("colour",) and before.rule_version != after.rule_version


def test_a_set_that_asks_a_prediction_is_assigned_after_it_and_asks_no_other(project: Project) -> None:
    late = ["worth", "10", "high", "predicted_value_decile <= 2 and country = 'DE'", "x", "2020-01-01"]
    given = project(GOOD, late)
    assert [one.is_predicted for one in load_rules(given)] == [False, True]
    assert "predicted_value_decile" not in segment_rules.macro(given)
    assert [one.segment_set for one in segment_rules.predicted_sets(date(2020, 1, 6), given)] == ["worth"]
    assert segment_rules.predicted_sets(date(2019, 12, 30), given) == []
    asking = ["mood", "10", "good", "worth = 'high'", "x", "2020-01-01"]
    both = ["worth", "20", "low", "colour = 'blue'", "x", "2020-01-01"]
    for line in (asking, both):
        with pytest.raises(SegmentRuleError, match="column rule: expected no other set together with"):
            load_rules(project(GOOD, late, line))


def test_dated_versions_stand_side_by_side_the_newest_first(project: Project) -> None:
    found = load_rules(project(GOOD, [*GOOD[:3], "order_count > 5", "x", "2026-06-01"]))
    assert [str(one.valid_from) for one in found] == ["2026-06-01", "2020-01-01"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["colour", "10", "blue", "order_cuont > 0", "x", "2020-01-01"],
         "line 2, column rule: expected a known column, found 'order_cuont'; did you mean order_count?"),
        (["colour", "10", "blue", "order_count >", "x", "2020-01-01"], "column rule: expected a condition in SQL"),
        (["colour", "10", "blue", "order_count", "x", "2020-01-01"], "a condition, true or false, found 'bigint"),
        (["colour", "10", "blue", "order_count > 'many'", "x", "2020-01-01"], "found \"number and text in"),
        (["colour", "10", "blue", "order_count > 0 or country = 5", "x", "2020-01-01"], "found 'number and text in"),
        (["colour", "10", "blue", "order_count in (select 1)", "x", "2020-01-01"], "found 'subquery in"),
        (["colour", "10", "blue", "lower(country) = 'de'", "x", "2020-01-01"], "found \"function in"),
        (["colour", "10", "blue", "random() > 0.5", "x", "2020-01-01"], "found 'function in"),
        (["colour", "10", "blue", "cast(plan as int) = 1", "x", "2020-01-01"], "found 'cast in"),
        (["colour", "10", "blue", "case when true then true end", "x", "2020-01-01"], "found 'case in"),
        (["colour", "10", "blue", "true) from (select 1", "x", "2020-01-01"], "expected one condition"),
        (["colour", "10", "blue", "true) or (true) as b, (true", "x", "2020-01-01"], "expected one condition"),
        (["colour", "10", "blue", "true -- always", "x", "2020-01-01"], "expected no comment"),
        (["colour", "ten", "blue", "true", "x", "2020-01-01"], "column position: expected a whole number, found 'ten'"),
        (["colour", "10", "Blue", "true", "x", "2020-01-01"], "column segment: expected lower-case letters"),
        (["colour", "10", "unknown", "true", "x", "2020-01-01"], "column segment: expected lower-case letters"),
        (["colour", "10", "{contry}", "true", "x", "2020-01-01"], "found 'contry'; did you mean country?"),
        (["cluster", "10", "blue", "true", "x", "2020-01-01"], "column segment_set"),
        (["colour", "10", "blue", "true", "x", "tomorrow"], "column valid_from: expected a date"),
        (["colour", "10", "blue", "true"], "line 2, column (all): expected 6 cells"),
        (["lifecycle", "10", "blue", "active_days_28 > 1", "x", "2020-01-01"], "expected a known column"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_named_with_what_to_do(project: Project, line: list[str], told: str) -> None:
    with pytest.raises(SegmentRuleError, match=re.escape(told)):
        load_rules(project(line))


def test_two_rules_of_one_place_are_refused(project: Project) -> None:
    with pytest.raises(SegmentRuleError, match=r"line 3, column position: expected another number"):
        load_rules(project(GOOD, [*GOOD[:2], "red", "true", "x", "2020-01-01"]))


def test_sets_that_ask_sets_that_ask_are_refused(project: Project) -> None:
    second = ["mood", "10", "good", "colour = 'blue'", "x", "2020-01-01"]
    third = ["weather", "10", "fine", "mood = 'good'", "x", "2020-01-01"]
    with pytest.raises(SegmentRuleError, match="line 4, column rule: expected sets whose own rules ask no other set"):
        load_rules(project(GOOD, second, third))


def test_the_page_lists_every_column_and_every_set() -> None:
    page = (PROJECT_ROOT / "docs" / "segments.md").read_text()
    told = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", page, re.MULTILINE))
    assert {name: told.get(name) for name in COLUMNS} == {name: meaning for name, (_, meaning) in COLUMNS.items()}
    assert {one.segment_set for one in load_rules()} <= set(told)

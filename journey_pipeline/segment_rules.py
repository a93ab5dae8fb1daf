"""The rules of the segments, as people edit them: one line of a seed per segment, held against what is known.

Holds: the columns a rule may ask, the reading and checking of `segment_rules.csv`, the version of a set's rules, and
the macro dbt compiles one CASE per set from.
Add here: a column of the feature row (one line in COLUMNS, one in the model segment_features).
Must not be here: assigning customers (SQL in `journeys`), metrics (`segments.py`).

A rule is a predicate over columns, literals, comparisons, and, or, not, between, in and is null; the first that holds
wins, and whom none fits is `unknown`. A segment in braces, {country}, is the value of that column.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from journey_pipeline import predicates
from journey_pipeline.settings import DBT_PROJECT

RULES = Path("seeds") / "segment_rules.csv"
QUESTIONS = Path("seeds") / "survey_questions.csv"
HEADER = ["segment_set", "position", "segment", "rule", "description", "valid_from"]
UNKNOWN = "unknown"
# Set by k-means, not by rules; nothing in the file may be called so.
CLUSTERS = "cluster"

# Column of the feature row -> SQL type, meaning. All of it as it was known at the end of the week, attributes apart,
# which are known as of today.
COLUMNS: dict[str, tuple[str, str]] = {
    "order_count": ("bigint", "Counted orders and won deals so far"),
    "days_since_first_order": ("double", "Days since the first of them; empty without one"),
    "days_since_last_order": ("double", "Days since the last of them; empty without one"),
    "days_since_return_order": ("double", "Days since the last that came more than 180 days after the one before"),
    "orders_in_year": ("bigint", "Of them, within rfm_lookback_days"),
    "revenue_in_year": ("double", "Their value, net of refunds, in the reporting currency"),
    "recency_score": ("integer", "1 (long ago) to 5 (lately); empty without an order in the year"),
    "frequency_score": ("integer", "1 (rarely) to 5 (often)"),
    "monetary_score": ("integer", "1 (little) to 5 (much)"),
    "rfm_code": ("integer", "The three scores as one number, 111 to 555"),
    "value_decile": ("integer", "1 (the tenth that spent most in the year) to 10; empty without an order in it"),
    "predicted_value_decile": (
        "integer",
        "1 (the tenth worth most in the next twelve months) to 10; empty without a prediction",
    ),
    "is_active_week": ("boolean", "Did something this week: a visit, a click, an order, a message, an answer"),
    "was_active_week": ("boolean", "Did something the week before"),
    "weeks_since_first_event": ("integer", "Weeks since the first thing ever done; empty before it"),
    "days_since_last_activity": ("double", "Days since the last thing done; empty after more than 91"),
    "active_days_28": ("integer", "Days with any activity, of the last 28"),
    "sessions_28": ("integer", "Visits of the last 28 days"),
    "channels_28": ("integer", "Different channels of those visits"),
    "product_views_28": ("integer", "Products looked at in the last 28 days"),
    "engagement_score": ("double", "Mean of the quintiles of the four, 0 to 100; empty without activity in 28 days"),
    "weeks_since_product_use": ("integer", "Weeks since the product itself was last used; empty as above"),
    "weeks_since_product_view": ("integer", "Weeks since a product was last looked at; empty as above"),
    "weeks_since_cart": (
        "integer",
        "Weeks since something was last put into a cart or taken to checkout; empty as above",
    ),
    "main_channel": ("varchar", "Channel of most visits of the 91 days to the last visit; empty 91 days after it"),
    "country": ("varchar", "Country of the golden record"),
    "industry": ("varchar", "Industry of the golden record"),
    "plan": ("varchar", "Plan of the golden record"),
}
# Known after predictions only: a set that asks one of these is assigned then, for the latest week.
PREDICTED = {"predicted_value_decile"}
# Columns whose values may be segments.
LEVELS = ("main_channel", "country", "industry", "plan")
# The lifecycle is also asked of the moment a journey began, where nothing but orders is known.
LIFECYCLE = "lifecycle"
ORDER_COLUMNS = ("order_count", "days_since_first_order", "days_since_last_order", "days_since_return_order")
_LEVEL = re.compile(r"\{(\w+)\}")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class SegmentRuleError(ValueError):
    """A line of the rule file cannot be used; the text says where, what was expected, what was found."""


@dataclass(frozen=True)
class Rule:
    """One line of the file."""

    line: int
    segment_set: str
    position: int
    segment: str
    rule: str
    description: str
    valid_from: date

    def refuse(self, column: str, expected: str, found: str, known: list[str] | None = None) -> SegmentRuleError:
        """What is wrong in one cell."""
        return _refusal(self.line, column, expected, found, known)


@dataclass(frozen=True)
class RuleSet:
    """One version of one set: its rules in the order they are tried."""

    segment_set: str
    valid_from: date
    rule_version: str
    uses: tuple[str, ...]
    rules: tuple[Rule, ...]
    is_predicted: bool = False


def load_rules(project: Path = DBT_PROJECT) -> list[RuleSet]:
    """Every version of every set, sets in the order of the file, the newest version of each first.

    Raises SegmentRuleError for the first line that cannot be used.
    """
    columns = known_columns(project)
    rules = list(_read(project / RULES))
    sets = list(dict.fromkeys(rule.segment_set for rule in rules))
    asked: dict[str, set[str]] = defaultdict(set)
    predicted: set[str] = set()
    with duckdb.connect() as connection:
        for rule in rules:
            named = _check(connection, rule, columns, sets)
            asked[rule.segment_set] |= named & set(sets)
            if named & PREDICTED:
                predicted.add(rule.segment_set)
    for rule in rules:
        late = sorted(asked[rule.segment_set] if rule.segment_set in predicted else asked[rule.segment_set] & predicted)
        if late:
            raise rule.refuse("rule", "no other set together with what is predicted, which is known later", late[0])
        chained = sorted(name for name in asked[rule.segment_set] if asked[name])
        if chained:
            raise rule.refuse("rule", "sets whose own rules ask no other set", chained[0])
    return [replace(one, is_predicted=one.segment_set in predicted) for one in _versioned(rules, sets, asked)]


def known_columns(project: Path = DBT_PROJECT) -> dict[str, str]:
    """Columns a rule may ask, with their SQL types; a scale of attitudes is one as soon as a question belongs to it."""
    scales = {f"attitude_{scale}": "varchar" for scale in attitude_scales(project)}
    return {name: kind for name, (kind, _) in COLUMNS.items()} | scales


def predicted_sets(week: date, project: Path = DBT_PROJECT) -> list[RuleSet]:
    """The sets that ask predictions, in the version in force in a week."""
    found: dict[str, RuleSet] = {}
    for version in load_rules(project):
        if version.is_predicted and version.valid_from <= week:
            found.setdefault(version.segment_set, version)
    return list(found.values())


def case_of(version: RuleSet) -> str:
    """The segment of a feature row as SQL: the first rule that holds, otherwise unknown."""
    told = ((rule.rule, _LEVEL.fullmatch(rule.segment), rule.segment) for rule in version.rules)
    lines = " ".join(f"when {rule} then {level[1] if level else repr(name)}" for rule, level, name in told)
    return f"case {lines} else '{UNKNOWN}' end"


def attitude_scales(project: Path = DBT_PROJECT) -> list[str]:
    """Scales that the questions with instrument ATTITUDE measure, named in their column `family`."""
    with (project / QUESTIONS).open(encoding="utf-8", newline="") as stream:
        return sorted({row["family"] for row in csv.DictReader(stream) if row["instrument"] == "ATTITUDE"})


def macro(project: Path = DBT_PROJECT) -> str:
    """The checked rules as data that dbt's macros read; sets that ask predictions are assigned after them."""
    sets: dict[str, dict[str, Any]] = {}
    for version in load_rules(project):
        if version.is_predicted:
            continue
        told = sets.setdefault(version.segment_set, {"name": version.segment_set, "uses": [], "versions": []})
        told["uses"] = sorted({*told["uses"], *version.uses})
        told["versions"].append(
            {
                "valid_from": version.valid_from.isoformat(),
                "rule_version": version.rule_version,
                "rules": [{"segment": rule.segment, "rule": rule.rule} for rule in version.rules],
            }
        )
    for told in sets.values():
        listed = {rule["segment"] for version in told["versions"] for rule in version["rules"]}
        told["names"] = sorted(name for name in listed if not _LEVEL.fullmatch(name))
        told["levels"] = sorted(_LEVEL.fullmatch(name)[1] for name in listed if _LEVEL.fullmatch(name))  # type: ignore[index]
    return (
        "{#- Written from the seed segment_rules whenever dbt is prepared; git does not keep it. -#}\n"
        f"{{% macro segment_sets() %}}{{{{ return({list(sets.values())!r}) }}}}{{% endmacro %}}\n"
        f"{{% macro attitude_scales() %}}{{{{ return({attitude_scales(project)!r}) }}}}{{% endmacro %}}\n"
    )


def _read(file: Path) -> Iterator[Rule]:
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, restkey="more")
        if reader.fieldnames != HEADER:
            raise _refusal(1, "(all)", ",".join(HEADER), ",".join(reader.fieldnames or []))
        for row in reader:
            yield _rule(reader.line_num, row)


def _rule(line: int, row: dict[str, Any]) -> Rule:
    """One line with every cell read; rules are held against the columns later."""
    if "more" in row or None in row.values():
        raise _refusal(line, "(all)", f"{len(HEADER)} cells, text with a comma in quotes", "another number of them")
    if not _NAME.fullmatch(row["segment_set"]) or row["segment_set"] in {CLUSTERS, *COLUMNS}:
        expected = f"lower-case letters, digits and _, neither {CLUSTERS} nor a column"
        raise _refusal(line, "segment_set", expected, row["segment_set"])
    level = _LEVEL.fullmatch(row["segment"])
    if level and level[1] not in LEVELS:
        raise _refusal(line, "segment", "a column of levels in braces", level[1], list(LEVELS))
    if not level and (not _NAME.fullmatch(row["segment"]) or row["segment"] == UNKNOWN):
        raise _refusal(line, "segment", f"lower-case letters, digits and _, not {UNKNOWN}", row["segment"])
    if not row["position"].isdigit():
        raise _refusal(line, "position", "a whole number", row["position"])
    try:
        valid_from = date.fromisoformat(row["valid_from"])
    except ValueError:
        raise _refusal(line, "valid_from", "a date such as 2026-01-05", row["valid_from"]) from None
    given = {name: row[name] for name in ("segment_set", "segment", "rule", "description")}
    return Rule(line=line, position=int(row["position"]), valid_from=valid_from, **given)


def _refusal(line: int, column: str, expected: str, found: str, known: list[str] | None = None) -> SegmentRuleError:
    return SegmentRuleError(predicates.told(RULES.name, line, column, expected, found, known))


def _check(connection: duckdb.DuckDBPyConnection, rule: Rule, columns: dict[str, str], sets: list[str]) -> set[str]:
    """The names a rule asks."""
    others = {name: "varchar" for name in sets if name != rule.segment_set}
    is_lifecycle = rule.segment_set == LIFECYCLE
    known = {name: columns[name] for name in ORDER_COLUMNS} if is_lifecycle else columns | others
    return predicates.check(connection, rule.rule, known, partial(rule.refuse, "rule"))


def _versioned(rules: list[Rule], sets: list[str], asked: dict[str, set[str]]) -> list[RuleSet]:
    grouped: dict[tuple[str, date], list[Rule]] = defaultdict(list)
    for rule in rules:
        same = grouped[rule.segment_set, rule.valid_from]
        if any(rule.position == other.position for other in same):
            raise rule.refuse("position", "another number than the lines before it", str(rule.position))
        same.append(rule)
    digests = {}
    for key, members in grouped.items():
        text = "\n".join(f"{rule.segment}\t{rule.rule}" for rule in sorted(members, key=lambda one: one.position))
        digests[key] = hashlib.sha256(text.encode()).hexdigest()
    found = []
    for name in sets:
        for valid_from in sorted((day for one, day in grouped if one == name), reverse=True):
            members = sorted(grouped[name, valid_from], key=lambda one: one.position)
            # A set that asks others has changed when they have.
            others = [digests[key] for key in sorted(digests) if key[0] in asked[name]]
            whole = hashlib.sha256("".join([digests[name, valid_from], *others]).encode()).hexdigest()[:12]
            uses = tuple(sorted(asked[name]))
            found.append(RuleSet(name, valid_from, whole, uses, tuple(members)))
    return found

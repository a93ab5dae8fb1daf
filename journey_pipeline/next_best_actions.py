"""What to do next with a customer: rules as people edit them, one line of a seed each, held against what is known.

Holds: the columns such a rule may ask, the reading and checking of `next_best_action_rules.csv`, the version of a rule,
and the macro dbt compiles the recommendations from. Add here: a column of the row rules are asked of (its SQL stands in
the macro `next_best_action_row`). Must not be here: choosing (SQL), what an action is worth (`action_values`).

A rule is a condition as in `segment_rules`; of the rules a customer fits, the first three by rank are recommended.
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from journey_pipeline import predicates, segment_rules
from journey_pipeline.predictions.targets import TARGETS
from journey_pipeline.settings import DBT_PROJECT

RULES = Path("seeds") / "next_best_action_rules.csv"
HEADER = [
    "rule_id", "rank", "rule", "action", "kind", "reason", "content", "offer", "channel", "send_timing",
    "required_consent", "valid_from",
]  # fmt: skip
# A service answers what the customer did or bought; marketing needs the consent it names.
KINDS = ("service", "marketing")
PURPOSES = ("analytics", "ads", "ads_personalization", "email_marketing", "sms_marketing", "functional")
# Beside the feature row of segments, every set and every prediction: SQL type and meaning.
COLUMNS: dict[str, tuple[str, str]] = {
    "current_stage": ("varchar", "Furthest stage of the latest journey; empty without one"),
    "last_answer_share": ("double", "The last answer to a survey, 0 worst to 1 best"),
    "days_since_last_answer": ("double", "Days since it"),
    "days_since_last_contact": ("double", "Days since the customer last wrote to or called support"),
}
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class NextBestActionError(ValueError):
    """A line of the rule file cannot be used; the text says where, what was expected, what was found."""


@dataclass(frozen=True)
class Rule:
    """One line of the file. `asks` are the columns its condition names; on `valid_to` a later version begins."""

    line: int
    rank: int
    valid_from: date
    cells: dict[str, str]
    asks: tuple[str, ...] = ()
    valid_to: date | None = None

    @property
    def version(self) -> str:
        """Changes with what decides or is recommended, and with nothing else."""
        told = [str(self.rank), *(self.cells[name] for name in HEADER if name not in ("reason", "rank", "valid_from"))]
        return hashlib.sha256("\t".join(told).encode()).hexdigest()[:12]


def predictions() -> dict[str, tuple[str, str]]:
    """Column -> target and outcome of the score it holds."""
    found: dict[str, tuple[str, str]] = {}
    for target in TARGETS:
        if target.kind == "classes":
            found |= {f"{target.name}_{outcome}": (target.name, outcome) for outcome in target.outcomes}
        else:
            outcome = {"value": "revenue", "time": "median_days"}.get(target.kind, "yes")
            found[target.name] = (target.name, outcome)
    return found


def known_columns(project: Path = DBT_PROJECT) -> dict[str, str]:
    """Columns a rule may ask, with their SQL types."""
    sets = {version.segment_set: "varchar" for version in segment_rules.load_rules(project)}
    consents = {f"consent_{purpose}": "varchar" for purpose in PURPOSES}
    own = {name: kind for name, (kind, _) in COLUMNS.items()}
    return segment_rules.known_columns(project) | sets | own | dict.fromkeys(predictions(), "double") | consents


def load_rules(project: Path = DBT_PROJECT) -> list[Rule]:
    """Every version of every rule, by rank. Raises NextBestActionError for the first line that cannot be used."""
    columns = known_columns(project)
    rules: list[Rule] = []
    with duckdb.connect() as connection:
        for rule in _read(project / RULES):
            asks = predicates.check(connection, rule.cells["rule"], columns, partial(_refusal, rule.line, "rule"))
            for other in rules:
                same = (other.cells["rule_id"], other.valid_from) == (rule.cells["rule_id"], rule.valid_from)
                if same:
                    raise _refusal(rule.line, "rule_id", "one line per rule and valid_from", rule.cells["rule_id"])
            rules.append(Rule(rule.line, rule.rank, rule.valid_from, rule.cells, tuple(sorted(asks))))
    return sorted((_until(rule, rules) for rule in rules), key=lambda one: (one.rank, one.line))


def _until(rule: Rule, rules: list[Rule]) -> Rule:
    later = [one.valid_from for one in rules if one.cells["rule_id"] == rule.cells["rule_id"]]
    ends = min((day for day in later if day > rule.valid_from), default=None)
    return Rule(rule.line, rule.rank, rule.valid_from, rule.cells, rule.asks, ends)


def macro(project: Path = DBT_PROJECT) -> str:
    """The checked rules, and the columns they ask of, as data that dbt's macros read."""
    columns = known_columns(project)
    rules = [
        {
            **rule.cells,
            "rank": rule.rank,
            "valid_from": rule.valid_from.isoformat(),
            "valid_to": rule.valid_to.isoformat() if rule.valid_to else None,
            "rule_version": rule.version,
            "asks": [{"name": name, "kind": columns[name]} for name in rule.asks],
        }
        for rule in load_rules(project)
    ]
    return (
        "{#- Written from the seed next_best_action_rules whenever dbt is prepared; git does not keep it. -#}\n"
        f"{{% macro next_best_action_rules() %}}{{{{ return({rules!r}) }}}}{{% endmacro %}}\n"
        f"{{% macro next_best_action_predictions() %}}{{{{ return({predictions()!r}) }}}}{{% endmacro %}}\n"
        f"{{% macro next_best_action_features() %}}{{{{ return({list(segment_rules.known_columns(project))!r}) }}}}"
        "{% endmacro %}\n"
        f"{{% macro consent_purposes() %}}{{{{ return({list(PURPOSES)!r}) }}}}{{% endmacro %}}\n"
    )


def _read(file: Path) -> Iterator[Rule]:
    with file.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream, restkey="more")
        if reader.fieldnames != HEADER:
            raise _refusal(1, "(all)", ",".join(HEADER), ",".join(reader.fieldnames or []))
        for row in reader:
            yield _rule(reader.line_num, row)


def _rule(line: int, row: dict[str, Any]) -> Rule:
    """One line with every cell read; conditions are held against the columns later."""
    if "more" in row or None in row.values():
        raise _refusal(line, "(all)", f"{len(HEADER)} cells, text with a comma in quotes", "another number of them")
    for column in ("rule_id", "action"):
        if not _NAME.fullmatch(row[column]):
            raise _refusal(line, column, "lower-case letters, digits and _", row[column])
    if not row["rank"].isdigit():
        raise _refusal(line, "rank", "a whole number", row["rank"])
    if row["kind"] not in KINDS:
        raise _refusal(line, "kind", " or ".join(KINDS), row["kind"])
    if row["required_consent"] not in PURPOSES and (row["required_consent"] or row["kind"] == "marketing"):
        expected = "a purpose of consent; only a service may go without"
        raise _refusal(line, "required_consent", expected, row["required_consent"], list(PURPOSES))
    if not row["reason"].strip():
        raise _refusal(line, "reason", "what a person should read as the reason", "")
    try:
        valid_from = date.fromisoformat(row["valid_from"])
    except ValueError:
        raise _refusal(line, "valid_from", "a date such as 2026-01-05", row["valid_from"]) from None
    return Rule(line, int(row["rank"]), valid_from, {name: row[name] for name in HEADER})


def _refusal(line: int, column: str, expected: str, found: str, known: list[str] | None = None) -> NextBestActionError:
    return NextBestActionError(predicates.told(RULES.name, line, column, expected, found, known))

"""Credit is not causation: only experiments, and the model they calibrate, are called incremental, lift or caused.

Every sentence with such a word, in documentation, descriptions, pages and docstrings, must say in the same breath that
it speaks of an experiment, a holdout, calibration or a simulated truth, or deny it. Sentences about something else
(what merged two customers, how a rate changed against its baseline) are declared here with their reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from journey_pipeline.attribution import MODELS
from journey_pipeline.report import wording
from journey_pipeline.settings import DBT_PROJECT, PROJECT_ROOT

CLAIM = re.compile(r"(?<![a-z_])(incremental(ly|ity)?|uplifts?|lifts?|caus(es|ed|al|ally|ing|ation))(?![a-z_])", re.I)
GROUND = re.compile(
    r"\b(experiments?|experimental|holdouts?|calibrat\w+|simulat\w+|truth|true|held out|hold out|by lot|test(s|ed)?)\b"
    r"|\b(not|no|none|nor|never|neither|nobody|nothing|cannot)\b",
    re.I,
)
# Files whose sentences with these words are about something else than what a channel does.
BEFORE_AND_AFTER = "a rate against its frozen baseline; the tables say that before and after is no experiment"
MERGES = "what merged or split two customers"
RESTATED = "why a number that was already reported is another one now"
ELSEWHERE = {
    "journey_pipeline/change.py": BEFORE_AND_AFTER,
    "journey_pipeline/conversion.py": BEFORE_AND_AFTER,
    "journey_pipeline/signals.py": BEFORE_AND_AFTER,
    "journey_pipeline/defs/measures.py": BEFORE_AND_AFTER,
    "docs/reproducing.md": RESTATED,
    "journey_pipeline/rebuilding.py": RESTATED,
    "journey_pipeline/restated_events.py": RESTATED,
    "docs/identity.md": MERGES,
    "docs/restatements.md": RESTATED,
    "journey_pipeline/release/restatements.py": RESTATED,
    "journey_pipeline/release/states.py": RESTATED,
    "journey_pipeline/report/restated.py": RESTATED,
    "journey_pipeline/report/templates/restated.html.j2": RESTATED,
    "journey_pipeline/identity_history.py": MERGES,
}
TABLES_ELSEWHERE = {
    "mart_weekly_signals": BEFORE_AND_AFTER,
    "weekly_signals": BEFORE_AND_AFTER,
    "experiments": "what is handed in of an experiment",
}
# Where what was drawn by lot is read: such rows say `is_incremental`, or why they do not.
OF_EXPERIMENTS = {"mart_experiments", "experiments", "mart_uplift_quality", "uplift_quality", "mart_uplift_scores",
                  "uplift_scores", "mart_action_values", "action_values"}  # fmt: skip
# Names of their columns, as code says them.
COLUMNS = {"uplift"}
# Simulated worlds know what they cause; codecs and dbt have words of their own.
SIMULATED = ("journey_pipeline/world/", "journey_pipeline/truth_bench/")
FOREIGN = re.compile(r"getincremental\w*|Incremental(De|En)coder|incremental_strategy|materialized.{0,4}incremental")
# The column that says which rows of a table may be called so, and which may not.
FLAG = "is_incremental"
SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\s\|\s")


def sentences(text: str) -> Iterator[str]:
    for part in re.split(r"\n\s*(?=\n|[-*#|] |\d+\. )", FOREIGN.sub("", text)):
        yield from (" ".join(sentence.split()) for sentence in SENTENCE_END.split(part))


def claims(text: str) -> list[str]:
    """Sentences that claim an effect without naming ground for it."""
    return [one for one in sentences(text) if CLAIM.search(one) and not GROUND.search(one)]


def texts(path: Path) -> Iterator[str]:
    """What a file says to people: all of a page, the strings and comments of code, the descriptions of tables."""
    content = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(content)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in COLUMNS:
                yield node.value
        yield from (line.split("#", 1)[1] for line in content.splitlines() if "#" in line)
    elif path.suffix == ".yml":
        for table in tables(path):
            if table["name"] not in TABLES_ELSEWHERE:
                yield from (one["description"] for one in [table, *table.get("columns", [])] if "description" in one)
    elif path.suffix == ".sql":
        yield from (line.split("--", 1)[1] for line in content.splitlines() if "--" in line)
    else:
        yield content


def tables(path: Path) -> list[dict[str, Any]]:
    """Every table a file describes."""
    content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    sources = [table for source in content.get("sources", []) for table in source.get("tables", [])]
    return [*content.get("models", []), *content.get("seeds", []), *sources]


def pages() -> list[Path]:
    patterns = ("*.md", "docs/*.md", "dbt_project/models/**/*.yml", "dbt_project/models/**/*.sql",
                "dbt_project/macros/*.sql", "dbt_project/seeds/*", "journey_pipeline/**/*.py",
                "journey_pipeline/report/templates/*")  # fmt: skip
    found = [path for pattern in patterns for path in sorted(PROJECT_ROOT.glob(pattern)) if path.is_file()]
    return [path for path in found if "target" not in path.parts and not name(path).startswith(SIMULATED)]


def name(path: Path) -> str:
    return path.relative_to(PROJECT_ROOT).as_posix()


def test_no_page_calls_credit_an_effect() -> None:
    found = [f"{name(path)}: {one}" for path in pages() if name(path) not in ELSEWHERE
             for text in texts(path) for one in claims(text)]  # fmt: skip
    assert found == []


def test_what_is_declared_as_something_else_still_exists() -> None:
    assert [one for one in ELSEWHERE if not (PROJECT_ROOT / one).is_file()] == []
    for one in ELSEWHERE:
        assert any(claims(text) for text in texts(PROJECT_ROOT / one)), f"{one} needs no exception any more"


def test_no_table_or_column_is_called_an_effect() -> None:
    described = [table for path in pages() if path.suffix == ".yml" for table in tables(path)]
    found = [
        f"{table['name']}.{one}"
        for table in described
        if table["name"] not in {*TABLES_ELSEWHERE, *OF_EXPERIMENTS}
        for one in [table["name"], *(column["name"] for column in table.get("columns", []))]
        if CLAIM.search(one.replace("_", " ")) and "calibrated" not in one and one != FLAG
    ]
    assert found == []
    assert {"mart_attribution", "weekly_signals"} <= {table["name"] for table in described}


def test_every_table_with_such_a_column_says_of_each_row_whether_it_may() -> None:
    """By is_incremental, or by is_released, which asks for the same and more."""
    described = {table["name"]: table for path in pages() if path.suffix == ".yml" for table in tables(path)}
    for one in OF_EXPERIMENTS:
        columns = {column["name"] for column in described[one].get("columns", [])}
        if one.startswith("mart_") and one != "mart_uplift_scores":
            assert {"is_incremental", "is_released"} & columns, one


def test_no_model_is_called_an_effect() -> None:
    rules = (DBT_PROJECT / "macros" / "credit_rules.sql").read_text()
    names = [*MODELS, *re.findall(r"'(\w+)':", rules)]
    assert {"markov", "first", "linear"} <= set(names)
    assert [model for model in names if CLAIM.search(f"{model} {wording.name(model)}".replace("_", " "))] == []


@pytest.mark.parametrize(
    ("text", "is_claim"),
    [
        ("The last rule shows the incremental orders of each channel.", True),
        ("Email caused 12 orders.", True),
        ("Lift by channel\n\nAn experiment.", True),
        ("Credit is not causation.", False),
        ("The lift that the holdout found.", False),
        ("Incremental conversions come from experiments. Email lifts orders.", True),
        ("The cause of a fault is told, and leaflets are no touch.", False),
        ("A shoplifter's incrementality", True),
    ],
)
def test_the_words_are_found(text: str, is_claim: bool) -> None:
    assert bool(claims(text)) is is_claim

"""The page docs/adding-a-channel.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from journey_pipeline.ingest import load_contracts
from journey_pipeline.wiring import missing_steps

from .pipeline_runs import ask

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "adding-a-channel.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"<!-- (file|line): (\S+) -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
INBOX = "data/inbox/podcast_ads"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    for folder in ("journey_pipeline", "dbt_project"):
        shutil.copytree(
            ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("target", "__pycache__", "logs")
        )
    return tmp_path


def journey(clone: Path, *arguments: str) -> tuple[int, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("JOURNEY_", "DAGSTER_"))}
    environment |= {"PYTHONPATH": str(clone)}
    result = subprocess.run(
        [sys.executable, "-m", "journey_pipeline.cli", *arguments],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


def test_each_step_of_the_page_is_asked_for_and_the_channel_is_released(clone: Path) -> None:
    told = [
        (2, "E_UNKNOWN_FILE"),
        (2, "no staging model reads podcast_ads__placements"),
        (2, "podcast_ads__placements does not reach events.spend"),
        (0, "2 of 3 records kept, 1 dropped by rule"),
    ]
    assert [kind for kind, _, _ in BLOCKS] == ["file", "file", "file", "line"]
    for (kind, name, content), (code, words) in zip(BLOCKS, told, strict=True):
        target = clone / name
        if kind == "file":
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")
        else:
            text = target.read_text(encoding="utf-8")
            target.write_text(
                text.replace("with delivered as (\n", f"with delivered as (\n{content}", 1), encoding="utf-8"
            )
        answer = journey(clone, "check", INBOX)
        assert (answer[0], words in answer[1]) == (code, True), answer[1]

    code, said = journey(clone, "run", "--as-of", "2026-11-16")
    assert code == 0, said
    released = clone / "data" / "published" / "journey.duckdb"
    assert ask(released, "select channel, sum(cost_amount), count(*) from spend group by channel") == [
        ("audio", Decimal("2500"), 2)
    ]
    in_each_model = "select channel, sum(spend), sum(credit) from attribution group by channel, conversion_type, model"
    assert set(ask(released, in_each_model)) == {("audio", Decimal("2500"), 0)}
    assert "audio" in (clone / "data" / "published" / "report" / "index.html").read_text(encoding="utf-8").lower()


def test_a_spend_block_that_names_no_column_is_asked_for() -> None:
    contract = load_contracts()["google_ads__campaign_report"]
    assert contract.spend is not None
    broken = contract.model_copy(update={"spend": contract.spend.model_copy(update={"cost": "costs"})})
    (step,) = missing_steps(broken)
    assert step.startswith("google_ads__campaign_report: cost of its spend block cannot be read")
    assert "costs" in step


def test_every_contract_of_the_catalogue_is_wired() -> None:
    assert {name: steps for name, c in load_contracts().items() if (steps := missing_steps(c))} == {}


@pytest.mark.parametrize(("column", "told"), [("mobile", True), ("mobile_phone", False), ("my_telephone", True)])
def test_an_identifier_that_would_stay_readable_is_told(tmp_path: Path, column: str, told: bool) -> None:
    """Staging makes pseudonyms by the names of columns, so an edge of a column not named after its kind is a fault."""
    contract = load_contracts()["salesforce__contacts"]
    staging, events = tmp_path / "models" / "staging", tmp_path / "models" / "events"
    for folder in (staging, events):
        folder.mkdir(parents=True)
    (staging / "stg_salesforce__contacts.sql").write_text("select * from {{ source('raw', 'salesforce__contacts') }}")
    call = f"edges_from('stg_salesforce__contacts', 'at', [\n('email', 'phone:{column}', 'same_record', 'strong'),\n])"
    for table in contract.canonical:
        (events / f"{table}.sql").write_text(f"{{{{ {call} }}}}")
    steps = missing_steps(contract, tmp_path)
    expected = f"stg_salesforce__contacts tells {column} as phone, and by its name it would stay readable: "
    assert [step.startswith(expected) for step in steps] == ([True] if told else [])

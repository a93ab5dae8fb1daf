"""The command line at its edges: quick to answer, clear when it cannot."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import typer
from typer.testing import CliRunner

from journey_pipeline import next_best_actions, segment_rules
from journey_pipeline.cli import app
from journey_pipeline.experiments import designs
from journey_pipeline.running import without_values
from journey_pipeline.world.assignment import chosen_sources

from .ingest.home import Home
from .ingest.test_warnings import OTHER_TOTAL, with_column
from .pipeline_runs import journey


def test_the_help_page_needs_none_of_the_heavy_libraries() -> None:
    script = (
        "import sys, journey_pipeline.cli\n"
        "heavy = {'dagster', 'dbt', 'great_expectations', 'pandas', 'duckdb', 'altair', 'numpy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_generate_never_writes_over_somebody_elses_exports(tmp_path: Path) -> None:
    mine = tmp_path / "inbox" / "shopify" / "orders_export_1.csv"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n")
    result = journey("generate", "--customers", "20", "--weeks", "4", home=tmp_path)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert mine.read_text() == "mine\n"


def test_generate_if_absent_leaves_an_inbox_alone(tmp_path: Path) -> None:
    (tmp_path / "inbox" / "ga4").mkdir(parents=True)
    result = journey("generate", "--if-absent", home=tmp_path)
    assert result.returncode == 0
    assert "nothing generated" in result.stdout


def test_a_typing_error_in_the_settings_is_explained(tmp_path: Path) -> None:
    (tmp_path / "journey.toml").write_text('timezone = "UTC"\n')
    result = journey("status", home=tmp_path)
    assert result.returncode == 1
    assert "nearest known: 'time_zone'" in result.stderr
    assert "Traceback" not in result.stderr


def checked(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "journey_pipeline.cli", "check", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_check_names_every_bad_file_in_one_line_and_exits_2(tmp_path: Path) -> None:
    folder = tmp_path / "shopify"
    folder.mkdir()
    (folder / "orders_export_1.csv").write_bytes(b"")
    (folder / "orders_export_2.csv").write_text("<!DOCTYPE html><html>503</html>")
    result = checked(folder)
    assert result.returncode == 2
    lines = result.stdout.splitlines()
    assert len(lines) == 2
    assert "E_EMPTY_FILE" in lines[0]
    assert "E_NOT_CSV" in lines[1]


def test_check_tells_the_warnings_of_an_accepted_file_in_its_line(tmp_path: Path) -> None:
    file = tmp_path / "google_ads" / "Campaign report.csv"
    file.parent.mkdir()
    file.write_text(with_column(OTHER_TOTAL, "Label"))
    result = checked(file)
    assert result.returncode == 0, result.stdout
    (line,) = result.stdout.splitlines()
    assert f"{file}: ok contract=google_ads__campaign_report" in line
    for warning in (
        "warning: unknown columns kept in _extra: Label",
        "warning: optional columns not delivered: ",
        "warning: the totals row gives another sum of cost than the rows",
    ):
        assert warning in line


def test_no_file_name_reaches_the_terminal_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "shopify"
    folder.mkdir()
    for name in ("orders_export_\x1b[31m.csv", "orders\nfake: ok.csv", "orders_export_maya@example.com.csv"):
        (folder / name).write_text("x")
    result = checked(folder)
    assert result.returncode == 2
    assert len(result.stdout.splitlines()) == 3
    assert "\x1b" not in result.stdout
    assert "maya" not in result.stdout


def test_check_of_what_is_not_there_or_unfinished(tmp_path: Path) -> None:
    absent = checked(tmp_path / "nowhere")
    assert absent.returncode == 2
    assert "no such file or folder" in absent.stdout
    (tmp_path / "Campaign report.csv.part").write_text("x")
    unfinished = checked(tmp_path)
    assert unfinished.returncode == 0
    assert "skipped" in unfinished.stdout


def test_status_of_a_new_home_says_how_to_begin(tmp_path: Path) -> None:
    result = journey("status", home=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "journey run" in result.stdout


def test_a_fault_never_quotes_the_cell_that_caused_it() -> None:
    told = (
        "customers: _duckdb.ConversionException: Conversion Error: Could not convert string 'maya@example.com' to INT64"
    )
    assert without_values(told) == "customers: _duckdb.ConversionException: Conversion Error"
    structural = "Catalog Error: Table with name spend does not exist!"
    assert without_values(structural) == structural


@pytest.mark.parametrize(("count", "told"), [(1, "holds 1 file that"), (2, "holds 2 files that")])
def test_what_lies_in_the_way_of_a_market_is_counted(tmp_path: Path, count: int, told: str) -> None:
    for number in range(count):
        file = tmp_path / "inbox" / "shopify" / f"orders of maya@example.com {number}.csv"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("mine\n")
    result = journey("generate", "--customers", "20", "--weeks", "4", home=tmp_path)
    assert result.returncode == 1
    assert told in result.stderr
    assert "maya" not in result.stderr


def test_sources_are_named_or_all(tmp_path: Path) -> None:
    nonsense = journey("generate", "--sources", "nonsense,ga4", home=tmp_path)
    assert nonsense.returncode == 2
    assert "'nonsense'" in nonsense.stderr
    assert "'ga4'" not in nonsense.stderr
    assert ", hubspot, " in nonsense.stderr
    assert not (tmp_path / "inbox").exists()
    assert chosen_sources(["all"]) == chosen_sources(None)


COMMANDS = ["generate", "run", "check", "status", "erase", "access", "paths", "timeline", "report", "ui"]
COMMANDS += [f"release {name}" for name in ("list", "show", "verify", "rollback", "reproduce", "restatements")]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_word_of_a_help_text_is_taken_for_markup(command: str) -> None:
    shown = " ".join(invoke("--help", command=command).replace("│", " ").split())
    node = typer.main.get_command(app)
    for name in command.split():
        node = node.commands[name]  # type: ignore[attr-defined]
    texts = [node.help or "", *(parameter.help or "" for parameter in node.params)]  # type: ignore[attr-defined]
    assert [text for text in texts if " ".join(text.split()) not in shown] == []


def invoke(*arguments: str, command: str) -> str:
    result = CliRunner().invoke(app, [*command.split(), *arguments], terminal_width=400, env={"COLUMNS": "400"})
    assert result.exit_code == 0
    return result.output


def test_status_names_what_is_held_back_and_what_to_do(tmp_path: Path) -> None:
    home = Home(tmp_path)
    for number in range(12):
        home.put(f"shopify/orders_export_{number:02}.csv", f"<html>{number}</html>")
    home.put("shopify/of maya@example.com.txt", "x")
    home.load()
    result = journey("status", home=tmp_path)
    assert result.returncode == 0, result.stderr
    held = [line for line in result.stdout.splitlines() if line.startswith("held back: ")]
    assert len(held) == 11
    assert held[-1] == "held back: and 3 more"
    assert [line for line in held[:-1] if "E_NOT_CSV, download the export again" not in line] == [
        next(line for line in held if "E_UNKNOWN_FILE, rename or remove the file" in line)
    ]
    assert "maya" not in result.stdout


def test_a_segment_rule_that_cannot_be_used_stops_the_run_before_it_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = tmp_path / "segment_rules.csv"
    header = "segment_set,position,segment,rule,description,valid_from"
    rules.write_text(f"{header}\nlifecycle,10,new,order_cuont = 0,Nobody,2026-01-05\n")
    monkeypatch.setattr(segment_rules, "RULES", rules)
    (tmp_path / "inbox").mkdir()
    result = CliRunner().invoke(app, ["run", "--home", str(tmp_path)], env={"COLUMNS": "400"})
    assert result.exit_code == 2
    assert "segment_rules.csv, line 2, column rule: expected a known column" in result.output
    assert "did you mean order_count?" in result.output
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize(
    ("module", "name", "line"),
    [
        (next_best_actions, "RULES", "late,1,order_cuont > 0,mail,service,Because,,,email,,,2026-01-05"),
        (designs, "DESIGNS", "late,Late,a=0.5 b=0.6,a,purchase_30=0.01,2026-01-05,2026-02-01,0.05,M,false,true"),
    ],
)  # fmt: skip
def test_nor_does_a_run_begin_with_a_bad_recommendation_or_design(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, line: str
) -> None:
    seed = tmp_path / getattr(module, name).name
    seed.write_text(f"{','.join(module.HEADER)}\n{line}\n")
    monkeypatch.setattr(module, name, seed)
    (tmp_path / "inbox").mkdir()
    result = CliRunner().invoke(app, ["run", "--home", str(tmp_path)], env={"COLUMNS": "400"})
    assert result.exit_code == 2
    assert f"{seed.name}, line 2, column" in result.output
    assert not (tmp_path / "lake").exists()

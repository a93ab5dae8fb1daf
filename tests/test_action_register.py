"""The register that people edit: a line that cannot be used is named with its column, what was expected and found."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from journey_pipeline import action_register
from journey_pipeline.settings import DBT_PROJECT

GOOD = {
    "action_id": "welcome-mail",
    "opportunity": "More buyers begin to use it",
    "kpi": "journey_completion",
    "metric": "purchase>experience",
    "breakdown": "entry_channel",
    "member": "email",
    "hypothesis": "They do not know where to begin",
    "owner": "Experience Management",
    "due_on": "2026-12-01",
    "started_on": "2026-10-05",
    "ended_on": "",
    "decision": "approved",
    "status": "running",
    "experiment_id": "",
    "expected_low": "0.02",
    "expected_high": "0.08",
    "effort": "5",
    "proposed_on": "2026-09-28",
    "compare_from": "",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(DBT_PROJECT / "seeds", tmp_path / "seeds")
    return tmp_path


def write(project: Path, *lines: dict[str, str], header: list[str] | None = None) -> None:
    names = header or [*action_register.HEADER, *action_register.OPTIONAL]
    rows = [",".join(names), *(",".join(line.get(name, "") for name in names) for line in lines)]
    (project / action_register.FILE).write_text("\n".join(rows) + "\n", encoding="utf-8")


def test_the_shipped_register_is_empty_and_can_be_read() -> None:
    assert action_register.load() == []


def test_a_line_is_read_with_its_types(project: Path) -> None:
    write(project, GOOD)
    action = action_register.load(project)[0]
    assert action["started_on"] == date(2026, 10, 5) and action["ended_on"] is None
    assert (action["expected_low"], action["effort"], action["line"]) == (0.02, 5.0, 2)


def test_optional_columns_may_be_left_out(project: Path) -> None:
    write(project, GOOD, header=action_register.HEADER)
    assert action_register.load(project)[0]["proposed_on"] is None


def test_steps_of_every_funnel_and_kpis_are_metrics() -> None:
    known = action_register.declared().metrics
    assert {"awareness>consideration", "awareness>purchase", "purchase>experience", "awareness>advocacy"} <= set(known)
    assert {"checkout:view_item>add_to_cart", "checkout:view_item>order_placed", "customer_retention"} <= set(known)
    assert {"onboarding", "unresolved_support"} <= set(known)
    assert action_register.declared().is_friction("js_error in purchase")
    assert not action_register.declared().is_friction("js_error in the shop")
    assert "consideration>experience" not in known, "a step leads from the one before it or from the first"


@pytest.mark.parametrize(
    ("column", "given", "told"),
    [
        ("owner", "Experience Managment", "did you mean Experience Management?"),
        ("metric", "purchase>experiance", "did you mean purchase>experience?"),
        ("kpi", "nps", "expected a KPI of the seed kpis, or nothing, found 'nps'"),
        ("breakdown", "channel", "did you mean entry_channel?"),
        ("member", "", "expected breakdown and member together, or neither"),
        ("due_on", "2026-09-01", "expected a day not before proposed_on 2026-09-28, found '2026-09-01'"),
        ("ended_on", "2026-10-01", "expected a day not before started_on 2026-10-05, found '2026-10-01'"),
        ("started_on", "5.10.2026", "expected a date such as 2026-01-05, or nothing, found '5.10.2026'"),
        ("started_on", "", "expected a date, as the status is running, found 'nothing'"),
        ("expected_high", "0.01", "expected at least expected_low 0.02, found '0.01'"),
        ("expected_high", "five", "expected a number such as 0.05, or nothing, found 'five'"),
        ("expected_low", "", "expected both ends of what is expected, or neither"),
        ("effort", "0", "expected person-days above 0, or nothing, found '0'"),
        ("status", "live", "expected proposed, planned, running, done or dropped, found 'live'"),
        ("decision", "yes", "expected approved, rejected, postponed, or nothing, found 'yes'"),
        ("action_id", "Welcome mail", "expected lower-case letters, digits, _ and -, found 'Welcome mail'"),
    ],
)
def test_what_cannot_be_used_is_named(project: Path, column: str, given: str, told: str) -> None:
    write(project, {**GOOD, "action_id": "first"}, {**GOOD, column: given})
    with pytest.raises(action_register.ActionError) as refusal:
        action_register.load(project)
    assert str(refusal.value).startswith(f"actions.csv, line 3, column {column}: ")
    assert told in str(refusal.value)


def test_a_repeated_id_and_another_header_are_refused(project: Path) -> None:
    write(project, GOOD, GOOD)
    with pytest.raises(action_register.ActionError, match="line 3, column action_id: expected an id of its own"):
        action_register.load(project)
    write(project, GOOD, header=action_register.HEADER[1:])
    with pytest.raises(action_register.ActionError, match="line 1"):
        action_register.load(project)


def test_a_kpi_has_no_members(project: Path) -> None:
    write(project, {**GOOD, "metric": "journey_completion"})
    with pytest.raises(action_register.ActionError, match="column breakdown: expected nothing"):
        action_register.load(project)

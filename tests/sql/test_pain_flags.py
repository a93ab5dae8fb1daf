"""Flags of journeys, the cells of pain points and themes of comments, on tables of their own."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from journey_pipeline.settings import DBT_PROJECT

from .compiled_models import Bench, compile_models

VECTOR = Path(__file__).parent.parent / "vectors" / "63b_pain_flags"
START = datetime(2026, 6, 1)
# What the vector calls them -> what the table does.
FLAGS = {
    "disconnected_channels": "disconnected_channels",
    "long_cycle": "long_cycle",
    "poor_onboarding": "poor_onboarding",
    "lack_of_support": "missing_support",
    "no_follow_up": "no_follow_up",
}
BREAKDOWNS = ("entry_channel", "entry_device", "customer_type", "market")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(
        tmp_path_factory.mktemp("dbt"),
        "journey_flags pain_flag_cells comment_themes_of_answers comment_theme_cells purchase_followups",
        json.dumps(json.loads((VECTOR / "params.json").read_text()) | _as_variables()),
    )


def _as_variables() -> dict[str, Any]:
    """The vector's settings under the names of the variables."""
    given = json.loads((VECTOR / "params.json").read_text())
    names = {
        "followup_days": "followup_days",
        "long_cycle_days": "long_cycle_p90_days",
        "onboarding_days": "onboarding_days",
        "repeated_contacts": "repeat_contacts",
        "support_reply_hours": "support_hours",
    }
    return {ours: given[theirs] for ours, theirs in names.items()}


def facts(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of journey_flag_facts: what is not given is nothing, and everything is long ago."""
    usual: dict[str, Any] = {
        "days_since_purchase": 100.0,
        "days_since_contact": 100.0,
        "bad_answers": 0,
        "days_silent_after_bad_answer": None,
        "days_since_bad_answer": None,
    }
    return rows.assign(**{name: value for name, value in usual.items() if name not in rows})


TYPES = {
    "handoff_context_kept": "boolean",
    "support_resolved": "boolean",
    "post_purchase_contact_14d": "boolean",
    "days_to_purchase": "double",
    "days_to_first_value": "double",
    "days_to_first_followup": "double",
    "support_first_response_hours": "double",
    "days_since_purchase": "double",
    "days_since_contact": "double",
    "days_silent_after_bad_answer": "double",
    "days_since_bad_answer": "double",
    "repeat_contacts_7d": "bigint",
}


def flags_of(models: dict[str, str], rows: pd.DataFrame) -> pd.DataFrame:
    bench = Bench(models)
    bench.put("journeys.journey_flag_facts", facts(rows), **{n: t for n, t in TYPES.items() if n in facts(rows)})
    return bench.run("journey_flags").set_index("journey_id")


def test_the_flags_of_the_vector(models: dict[str, str]) -> None:
    given, expected = (pd.read_csv(VECTOR / f"{name}.csv") for name in ("input", "expected"))
    told = flags_of(models, given.astype(object).where(given.notna(), None))
    found = told.loc[expected["journey_id"], list(FLAGS.values())].astype(bool).to_numpy().tolist()
    assert found == expected[list(FLAGS)].to_numpy().tolist()


ONE = {
    "journey_id": "j", "channels_used": 1, "handoff_context_kept": None, "days_to_purchase": 3.0,
    "days_to_first_value": None, "support_first_response_hours": None, "support_resolved": None,
    "repeat_contacts_7d": 0, "post_purchase_contact_14d": False, "days_to_first_followup": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("given", "flag", "expected"),
    [
        ({"days_since_purchase": 6.9}, "poor_onboarding", None),
        ({"days_since_purchase": 7.0}, "poor_onboarding", True),
        ({"days_since_purchase": 2.0, "days_to_first_value": 1.0}, "poor_onboarding", False),
        ({"days_since_purchase": None, "days_to_purchase": None}, "poor_onboarding", None),
        ({"days_since_purchase": None, "days_to_purchase": None}, "long_cycle", None),
        ({"days_since_purchase": 13.9}, "no_follow_up", None),
        ({"days_since_purchase": 5.0, "post_purchase_contact_14d": True}, "no_follow_up", False),
        # A case of today is neither answered too late nor in time.
        ({"repeat_contacts_7d": 1, "days_since_contact": 0.5}, "missing_support", None),
        ({"repeat_contacts_7d": 1, "support_resolved": True}, "missing_support", False),
        ({"repeat_contacts_7d": 1, "days_since_contact": 0.5}, "repeated_contact", None),
        ({"repeat_contacts_7d": 1}, "repeated_contact", False),
        ({"repeat_contacts_7d": 2, "days_since_contact": 0.5}, "repeated_contact", True),
        ({"bad_answers": 1, "days_since_bad_answer": 20.0}, "drop_off_after_bad_answer", None),
        ({"bad_answers": 1, "days_since_bad_answer": 31.0}, "drop_off_after_bad_answer", True),
        (
            {"bad_answers": 1, "days_since_bad_answer": 90.0, "days_silent_after_bad_answer": 29.0},
            "drop_off_after_bad_answer",
            False,
        ),
        (
            {"bad_answers": 1, "days_since_bad_answer": 90.0, "days_silent_after_bad_answer": 31.0},
            "drop_off_after_bad_answer",
            True,
        ),
    ],
)
def test_what_cannot_be_judged_yet_is_empty(
    models: dict[str, str], given: dict[str, Any], flag: str, expected: bool | None
) -> None:
    told = flags_of(models, pd.DataFrame([ONE | given]).astype(object)).loc["j", flag]
    assert (None if pd.isna(told) else bool(told)) is expected


def purchases(bench: Bench, customers: dict[str, float]) -> None:
    """One journey each, bought so many days before as_of; the tables its follow-ups are read from."""
    as_of = START + timedelta(days=60)
    bench.clock(str(as_of))
    rows = [
        {
            "journey_id": name, "customer_id": name, "customer_number": number, "journey_number": 1,
            "purchase_at": as_of - timedelta(days=days),
        }
        for number, (name, days) in enumerate(customers.items())
    ]  # fmt: skip
    bench.put("journeys.journeys", pd.DataFrame(rows), purchase_at="timestamp")
    kinds = pd.DataFrame(rows).assign(funnel="journey", **dict.fromkeys(BREAKDOWNS, "x"))
    bench.put("journeys.funnel_journeys", kinds[["funnel", "customer_number", "journey_number", *BREAKDOWNS]])


def test_the_first_value_is_the_first_use_at_or_after_the_purchase(models: dict[str, str]) -> None:
    bench = Bench(models)
    purchases(bench, {"before": 30, "at_once": 30, "asked": 30, "never": 30, "machine": 30})
    bought = START + timedelta(days=30)
    touches = [
        (0, "t1", bought - timedelta(days=1), "product", "inbound", False),
        (0, "t2", bought + timedelta(days=9), "product", "inbound", False),
        (1, "t3", bought, "product", "inbound", False),
        (2, "t4", bought + timedelta(days=2), "support", "inbound", False),
        (2, "t5", bought + timedelta(days=3), "email", "outbound", False),
        (2, "t6", bought + timedelta(days=4), "support", "outbound", False),
        (4, "t7", bought + timedelta(days=2), "email", "outbound", True),
    ]
    columns = ["customer_number", "touchpoint_id", "occurred_at", "family", "direction", "is_machine"]
    frame = pd.DataFrame(touches, columns=columns).assign(is_internal_test=False)
    bench.put("journeys.customer_touchpoints", frame, occurred_at="timestamp")
    uses = pd.DataFrame({"event_id": ["t1", "t2", "t3", "t4"], "stage": "experience"})
    bench.put("journeys.journey_events", uses.assign(sub_stage=["use", "use", "onboarding", "support"]))
    bench.put("journeys.support_contacts", pd.DataFrame({"touchpoint_id": ["t4"]}))
    told = bench.run("purchase_followups").set_index("journey_id")
    days = told[["value_seconds", "contact_seconds", "outbound_seconds"]] / 86_400
    assert days.fillna(-1).loc[["before", "at_once", "asked", "never", "machine"]].to_numpy().tolist() == [
        [9, -1, -1], [0, -1, -1], [-1, 2, 3], [-1, -1, -1], [-1, -1, -1]
    ]  # fmt: skip
    assert (told["age_seconds"] == 30 * 86_400).all()


COMMENTS = {
    "late": ("NPS", True, 0.2, "The parcel came LATE, and it is\nexpensive"),
    "german": ("NPS", False, 0.9, "Schnelle Lieferung"),
    "french": ("NPS", True, 0.1, "Livraison perdue, colis introuvable"),
    "blank": ("NPS", False, 1.0, "   "),
    "silent": ("CSAT", False, 1.0, None),
    "no_word": ("CSAT", False, 1.0, "unbezahlbar"),
}


def test_every_comment_is_counted_under_its_themes_or_as_other(models: dict[str, str]) -> None:
    bench = Bench(models)
    answers = pd.DataFrame(
        [
            {
                "score_id": name, "week": START, "family": "feedback", "instrument": instrument, "score_share": share,
                "is_detractor": is_bad, "comment": text,
            }
            for name, (instrument, is_bad, share, text) in COMMENTS.items()
        ]
    )  # fmt: skip
    bench.put("journeys.experience_answers", answers, week="date", score_share="decimal(18, 6)")
    bench.put("seeds.comment_themes", pd.read_csv(DBT_PROJECT / "seeds" / "comment_themes.csv"))
    told = bench.run("comment_themes_of_answers")
    assert told.groupby("score_id")["theme"].agg(sorted).to_dict() == {
        "late": ["delivery", "price"],
        "german": ["delivery", "speed"],
        "french": ["other"],
        "blank": ["none"],
        "silent": ["none"],
        # A word that only holds another one is not that one.
        "no_word": ["other"],
    }
    # No comment is left out, the negative ones least of all.
    with_words = answers[answers["comment"].fillna("").str.strip() != ""]
    assert set(told.loc[told["theme"] != "none", "score_id"]) == set(with_words["score_id"])
    assert set(told.loc[told["is_bad"], "score_id"]) == set(answers.loc[answers["is_detractor"], "score_id"])
    cells = bench.run("comment_theme_cells")
    whole = cells[cells["theme"] == "all"].set_index("instrument")
    assert whole["answers"].to_dict() == {"NPS": 4, "CSAT": 2} and whole["bad_answers"].to_dict() == {
        "NPS": 2,
        "CSAT": 0,
    }


def test_a_journey_that_cannot_be_judged_is_no_unflagged_one(models: dict[str, str]) -> None:
    bench = Bench(models)
    rows = pd.DataFrame(
        [
            ONE | {"journey_id": "lost", "days_since_purchase": 100.0},
            ONE | {"journey_id": "young", "days_since_purchase": 1.0},
            ONE | {"journey_id": "fine", "days_since_purchase": 100.0, "days_to_first_value": 1.0},
        ]
    ).assign(customer_number=range(3), entry_week=START, purchase_week=START, csat_answers=0, positives=0)
    types = {n: t for n, t in TYPES.items() if n in facts(rows)}
    bench.put(
        "journeys.journey_flag_facts", facts(rows).astype(object), **types, entry_week="date", purchase_week="date"
    )
    bench.put(
        "journeys.journeys", rows[["journey_id", "customer_number"]].assign(purchase_at=START), purchase_at="timestamp"
    )
    bench.run("journey_flags")
    cells = bench.run("pain_flag_cells")
    own = cells[cells["flag"] == "poor_onboarding"]
    assert {str(flagged): int(n) for flagged, n in zip(own["is_flagged"], own["journeys"], strict=True)} == {
        "True": 1, "False": 1, "<NA>": 1
    }  # fmt: skip

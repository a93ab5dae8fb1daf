"""The page from data: right numbers, hostile text inert, and a sentence where a table is empty."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from journey_pipeline.report import build_report
from journey_pipeline.report.attribution import attribution
from journey_pipeline.report.funnel import funnel
from journey_pipeline.report.reading import Picture, Released
from journey_pipeline.report.scorecard import is_level, scorecard
from journey_pipeline.report.segments import segments
from journey_pipeline.report.sources import sources
from tests.release.small_warehouse import FIRST_AS_OF, HOSTILE, HOSTILE_IMAGE, TABLES, facts_of

SOURCES = ("ga4", "shopify", "zendesk", "google_ads", "typeform")


class _Page(HTMLParser):
    """Tags, attributes and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def _built(connection: duckdb.DuckDBPyConnection, folder: Path) -> str:
    build_report(connection, folder, facts_of())
    reviews = sorted(path.name for path in folder.iterdir() if path.name != "index.html")
    assert reviews in ([], ["review-2026-Q4.html"])
    return (folder / "index.html").read_text(encoding="utf-8")


def _released(connection: duckdb.DuckDBPyConnection) -> Released:
    return Released(connection, FIRST_AS_OF.replace(tzinfo=None))


@pytest.fixture(scope="module")
def text(tables: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of the small warehouse."""
    return _built(tables, tmp_path_factory.mktemp("page"))


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures without drawing them, for tests of everything else."""

    def picture(self: Picture, label: str, draw: object, frame: object, key: str, caption: str = "") -> None:
        self.label, self.caption, self.wide, self.narrow = label, caption, "<svg></svg>", "<svg></svg>"

    monkeypatch.setattr(Picture, "__init__", picture)


def test_the_page_is_whole_small_and_inert(text: str) -> None:
    assert len(text.encode()) < 1_500_000
    page = _Page(text)
    names = [tag for tag, _ in page.tags]
    assert not {"script", "img", "iframe", "object", "embed", "form", "base"} & set(names)
    assert all(not key.startswith("on") for _, attributes in page.tags for key in attributes)
    for _, attributes in page.tags:
        for key in ("src", "href", "xlink:href", "action"):
            assert re.match(r"#|data:,$|review-2026-Q4\.html$", attributes.get(key) or "#")
    assert not re.search(r"url\((?!#)|@import", text)
    assert HOSTILE_IMAGE in page.text, "the name is shown as it is, as text"
    assert f"{HOSTILE}.csv" in page.text
    policy = next(attributes["content"] for _, attributes in page.tags if attributes.get("http-equiv"))
    assert policy == "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def test_headings_tables_and_labels(text: str) -> None:
    page = _Page(text)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1 and levels.count(2) == 12
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert [tag for tag, _ in page.tags].count("table") >= 15
    assert all("scope" in attributes for tag, attributes in page.tags if tag == "th")
    pictures = [attributes for _, attributes in page.tags if attributes.get("role") == "img"]
    assert len(pictures) == 8
    assert all(len(attributes["aria-label"] or "") > 40 for attributes in pictures)
    identifiers = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    for phrase in (
        "release 2026-11-16-ab12cd34",
        "Week of 9 November 2026 to 15 November 2026",
        "All 1 quality gates passed",
        "Credit is not causation",
        "still open",
        "few cases",
        "EUR ",
    ):
        assert phrase in page.text
    assert page.text.count("How to read this.") == 12


@pytest.mark.parametrize("state", ["empty", "absent"])
def test_nothing_to_show_gives_sentences(connection: duckdb.DuckDBPyConnection, tmp_path: Path, state: str) -> None:
    for name in [*TABLES, "gate_results"]:
        connection.execute(f"{'delete from' if state == 'empty' else 'drop table'} {name}")
    page = _Page(_built(connection, tmp_path))
    for sentence in (
        "No goals have been measured",
        "No stage conversion has been measured",
        "No conversion has been credited",
        "No segments have been built",
        "No survey answers",
        "No source files",
        "gates are not all green",
    ):
        assert sentence in page.text
    assert "None" not in page.text and "nan" not in page.text


@pytest.mark.usefixtures("undrawn")
def test_any_single_empty_table_is_survived(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for name in [*TABLES, "gate_results"]:
        connection.execute("begin")
        connection.execute(f"delete from {name}")
        assert "None" not in _Page(_built(connection, tmp_path)).text, name
        connection.execute("rollback")


def test_rows_without_values_are_survived(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for table, columns in {
        "stage_conversion": ("rate", "ci_low", "ci_high"),
        "attribution": ("credit", "value", "spend", "credit_ci_low", "credit_ci_high", "campaign", "channel"),
        "segment_metrics": ("segment", "numerator", "denominator", "value", "ci_low", "ci_high"),
        "segment_migration": ("share", "ci_low", "ci_high", "from_segment"),
        "experience": ("score", "ci_low", "ci_high", "reweighted_score", "response_rate", "definition_id"),
        "response_bias": ("raw", "reweighted", "raw_ci_low", "reweighted_ci_high", "score_left", "note"),
        "consistency": ("value", "ci_low", "ci_high", "n", "target_mvp", "detail"),
        "experience_drivers": ("difference", "adjusted_difference", "ci_low", "q_value"),
        "kpi_scorecard": (
            "baseline",
            "target",
            "actual",
            "improvement",
            "ci_low",
            "ci_high",
            "status",
            "owner",
        ),
        "coverage": ("identified_share", "last_seen_at", "latest_seen_at", "expected_records"),
        "link_audit": ("campaign", "platform", "clicks", "visits_per_click"),
        "source_files": ("period_end", "data_until"),
        "quarantine": ("column_name", "expected"),
    }.items():
        connection.execute(f"update {table} set " + ", ".join(f"{column} = null" for column in columns))
    assert "None" not in _Page(_built(connection, tmp_path)).text


@pytest.mark.usefixtures("undrawn")
def test_an_unfinished_week_never_is_the_latest(connection: duckdb.DuckDBPyConnection) -> None:
    steps = funnel(_released(connection))["steps"]
    assert [step["title"] for step in steps] == [
        "Awareness → Consideration",
        "Consideration → Purchase",
        "Purchase → Experience",
        "Experience → Advocacy",
        "End to end: Awareness → Purchase",
    ]
    assert steps[0]["latest"]["week"] == "12 October 2026"
    assert steps[0]["weeks"][0]["is_open"] and steps[0]["open_weeks"] == 4


@pytest.mark.usefixtures("undrawn")
def test_only_a_week_that_is_open_and_nearly_whole_says_where_it_is_heading(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    weeks = [week for step in funnel(_released(connection))["steps"] for week in step["weeks"]]
    heading = [week for week in weeks if week["heading"]]
    assert heading and all(week["is_open"] for week in heading)
    assert len(heading) < sum(week["is_open"] for week in weeks)


@pytest.mark.usefixtures("undrawn")
def test_attribution_sums_match_the_table(connection: duckdb.DuckDBPyConnection) -> None:
    ((credit, spend),) = connection.execute(
        "select sum(credit)::double, sum(spend)::double from attribution "
        "where model = 'linear' and week > date '2026-11-09' - 84"
    ).fetchall()
    found = attribution(_released(connection))
    (kind,) = found["kinds"]
    assert kind["conversions"] == f"{credit:,.0f}"
    shares = [float(row["share"][:-1]) for row in kind["details"] if row["model"] == "Linear"]
    assert sum(shares) == pytest.approx(100, abs=0.05 * len(shares))
    assert found["costs"]["spend"] == f"EUR {spend:,.0f}"
    assert kind["details"][-1]["channel"] == "No known touch (unattributed)"
    assert [row["campaign"] for row in found["idle"]] == [HOSTILE_IMAGE]


@pytest.mark.usefixtures("undrawn")
def test_costs_stand_once_with_a_column_for_each_conversion_type(connection: duckdb.DuckDBPyConnection) -> None:
    before = attribution(_released(connection))
    connection.execute(
        "insert into attribution select * replace ('lead' as conversion_type, 0 as value) from attribution"
    )
    after = attribution(_released(connection))
    assert [kind["name"] for kind in after["kinds"]] == ["Order", "Lead"]
    assert after["costs"]["kinds"] == [{"name": "Order", "has_value": True}, {"name": "Lead", "has_value": False}]
    assert after["costs"]["spend"] == before["costs"]["spend"]
    assert after["idle"] == before["idle"]


@pytest.mark.usefixtures("undrawn")
def test_a_conversion_type_without_credit_is_one_line(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    connection.execute(
        "insert into attribution select * replace ('lead' as conversion_type, 0 as credit, 0 as value) from attribution"
    )
    text = _Page(_built(connection, tmp_path)).text
    assert "Nothing was credited in these weeks for Lead." in text and "Lead conversions" not in text


@pytest.mark.usefixtures("undrawn")
def test_too_few_conversions_are_not_drawn_and_say_so(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    connection.execute("update attribution set credit = credit / 1000")
    assert "Below 30 conversions no picture is drawn and no cost told" in _Page(_built(connection, tmp_path)).text
    costs = attribution(_released(connection))["costs"]
    assert costs["kinds"] == [] and costs["channels"][0]["spend"].startswith("EUR ")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize(
    "others", ["'referral' as conversion_type, false as is_headline", "'participation' as model, true as is_influence"]
)
def test_models_of_influence_and_other_types_are_in_no_total(
    connection: duckdb.DuckDBPyConnection, others: str
) -> None:
    before = attribution(_released(connection))
    connection.execute(f"insert into attribution select * replace ({others}, credit + 1 as credit) from attribution")
    after = attribution(_released(connection))
    for page in (before, after):
        for kind in page["kinds"]:
            del kind["picture"], kind["details"]
    assert after == before
    assert after["idle"] and [kind["name"] for kind in after["kinds"]] == ["Order"]


HAZARD = """
    insert into attribution
    select * replace ('{model}' as model, credit / 2 as credit, 'total' as interval_kind,
        case when channel = 'Email' then null else credit / 2 + 1 end as credit_ci_high,
        channel <> 'Email' as is_identified,
        case when channel = 'Email' then 'too few conversions' end as note, {calibrated} as is_calibrated)
    from attribution where model = 'linear' and week > date '2026-11-09' - 56;
    insert into attribution
    select * replace ('{model}' as model, credit / 2 as credit, 'baseline' as channel, null as spend)
    from attribution where model = 'linear' and week > date '2026-11-09' - 56;
"""


def drawn(connection: duckdb.DuckDBPyConnection) -> tuple[pd.DataFrame, str, dict[str, object]]:
    """What the picture of the only conversion type is drawn from, its caption, and the type's words."""
    found: list[tuple[pd.DataFrame, str]] = []

    def picture(self: Picture, label: str, draw: object, frame: pd.DataFrame, key: str, caption: str = "") -> None:
        found.append((frame, caption))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Picture, "__init__", picture)
        (kind,) = attribution(_released(connection))["kinds"]
    ((frame, caption),) = found
    return frame, caption, kind


def test_the_hazard_model_stands_among_the_others_over_its_weeks(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(HAZARD.format(model="hazard", calibrated=False))
    frame, caption, kind = drawn(connection)
    assert list(dict.fromkeys(frame["model"])) == [
        "First touch", "Last touch", "Linear", "Markov chain", "Hazard model, not calibrated",
    ]  # fmt: skip
    assert kind["conversions"] == f"{420 * 8:,}"
    assert kind["baselines"] == [{"model": "Hazard model, not calibrated", "share": "50.0%"}]
    hazard = frame[frame["model"].str.startswith("Hazard")].set_index("label")
    linear = frame[frame["model"] == "Linear"].set_index("label")
    assert (hazard["value"] * 2).to_list() == pytest.approx(linear.loc[hazard.index, "value"].to_list())
    assert hazard.index[~hazard["is_known"]].to_list() == ["Email"] and "A hollow mark" in caption
    # The interval drawn is that of the Markov chain: 15 % of each of eight weeks, by chance alone.
    assert set(frame.loc[frame["high"].notna(), "model"]) == {"Markov chain"}
    notes = {(row["channel"], row["model"]): row["note"] for row in kind["details"]}
    assert notes[("Email", "Hazard model, not calibrated")] == "too few conversions"


def test_a_calibrated_model_takes_the_place_of_the_one_without_and_has_its_interval(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    for model, calibrated in (("hazard", False), ("hazard_calibrated", True)):
        connection.execute(HAZARD.format(model=model, calibrated=calibrated))
    frame, caption, kind = drawn(connection)
    assert "Hazard model, not calibrated" not in set(frame["model"])
    with_interval = frame[frame["high"].notna()]
    assert set(with_interval["model"]) == {"Hazard model, calibrated"} and "interval of Hazard model" in caption
    # Biases of eight weeks add up: one conversion each.
    wide = (with_interval["high"] - with_interval["value"]) * 420 * 8
    assert wide.min() == pytest.approx(8.0)
    assert "calibrated by an experiment" in {row["note"] for row in kind["details"]}


def test_every_channel_has_a_mark_of_every_model_that_could_name_it(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("delete from attribution where channel = 'Email' and model = 'first'")
    frame, _, _ = drawn(connection)
    assert frame.groupby("label")["model"].nunique().eq(4).all() and "Email" in set(frame["label"])
    assert frame[(frame["label"] == "Email") & (frame["model"] == "First touch")]["value"].tolist() == [0.0]
    assert not frame["label"].str.contains("attributed").any()


@pytest.mark.usefixtures("undrawn")
def test_where_models_disagree_is_flagged_by_channel(connection: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    connection.execute("update attribution set models_disagree = week > date '2026-11-09' - 14 where channel = 'Email'")
    said = "In some weeks their shares lie more than 10 points apart: Email (2 of 12 weeks)."
    assert said in _Page(_built(connection, tmp_path)).text
    connection.execute("update attribution set models_disagree = null")
    assert "In some weeks their shares" not in _Page(_built(connection, tmp_path)).text


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("none", ["update attribution set credit = 0, value = 0", "delete from attribution"])
def test_a_model_that_credits_nothing_leaves_the_cost_open(connection: duckdb.DuckDBPyConnection, none: str) -> None:
    def email() -> dict[str, str]:
        costs = attribution(_released(connection))["costs"]
        return next(channel["kinds"][0] for channel in costs["channels"] if channel["name"] == "Email")

    before = email()
    assert before["cost"].startswith("EUR ") and not before["cost"].endswith("none")
    connection.execute(f"{none} where channel = 'Email' and model = 'markov'")
    after = email()
    assert after["cost"].endswith(", or none")
    assert after["return"].startswith("0.00 to ")
    connection.execute("update attribution set credit = 0, value = 0 where channel = 'Email'")
    assert email()["cost"] == "no conversions"


@pytest.mark.usefixtures("undrawn")
def test_the_scorecard_knows_levels_from_changes(connection: duckdb.DuckDBPyConnection) -> None:
    rows = {row["name"]: row for row in scorecard(_released(connection))["sets"][0]["rows"]}
    assert rows["Experience consistency"]["interval"] == "level 83.1% to 89.6%"
    assert rows["Experience consistency"]["target_kind"] == "level"
    assert rows["Journey conversion"]["interval"] == "change +15.3% to +25.1%"
    assert rows["Customer lifetime value"]["actual"] == "EUR 141"
    assert rows["Journey completion"]["status"] == "Declining"
    assert rows["Revenue attribution"]["status"] == "No data yet"
    assert is_level({"ci_low": None, "ci_high": None, "status": "below_target"})


@pytest.mark.usefixtures("undrawn")
def test_segment_change_is_against_the_week_before(connection: duckdb.DuckDBPyConnection) -> None:
    found = segments(_released(connection))["sets"]
    assert [one["name"] for one in found] == ["Buying behaviour (RFM)", "Lifecycle"]
    assert {member["change"] for member in found[0]["members"]} == {"+11"}
    connection.execute("delete from segment_metrics where week < date '2026-11-09' and segment = 'Lost'")
    members = {member["name"]: member for member in segments(_released(connection))["sets"][0]["members"]}
    assert members["Lost"]["change"] == "new"


@pytest.mark.usefixtures("undrawn")
def test_who_has_not_bought_is_counted_last_and_not_drawn(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("update segment_metrics set segment = 'not_rated' where segment = 'Champions'")
    found = segments(_released(connection))["sets"][0]
    size = {member["name"]: member["customers"] for member in found["members"]}["Not rated"]
    assert [member["name"] for member in found["members"]][-1] == "Not rated"
    assert found["picture"].caption == f"Not drawn, because it would hide the others: Not rated {size}."
    assert "Not rated" not in found["picture"].label


@pytest.mark.usefixtures("undrawn")
def test_a_withheld_metric_says_so(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("""
        update segment_metrics set value = null, numerator = null, is_suppressed = true, reason = 'fewer than 20'
        where segment = 'Lost' and metric = 'purchase_rate'
    """)
    found = segments(_released(connection))["sets"][0]
    lost = next(member for member in found["members"] if member["name"] == "Lost")
    shown = dict(zip(found["metrics"], lost["metrics"], strict=True))
    assert (shown["Purchase rate"]["value"], shown["Purchase rate"]["note"]) == ("withheld", "fewer than 20")
    assert shown["Revenue per customer"]["value"] != "withheld"


@pytest.mark.usefixtures("undrawn")
def test_a_source_without_touches_has_no_share_of_known_customers(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("update coverage set touchpoints = 0, identified_touchpoints = null where source = 'ga4'")
    found = {source["name"]: source for source in sources(_released(connection))["sources"]}
    assert (found["GA4"]["identified"], found["GA4"]["counts"]) == ("–", "")
    assert found["Shopify"]["counts"] == "6,200 of 8,500"


@pytest.mark.usefixtures("undrawn")
def test_sources_are_listed_worst_first(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("update coverage set status = 'not_expected' where source = 'ga4'")
    names = [source["name"] for source in sources(_released(connection))["sources"]]
    assert names == ["Typeform", "Google Ads", "Shopify", "Zendesk", "GA4"]


@pytest.mark.usefixtures("undrawn")
def test_late_and_silent_sources_are_named_with_their_weeks(connection: duckdb.DuckDBPyConnection) -> None:
    found = sources(_released(connection))
    assert found["verdict"]["words"] == "Sources late or silent: Typeform, Google Ads"
    assert {source["name"]: source["state"] for source in found["sources"]}["Typeform"] == "silent"
    assert [(row["source"], row["weeks"]) for row in found["missing"]] == [
        ("Google Ads", "9 Nov late"),
        ("Typeform", "9 Nov silent"),
    ]
    assert found["missing"][0]["last_seen"] == "14 November 2026, 22:00 UTC"


@pytest.mark.parametrize(
    ("states", "tone", "words"),
    [
        ({"zendesk": "not_expected"}, "good", "No source is late: 4 deliver, nothing is expected of 1"),
        ({"zendesk": "gap"}, "open", "No source is late: 4 deliver, 1 with a gap"),
        (dict.fromkeys(SOURCES, "not_expected"), "open", "No source is late: nothing is expected of 5"),
        ({}, "good", "No source is late: 5 deliver"),
        ({"ga4": "late", "zendesk": "not_expected"}, "open", "Sources late or silent: GA4"),
    ],
)
def test_what_owes_nothing_is_no_delivery(
    connection: duckdb.DuckDBPyConnection, states: dict[str, str], tone: str, words: str
) -> None:
    connection.execute("update coverage set status = 'ok'")
    for source, state in states.items():
        connection.execute("update coverage set status = ? where source = ?", [state, source])
    found = sources(_released(connection))
    assert (found["verdict"]["tone"], found["verdict"]["words"]) == (tone, words)


def test_what_owes_nothing_is_neither_green_nor_behind(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("update coverage set status = 'not_expected' where source = 'typeform'")
    found = {source["name"]: source for source in sources(_released(connection))["sources"]}
    assert (found["Typeform"]["tone"], found["Typeform"]["age"]) == ("open", "last record 8 days before the cut-off")
    assert (found["Google Ads"]["tone"], found["Google Ads"]["age"]) == ("open", "25 hours behind")


@pytest.mark.usefixtures("undrawn")
def test_spend_and_links_that_do_not_meet_are_listed_largest_first(connection: duckdb.DuckDBPyConnection) -> None:
    found = sources(_released(connection))["links"]
    assert [(row["campaign"], row["spend"], row["visits"]) for row in found] == [
        (HOSTILE, "EUR 4,000", "0"),
        ("old link", "EUR 0.00", "48"),
    ]


def test_a_score_of_few_answers_says_so_at_the_head(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, text: str
) -> None:
    def tile(page: str) -> str:
        return page.split("Would recommend us (NPS)")[1].split("</div>")[0]

    assert "few cases" not in tile(text)
    connection.execute("update experience set answers = 4, score = 0, is_small_sample = true where instrument = 'NPS'")
    found = tile(_built(connection, tmp_path))
    assert "few cases" in found and "4 answers" in found and ">0<" in found


def test_experience_shows_who_answered_whether_it_agrees_and_no_cause(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, text: str
) -> None:
    section = _Page(text).text.split("Did those who answer speak for the others?")[1]
    assert "CSAT 1-5, support" in section and "71.0%" in section and "64.0%" in section
    assert "25.0% of 12 answers" in section and "reweighted is raw" in section
    assert "Customers whose rated touchpoints agree: 88.0% (84.0% to 91.0%), at or above 85.0%, below 95.0%." in section
    assert "associations, not effects" in section and "Support closed: over a day" in section
    assert "\u221226.0 points" in section and "under 0.001" in section
    connection.execute("update consistency set is_headline = is_proxy")
    assert "measures the site, not how it felt" in _Page(_built(connection, tmp_path)).text


def test_rules_and_missing_dates_are_plain_words(
    connection: duckdb.DuckDBPyConnection, tmp_path: Path, text: str
) -> None:
    connection.execute("update source_files set period_end = null, data_until = null")
    facts = dataclasses.replace(facts_of(), rule_versions={"channels": "ga4", "definitions": "2"})
    build_report(connection, tmp_path, facts)
    found = _Page((tmp_path / "index.html").read_text(encoding="utf-8")).text
    assert "channels named by the rule set “ga4”, numbers defined as of version 2." in found
    assert "without dates" in found and "no value" not in found.split("Files")[-1]


def test_the_same_release_gives_the_same_page(connection: duckdb.DuckDBPyConnection, tmp_path: Path, text: str) -> None:
    assert _built(connection, tmp_path) == text


def test_a_problem_is_told_once_with_its_query_and_hostile_words_stay_words(text: str) -> None:
    page = _Page(text)
    assert "More than chance" in page.text and "150 of 150 listed" in page.text
    # The whole is told by its member, and what loses no more than before is not told at all.
    section = page.text.split("Where it hurts", 2)[2].split("Personas")[0]
    assert section.count("Onboarding") == 2 and "Support contact" not in section
    assert "select 1 as entered, '<script>alert(1)</script>' as dropped" in page.text
    assert "no follow up, long cycle" in page.text

"""Another project's web events: its own published sessions, split by campaign, their channels by our rules, and from
there its paths and credit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from journey_pipeline.settings import DBT_PROJECT

from .compiled_models import Bench, compile_inline, compile_models
from .credit_bench import CHAIN, credited, nothing_else, put_conversions
from .test_channels import GROUPING, SEEDS, TUPLE, grouped, put_seed
from .test_sessions import MODELS, sessionise, web

FIXTURE = Path(__file__).parents[3] / "shared" / "fixtures" / "peer_sessions_credit"

# What the other project calls a source and medium, and what Google's groups call it: the other has no affiliates and
# takes Quora for a plain link.
GOOGLES_WORD = {
    ("Direct", "(direct)"): "direct",
    ("Organic_Search", "google"): "organic_search",
    ("Paid_Search_Other", "google"): "paid_search",
    ("Referral", "analytics.google.com"): "referral",
    ("Referral", "support.google.com"): "referral",
    ("Referral", "quora.com"): "organic_social",
    ("Unmatched_Channel", "Partners"): "affiliates",
    ("Video", "youtube.com"): "organic_video",
}
# The other project's rules, as one's own rules would be written.
OWN_RULES = [
    (10, "Direct", "[(]direct[)]", "[(]none[)]"),
    (20, "Organic_Search", None, "organic"),
    (30, "Paid_Search_Other", "google", "cpc"),
    (40, "Video", "youtube[.]com", None),
    (50, "Referral", None, "referral"),
    (60, "Unmatched_Channel", None, None),
]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("dbt")
    credit = " ".join(["touch_candidates", *CHAIN, "path_ends", "path_cells"])
    # The other project has one path a customer who never bought, however long the pauses in it.
    built = compile_models(folder, f"{MODELS} {credit}", "{session_split: campaign, null_after_days: 365}")
    return built | {"grouping": compile_inline(folder, GROUPING, "{channel_ruleset: ga4}")}


pytestmark = pytest.mark.skipif(
    not FIXTURE.is_dir(), reason="../shared/fixtures/peer_sessions_credit is absent: not ours"
)


def told(name: str) -> pd.DataFrame:
    """A table of what the other project expects."""
    return pd.read_csv(FIXTURE / "expected" / f"{name}.csv", dtype=str, keep_default_na=False)


def events() -> pd.DataFrame:
    return pd.read_csv(FIXTURE / "snowplow_fractribution_events.csv", dtype=str, keep_default_na=False)


def visited(models: dict[str, str], rules: str) -> Bench:
    """The events as touchpoints with their channels, and the sessions of them."""
    bench = Bench(models)
    bench.clock("2022-09-01")
    for seed in SEEDS:
        put_seed(bench, pd.read_csv(DBT_PROJECT / "seeds" / f"{seed}.csv", dtype=str), seed)
    if rules == "own":
        own = pd.DataFrame(OWN_RULES, columns=["position", "channel", "source_pattern", "medium_pattern"])
        columns = pd.read_csv(DBT_PROJECT / "seeds" / "custom_channel_rules.csv", dtype=str).columns
        put_seed(bench, own.assign(valid_from="2000-01-01").reindex(columns=columns), "custom_channel_rules")
    given = events()
    tagged = given[["mkt_source", "mkt_medium", "mkt_campaign"]].replace({"": None, "(not set)": None})
    assert TUPLE[:3] == ["channel_source", "channel_medium", "campaign"]
    tuples = [tuple(row) for row in tagged.itertuples(index=False)]
    instants = given["derived_tstamp"].str.rstrip("Z")
    named = grouped(bench, models["grouping"], tuples, list(instants))
    hits = web(
        list(zip(given["domain_userid"], instants, tagged["mkt_source"], tagged["mkt_medium"], strict=True))
    ).assign(channel=named["channel"].tolist(), interaction_type=given["event_name"])
    sessionise(bench, hits)
    return bench


@pytest.mark.parametrize("rules", ["ga4", "own"])
def test_every_session_is_found_with_its_channel(models: dict[str, str], rules: str) -> None:
    expected = told("snowplow_fractribution_sessions_by_customer_id_expected")
    channels = [
        GOOGLES_WORD[channel, source] if rules == "ga4" else channel
        for channel, source in zip(expected["channel"], expected["source"], strict=True)
    ]
    found = visited(models, rules).ask(
        """
        select 'f' || substr(visitor_hash, 2), strftime(started_at, '%Y-%m-%d %H:%M:%S'), channel
        from warehouse.journeys.sessions
        """
    )
    started = expected["visit_start_tstamp"].str.slice(0, 19)
    assert sorted(found.itertuples(index=False, name=None)) == sorted(
        zip(expected["customer_id"], started, channels, strict=True)
    )
    assert len(found) == 97


@pytest.fixture(scope="module")
def peer(models: dict[str, str]) -> Bench:
    """From its events to credit: what its orders are, it says in its events."""
    bench = visited(models, "own")
    nothing_else(bench)
    bench.clock("2024-01-01")
    bench.ask(
        "create table warehouse.journeys.customer_consents (customer_id varchar, purpose varchar, state varchar, "
        "valid_from timestamp, valid_to timestamp)"
    )
    bench.run("touch_candidates")
    orders = events().query("tr_total != ''")
    put_conversions(
        bench,
        pd.DataFrame(
            {
                "conversion_id": orders["event_id"],
                "customer_id": "cus_" + orders["domain_userid"],
                "occurred_at": orders["derived_tstamp"].str.rstrip("Z"),
                "value": orders["tr_total"].astype(float),
            }
        ),
    )
    credited(bench)
    for model in ("path_ends", "path_cells"):
        bench.run(model)
    return bench


def test_every_order_has_the_path_the_other_project_gives_it(peer: Bench) -> None:
    found = peer.ask(
        """
        select 'f' || substr(customer_id, 5), strftime(occurred_at, '%Y-%m-%d %H:%M:%S'), min(value)::double,
            string_agg(channel, ' > ' order by position)
        from warehouse.journeys.conversion_touches where conversion_type = 'order' group by all
        """
    )
    expected = told("snowplow_fractribution_paths_to_conversion_expected").astype({"revenue": float})
    assert sorted(found.itertuples(index=False, name=None)) == sorted(
        expected[["customer_id", "conversion_tstamp", "revenue", "path"]].itertuples(index=False, name=None)
    )
    assert len(found) == 6


def test_paths_of_buyers_and_of_others_are_counted_alike(peer: Bench) -> None:
    """Its lost paths are of customers who never bought: those of a first order."""
    found = peer.ask(
        """
        select path, sum(conversions)::int, sum(nulls)::int, sum(value)::double from warehouse.journeys.path_cells
        where conversion_type = 'first_order' group by path
        """
    )
    expected = told("snowplow_fractribution_path_summary_expected").replace({"revenue": {"": "0"}})
    expected = expected.astype({"conversions": int, "non_conversions": int, "revenue": float})
    assert sorted(found.itertuples(index=False, name=None)) == sorted(expected.itertuples(index=False, name=None))


@pytest.fixture(scope="module")
def exposed(peer: Bench) -> Bench:
    """Credit of transformed paths, in which a repeat is one step: so the other project has it."""
    peer.ask(
        """
        delete from warehouse.journeys.touch_candidates where touchpoint_id in (
            select touchpoint_id from (select touchpoint_id, channel, lag(channel) over (
                partition by conversion_id order by position) as previous_channel
                from warehouse.journeys.considered_touches where conversion_type = 'order' and reason is null)
            where channel = previous_channel)
        """
    )
    credited(peer)
    return peer


@pytest.mark.parametrize(
    ("model", "name"),
    [("first", "first_touch"), ("last", "last_touch"), ("linear", "linear"), ("position", "position_based")],
)
def test_credit_is_that_of_the_other_project(exposed: Bench, model: str, name: str) -> None:
    expected = told("credit_five_models").query("model == @name").astype({"conversions": float, "revenue": float})
    found = exposed.ask(
        f"""
        select channel, sum(credit)::double as credit, sum(value)::double as value from warehouse.journeys.credits
        where model = '{model}' and conversion_type = 'order' group by channel
        """
    ).set_index("channel")
    found = found.reindex(expected["channel"]).fillna(0.0)
    assert found["credit"].tolist() == pytest.approx(expected["conversions"].tolist(), abs=1e-6)
    assert found["value"].tolist() == pytest.approx(expected["revenue"].tolist(), abs=1e-4)

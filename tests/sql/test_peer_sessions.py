"""Another project's web events: its own published sessions, split by campaign, and their channels, by our rules."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from journey_pipeline.settings import DBT_PROJECT

from .compiled_models import Bench, compile_inline, compile_models
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
    built = compile_models(folder, MODELS, "{session_split: campaign}")
    return built | {"grouping": compile_inline(folder, GROUPING, "{channel_ruleset: ga4}")}


@pytest.mark.skipif(not FIXTURE.is_dir(), reason="../shared/fixtures/peer_sessions_credit is absent: not ours")
@pytest.mark.parametrize("rules", ["ga4", "own"])
def test_every_session_is_found_with_its_channel(models: dict[str, str], rules: str) -> None:
    events = pd.read_csv(FIXTURE / "snowplow_fractribution_events.csv", dtype=str, keep_default_na=False)
    name = "snowplow_fractribution_sessions_by_customer_id_expected.csv"
    expected = pd.read_csv(FIXTURE / "expected" / name, dtype=str, keep_default_na=False)
    bench = Bench(models)
    bench.clock("2022-09-01")
    for seed in SEEDS:
        put_seed(bench, pd.read_csv(DBT_PROJECT / "seeds" / f"{seed}.csv", dtype=str), seed)
    if rules == "own":
        own = pd.DataFrame(OWN_RULES, columns=["position", "channel", "source_pattern", "medium_pattern"])
        columns = pd.read_csv(DBT_PROJECT / "seeds" / "custom_channel_rules.csv", dtype=str).columns
        put_seed(bench, own.assign(valid_from="2000-01-01").reindex(columns=columns), "custom_channel_rules")
        wanted = list(expected["channel"])
    else:
        wanted = [
            GOOGLES_WORD[channel, source] for channel, source in zip(expected.channel, expected.source, strict=True)
        ]
    tagged = events[["mkt_source", "mkt_medium", "mkt_campaign"]].replace({"": None, "(not set)": None})
    assert TUPLE[:3] == ["channel_source", "channel_medium", "campaign"]
    given = [tuple(row) for row in tagged.itertuples(index=False)]
    named = grouped(bench, models["grouping"], given, list(events["derived_tstamp"].str.rstrip("Z")))
    hits = web(
        list(
            zip(
                events["domain_userid"], events["derived_tstamp"].str.rstrip("Z"), tagged["mkt_source"],
                tagged["mkt_medium"], strict=True,
            )
        )
    ).assign(channel=named["channel"].tolist(), interaction_type=events["event_name"])  # fmt: skip
    sessionise(bench, hits)
    found = bench.ask(
        """
        select 'f' || substr(visitor_hash, 2), strftime(started_at, '%Y-%m-%d %H:%M:%S'), channel
        from warehouse.journeys.sessions
        """
    )
    started = expected["visit_start_tstamp"].str.slice(0, 19)
    assert sorted(found.itertuples(index=False, name=None)) == sorted(
        zip(expected["customer_id"], started, wanted, strict=True)
    )
    assert len(found) == 97

"""Which sources are written, that the pipeline takes every file, and what `planted` adds."""

import gzip
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from journey_pipeline.world import generate
from journey_pipeline.world.assignment import SOURCES
from tests.pipeline_runs import journey
from tests.world.conftest import Written

FOLDERS = {"delighted": "delighted_legacy", "tcf": "consent/tcf", "cookiebot": "consent/cookiebot",
           "cookiescript": "consent/cookiescript"} | {
    name: f"organic_social/{name}" for name in ("youtube", "instagram", "x")
}  # fmt: skip


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Written:
    home = tmp_path_factory.mktemp("planted")
    return Written(home, generate(home, customers=2500, weeks=14, seed=11, planted=True))


def defects(written: Written) -> dict[str, int]:
    return json.loads((written.home / "truth" / "defects.json").read_text())


def test_every_source_is_there(written):
    for source in SOURCES:
        assert written.files(f"{FOLDERS.get(source, source)}/**/*"), source


def test_only_the_named_sources_are_written_and_they_tell_all_there_is(tmp_path):
    generate(tmp_path, customers=800, weeks=8, seed=11, sources=["hubspot", "klaviyo", "shopify"])
    assert {path.name for path in (tmp_path / "inbox").iterdir()} == {"hubspot", "klaviyo", "shopify"}
    written = Written(tmp_path, None)
    deals = [path.read_text().splitlines() for path in written.files("hubspot/deals_properties*")]
    assert sum(map(len, deals)) == written.total("deals"), "no deal is kept in a CRM that is not delivered"
    assert not (tmp_path / "truth" / "defects.json").exists()


def test_an_unknown_source_is_refused_with_the_nearest_name(tmp_path):
    with pytest.raises(ValueError, match="'segmnt'; nearest is 'segment'"):
        generate(tmp_path, customers=10, weeks=1, sources=["ga4", "segmnt"])
    refused = journey("generate", "--sources", "ga4,hubspt", home=tmp_path)
    assert refused.returncode == 2
    assert "nearest is 'hubspot'" in refused.stderr
    assert not list(tmp_path.glob("inbox/*"))


@pytest.mark.parametrize("which", ["written", "planted"])
def test_the_pipeline_accepts_every_file(which, request):
    home: Path = request.getfixturevalue(which).home
    checked = subprocess.run(
        [sys.executable, "-m", "journey_pipeline.cli", "check", str(home / "inbox")],
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    refused = [line for line in checked.stdout.splitlines() if ": ok " not in line]
    assert checked.returncode == 0, (refused[:3], checked.stderr[-500:])


def test_planted_defects_leave_the_truth_as_it_is(written, planted):
    for table in ("control_totals", "stages", "incremental", "spend_totals"):
        same = f"select * from {table}"
        assert sorted(written.truth(same), key=repr) == sorted(planted.truth(same), key=repr), table
    for source in ("segment", "mailchimp", "klaviyo", "snowplow", "cookiescript", "hubspot", "stripe"):
        assert any(name.startswith(f"{source}.") for name in defects(planted)), source


def test_what_was_planted_is_counted(planted):
    counted = defects(planted)
    messages = Counter()
    ahead = set()
    for path in planted.files("segment/**/*.gz"):
        for line in gzip.decompress(path.read_bytes()).splitlines():
            message = json.loads(line)
            messages[message["messageId"]] += 1
            if message["sentAt"] > message["receivedAt"]:
                ahead.add(message["messageId"])
    assert sum(count - 1 for count in messages.values()) == counted["segment.retried_message"] > 0
    assert len(ahead) == counted["segment.device_clock_ahead"] > 0
    opens = [
        event for path in planted.files("klaviyo/events*") for event in map(json.loads, path.read_text().splitlines())
        if event["attributes"]["event_properties"].get("machine_open")
    ]  # fmt: skip
    assert len(opens) == counted["klaviyo.machine_open"] > 0
    activity = [
        action for path in planted.files("mailchimp/*email-activity*")
        for row in map(json.loads, path.read_text().splitlines()) for action in row["activity"]
    ]  # fmt: skip
    assert sum(action["ip"] == "17.58.101.9" for action in activity) == counted["mailchimp.machine_open"] > 0
    assert sum(action["ip"] == "198.51.100.9" for action in activity) == counted["mailchimp.link_scanner"] > 0
    (contacts,) = planted.files("hubspot/*contacts*")
    repeated = contacts.read_text().count('"2026-10-25 02:30"')
    assert repeated == counted["hubspot.create_date_in_repeated_hour"] > 0
    twice = [name for name in counted if name.endswith("file_delivered_twice")]
    assert len(planted.files("**/* (1).*")) == len(twice) == 3

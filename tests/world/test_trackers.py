"""Each visit is told by one tracker, and what a tracker tells is what the truth says it saw."""

import gzip
import json
from collections import Counter, defaultdict
from statistics import median

import pytest

from journey_pipeline.world.vendors.snowplow import FIELDS


def messages(written, source):
    for path in written.files(f"{source}/**/*.gz"):
        yield from map(json.loads, gzip.decompress(path.read_bytes()).splitlines())


def owners(written, kind):
    rows = written.truth(f"select identifier_value, person_id from people where identifier_type = '{kind}'")
    return dict(rows)


@pytest.mark.parametrize("source", ["segment", "rudderstack"])
def test_messages_are_counted_once_and_name_their_person(written, source):
    found = list(messages(written, source))
    told = Counter(message["type"] for message in found)
    true = dict(
        written.truth(f"select dimension, value::bigint from control_totals where metric = '{source}_messages'")
    )
    assert told == true
    assert told["track"] == written.total("tracked_events", source) > 0
    anonymous, users = owners(written, "segment_anonymous_id"), owners(written, "user_id")
    for message in found:
        assert anonymous[message["anonymousId"]] == users[message["userId"]]
        assert message["originalTimestamp"] <= message["timestamp"] <= message["receivedAt"]


def test_mixpanel_events_are_distinct_and_name_their_person(written):
    found = [json.loads(line) for path in written.files("mixpanel/*.jsonl") for line in path.read_text().splitlines()]
    assert len({event["properties"]["$insert_id"] for event in found}) == len(found)
    assert len(found) == written.total("tracked_events", "mixpanel") > 0
    devices, users = owners(written, "mixpanel_distinct_id"), owners(written, "user_id")
    for event in found:
        assert devices[event["properties"]["$device_id"]] == users[event["properties"]["distinct_id"]]


def test_snowplow_lines_have_all_fields_and_no_id_without_consent(written):
    place = {name: number for number, name in enumerate(FIELDS)}
    seen, empty = Counter(), 0
    known = owners(written, "snowplow_domain_userid")
    for path in written.files("snowplow/**/*.gz"):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            cells = line.split("\t")
            assert len(cells) == len(FIELDS) == 131
            seen[cells[place["event"]]] += 1
            reader = cells[place["domain_userid"]]
            empty += not reader
            assert bool(reader) == bool(cells[place["network_userid"]]) == (reader in known)
    assert seen["page_view"] + seen["struct"] == written.total("tracked_events", "snowplow") > 0
    assert seen["page_ping"] == 2 * seen["page_view"]
    assert empty > 0
    assert seen["unstruct"] > 0


def test_a_slow_kind_of_page_is_slow(written):
    """Web vitals of the sale are worse than of any other page, and rated by the published limits."""
    values = defaultdict(list)
    for path in written.files("ga4/analytics*/**/*.json.gz"):
        for row in map(json.loads, gzip.decompress(path.read_bytes()).splitlines()):
            if row["event_name"] == "LCP":
                told = {p["key"]: p["value"] for p in row["event_params"]}
                value, page = told["metric_value"]["double_value"], told["page_location"]["string_value"]
                values["/sale" in page].append(value)
                rating = "good" if value <= 2500 else "needs-improvement" if value <= 4000 else "poor"
                assert told["metric_rating"]["string_value"] == rating
    assert min(len(found) for found in values.values()) > 50
    assert 1.5 < median(values[True]) / median(values[False]) < 3


def test_no_visit_is_told_by_two_trackers(written):
    """People of the product trackers open the app there, and nowhere else."""
    times = defaultdict(set)
    for source in ("segment", "rudderstack"):
        times[source] = {m["userId"] for m in messages(written, source)}
    told = {
        json.loads(line)["properties"]["distinct_id"]
        for path in written.files("mixpanel/*.jsonl")
        for line in path.read_text().splitlines()
    }
    assert not times["segment"] & times["rudderstack"]
    assert not told & (times["segment"] | times["rudderstack"])
    opened = written.total("ga4_distinct_events", "app_open")
    assert opened > 0, "people who share a tablet or whom nobody asked stay with GA4"

"""Consent logs agree with what the people of the market decided, and weekly content snapshots only ever grow."""

import csv
import io
import json
import re
import zipfile
from collections import Counter, defaultdict


def decided(written, tool):
    rows = written.truth(
        f"select dimension, value::bigint from control_totals "
        f"where metric = 'consent_decisions' and starts_with(dimension, '{tool}_')"
    )
    return {name.removeprefix(f"{tool}_"): count for name, count in rows}


def test_the_tcf_log_knows_devices_of_those_who_agreed_and_no_others(written):
    told, clients = Counter(), set()
    for path in written.files("consent/tcf/*.jsonl"):
        for line in path.read_text().splitlines():
            entry = json.loads(line)
            granted = {int(number) for number, yes in entry["tcData"]["purpose"]["consents"].items() if yes}
            if entry["tcData"]["eventStatus"] != "useractioncomplete":
                continue
            told[{11: "granted", 3: "ads_denied", 0: "denied"}[len(granted)]] += 1
            assert bool(granted) == (entry["client_id"] is not None)
            clients.add(entry["client_id"])
    assert told == decided(written, "tcf")
    known = {c for (c,) in written.truth("select identifier_value from people where identifier_type = 'ga_client_id'")}
    assert clients - {None} <= known


def test_cookiebot_values_are_javascript_and_add_up(written):
    (path,) = written.files("consent/cookiebot/*.txt")
    told = Counter()
    for line in path.read_text().splitlines():
        flags = dict(re.findall(r"(\w+):(true|false)", line))
        told[
            "granted" if flags["marketing"] == "true" else "ads_denied" if flags["statistics"] == "true" else "denied"
        ] += 1
    assert told == decided(written, "cookiebot")


def test_cookiescript_is_a_zip_of_one_zip_per_day(written):
    (path,) = written.files("consent/cookiescript/*.zip")
    told = Counter()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            with zipfile.ZipFile(io.BytesIO(archive.read(name))) as day:
                (member,) = day.namelist()
                assert member == name.replace(".zip", ".csv")
                for row in csv.DictReader(io.StringIO(day.read(member).decode())):
                    assert row["Date"][:10] == member[:10]
                    kinds = row["Categories"].count(",")
                    told[{3: "granted", 1: "ads_denied", 0: "denied"}[kinds]] += 1
                    assert row["Action"] == ("accept" if kinds else "reject")
    assert told == decided(written, "cookiescript")


def test_content_snapshots_are_weekly_and_never_shrink(written):
    views = defaultdict(list)
    for path in written.files("organic_social/x/*.csv"):
        for row in csv.DictReader(io.StringIO(path.read_text())):
            views[row["Post id"]].append((path.name, int(row["Impressions"])))
    assert len(written.files("organic_social/x/*.csv")) == 14
    for told in views.values():
        numbers = [number for _, number in sorted(told)]
        assert numbers == sorted(numbers)
    for path in written.files("organic_social/youtube/*.zip"):
        with zipfile.ZipFile(path) as archive:
            total, *rows = csv.DictReader(io.StringIO(archive.read("Table data.csv").decode()))
            assert total["Content"] == "Total"
            assert int(total["Views"]) == sum(int(row["Views"]) for row in rows)

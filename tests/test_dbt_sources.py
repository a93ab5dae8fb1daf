"""What is generated for dbt: the words of robots say in DuckDB what the package says in Python."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from crawlerdetect import CrawlerDetect
from crawlerdetect.providers import crawlers, exclusions

from journey_pipeline.dbt_sources import (
    BOT_PATTERNS,
    SPEND_AS_DELIVERED,
    alternation,
    write_bot_patterns,
    write_spend_as_delivered,
)
from journey_pipeline.ingest import load_contracts

AGENTS = [
    "Mozilla/5.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/104.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/80.0 Mobile Safari/5",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604",
    "Mozilla/5.0 (compatible; ExampleBot/1.0)",
    "Mozilla/5.0 (X11; Linux) AppleWebKit/537.36 HeadlessChrome/120.0",
    "Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/)",
    "Yandex",
    "Mozilla/5.0 (Linux; arm_64; Android 13) YandexSearch/23.1 Chrome/110.0 Mobile Safari/537.36",
    "python-requests/2.31",
    " ",
]


def test_duckdb_reads_every_pattern() -> None:
    for pattern in (*crawlers.data, *exclusions.data):
        duckdb.execute("select regexp_matches('x', ?, 'i')", [alternation([pattern])])


@pytest.mark.parametrize("agent", AGENTS)
def test_sql_and_package_agree(agent: str) -> None:
    found = duckdb.execute(
        "select regexp_matches(trim(regexp_replace(?, ?, '', 'gi')), ?, 'i')",
        [agent, alternation(exclusions.data), alternation(crawlers.data)],
    ).fetchall()
    assert found == [(CrawlerDetect().is_crawler(agent),)]


@pytest.mark.parametrize(
    ("text", "found"), [("Yandex", True), ("YandexSea", True), ("yandexSearcH", False), ("YandexSearch Yandex!", True)]
)
def test_a_word_that_must_not_follow_is_spelled_out(text: str, found: bool) -> None:
    pattern = alternation(["Yandex(?!Search)"])
    assert duckdb.execute("select regexp_matches(?, ?, 'i')", [text, pattern]).fetchall() == [(found,)]


def test_the_file_is_left_alone_when_it_already_says_so(tmp_path: Path) -> None:
    (tmp_path / BOT_PATTERNS.parent).mkdir()
    write_bot_patterns(tmp_path)
    written = (tmp_path / BOT_PATTERNS).stat().st_mtime_ns
    write_bot_patterns(tmp_path)
    assert (tmp_path / BOT_PATTERNS).stat().st_mtime_ns == written


def test_every_export_of_spend_is_held_to_what_it_delivered(tmp_path: Path) -> None:
    (tmp_path / SPEND_AS_DELIVERED.parent).mkdir()
    write_spend_as_delivered(tmp_path)
    held = (tmp_path / SPEND_AS_DELIVERED).read_text(encoding="utf-8")
    feeding = [contract.id for contract in load_contracts().values() if "spend" in contract.canonical]
    assert feeding
    assert [held.count(f"'{name}'") for name in feeding] == [1] * len(feeding)

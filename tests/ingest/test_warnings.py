"""A file may keep to its contract and still deserve a look: what is told of it, and where."""

from __future__ import annotations

import pytest

from journey_pipeline.ingest import doubtful_files
from tests.ingest.home import Home
from tests.ingest.test_csv_faults import GOOD, REPORT

OTHER_TOTAL = GOOD.replace("Total: Account", "Total: Campaigns").replace("30.50", "31.50")


def with_column(text: str, name: str) -> str:
    lines = text.splitlines()
    return "\n".join([f"{lines[0]},{name}", *(f"{line},x" for line in lines[1:])]) + "\n"


@pytest.mark.parametrize(
    ("text", "doubts"),
    [
        (GOOD, []),
        (OTHER_TOTAL, ["the totals row gives another sum of cost than the rows"]),
        # Optional columns are missing from this report already; a new one beside them may be one of them.
        (
            with_column(GOOD, "Label"),
            [
                "unknown columns kept in _extra: Label",
                "optional columns not delivered: ",
            ],
        ),
    ],
)
def test_a_file_that_deserves_a_look_is_told_with_its_reasons(home: Home, text: str, doubts: list[str]) -> None:
    home.put(REPORT, text)
    assert home.load_one().outcome == "loaded"
    with home.warehouse() as raw:
        found = doubtful_files(raw)
    assert [path for path, _ in found] == ([REPORT] if doubts else [])
    told = [one for _, warnings in found for one in warnings]
    assert [one.startswith(doubt) for one, doubt in zip(told, doubts, strict=True)] == [True] * len(doubts)


def test_a_file_that_was_corrected_is_told_no_more(home: Home) -> None:
    home.put(REPORT, OTHER_TOTAL)
    home.load()
    home.put(REPORT, GOOD)
    home.load()
    with home.warehouse() as raw:
        assert doubtful_files(raw) == []


def test_an_unknown_column_alone_is_the_customers_own(home: Home) -> None:
    """JSON leaves out what it has no value for, so nothing is known to be missing there."""
    home.put_sample("google_ads/campaign_stats_api.jsonl")
    file = home.inbox / "google_ads/campaign_stats_api.jsonl"
    file.write_text(file.read_text().replace("{", '{"extra":1,', 1))
    assert home.load_one().warnings == ("unknown columns kept in _extra: extra",)
    with home.warehouse() as raw:
        assert doubtful_files(raw) == []

"""The parser's own process: what kills or hangs it is one file's fault, and the next file is read all the same."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from journey_pipeline.ingest import Contract, IngestError, Resources, isolation, load_contracts
from journey_pipeline.ingest.isolation import Isolated
from journey_pipeline.ingest.stage import stage
from tests.ingest.test_csv_faults import GOOD


@pytest.fixture
def parser() -> Isolated:
    return Isolated(Resources())


def parse(parser: Isolated, contract: Contract, folder: Path, content: str = GOOD) -> int:
    delivered = folder / "delivered.csv"
    delivered.write_text(content)
    return parser.parse(folder, contract, stage(delivered, folder), "x.csv", folder, folder / "out.parquet").accepted


def hanging() -> Contract:
    """A contract whose pattern needs longer than the universe for the header of `ENDLESS`."""
    written = load_contracts()["google_ads__campaign_report"].model_dump()
    written["columns"][0]["customProperties"] = [{"property": "sourceHeaderPattern", "value": "(a+)+$"}]
    return Contract.model_validate(written)


ENDLESS = "a" * 60 + "b,Campaign ID,Cost\n1,2,3\n"


def test_a_crash_holds_the_file_and_the_next_one_is_read(parser: Isolated, tmp_path: Path) -> None:
    contract = load_contracts()["google_ads__campaign_report"]
    assert parse(parser, contract, tmp_path) == 2

    def kill() -> None:
        time.sleep(0.5)
        assert parser.process is not None
        os.kill(parser.process.pid, signal.SIGSEGV)

    threading.Thread(target=kill).start()
    with pytest.raises(IngestError) as crash:
        parse(parser, hanging(), tmp_path, ENDLESS)
    assert (crash.value.fault.code, crash.value.fault.found) == ("E_PARSER_CRASH", "it ended with SIGSEGV")
    assert parse(parser, contract, tmp_path) == 2
    parser.close()


def test_a_parser_that_hangs_is_ended(parser: Isolated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "PATIENCE_SECONDS", 1)
    with pytest.raises(IngestError, match="E_PARSER_TIMEOUT"):
        parse(parser, hanging(), tmp_path, ENDLESS)
    assert parser.process is None


def test_too_little_memory_is_said_with_the_setting(tmp_path: Path) -> None:
    small = Isolated(Resources(threads=1, memory_limit="4MB"))
    contract = load_contracts()["google_ads__campaign_report"]
    rows = "".join(f"2026-11-01,{n},Campaign {n},EUR,1.00,10,{n}\n" for n in range(400_000))
    header, totals = GOOD.splitlines()[0], GOOD.splitlines()[-1]
    assert header.startswith("Day,Campaign ID"), header
    with pytest.raises(IngestError, match=r"E_MEMORY.*memory_limit"):
        parse(small, contract, tmp_path, f"{header}\n{rows}{totals}\n")
    small.close()


def test_the_parser_can_touch_its_root_only(parser: Isolated, tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    delivered = inside / "delivered.csv"
    delivered.write_text(GOOD)
    contract = load_contracts()["google_ads__campaign_report"]
    staged = stage(delivered, inside)
    with pytest.raises((IngestError, RuntimeError)):
        parser.parse(inside, contract, staged, "x.csv", outside, outside / "out.parquet")
    assert not (outside / "out.parquet").exists()
    parser.close()

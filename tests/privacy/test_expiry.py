"""Records leave the lake once they are older than their contract keeps them, whenever they are delivered."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from journey_pipeline.ingest import Contract, ContractError, expire, land, load_contracts, scan
from journey_pipeline.ingest.catalogue import FOLDER, read_contract
from tests.ingest.home import LOADED_AT, Home
from tests.privacy.small_home import touches

NAME = "canonical/touchpoints.csv"
TOUCHES = touches(*((f"t{number}", f"user_id:u_{number}") for number in range(4)))
# Of touches at 00:00, 00:01, 00:02 and 00:03 on 2 November, two are older than 14 days then.
NOW = datetime(2026, 11, 16, 0, 2)


def keeping(days: int | None) -> Contract:
    contract = load_contracts()["canonical__touchpoints"]
    level = contract.service_level.model_copy(update={"retention_days": days})
    return contract.model_copy(update={"service_level": level})


def load(home: Home, contract: Contract) -> int:
    land(contract, scan(home.inbox, load_contracts()), home.lake, LOADED_AT)
    return expire(contract, home.lake, NOW)


def kept(home: Home) -> list[str]:
    return [
        name for (name,) in home.rows("select native_id from raw.canonical__touchpoints where _is_current order by 1")
    ]


def test_what_is_older_goes_and_what_is_as_old_stays(home: Home) -> None:
    home.put(NAME, TOUCHES)
    assert load(home, keeping(14)) == 2
    assert kept(home) == ["t2", "t3"]
    assert home.rows("select records, accepted, erased from raw.source_files") == [(4, 2, 2)]
    assert load(home, keeping(14)) == 0
    home.put("canonical/again/touchpoints.csv", TOUCHES + TOUCHES.splitlines()[-1].replace("t3", "t4") + "\n")
    assert load(home, keeping(14)) == 2
    assert kept(home) == ["t2", "t3", "t4"]


def test_without_a_limit_all_stays(home: Home) -> None:
    home.put(NAME, TOUCHES)
    assert load(home, keeping(None)) == 0
    assert len(kept(home)) == 4
    assert not [name for name, contract in load_contracts().items() if contract.service_level.retention_days]


def test_a_contract_says_its_limit_in_days_and_needs_a_time(tmp_path: Path) -> None:
    file = tmp_path / "canonical__touchpoints.odcs.yaml"
    written = (FOLDER / file.name).read_text()
    assert "slaProperties" in written
    limit = "slaProperties:\n  - {property: retention, value: 400, unit: d}\n"
    file.write_text(written.replace("slaProperties:\n", limit))
    assert read_contract(file).service_level.retention_days == 400
    file.write_text(file.read_text().replace("value: 400, unit: d", "value: 30, unit: h"))
    with pytest.raises(ContractError, match="retention is given in days"):
        read_contract(file)

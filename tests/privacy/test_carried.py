"""Every contract whose records are about people says by which of their cells a person is found."""

from __future__ import annotations

import pytest

from journey_pipeline.ingest import load_contracts

# Tables that name nobody.
NAMELESS = {"spend", "content_metrics"}


@pytest.mark.parametrize("name", load_contracts())
def test_a_contract_that_feeds_tables_of_people_says_how_its_records_name_them(name: str) -> None:
    contract = load_contracts()[name]
    if set(contract.canonical) <= NAMELESS or not (contract.identity.personal or contract.identity.carriers):
        return
    assert contract.identity.carriers, f"{name} has personal columns and no identifier or entity to find them by"

"""The catalogue: what every contract must say, and how a wrong one is refused."""

from pathlib import Path

import pytest

from journey_pipeline.ingest import ContractError, load_contracts
from journey_pipeline.ingest.catalogue import FOLDER, SUFFIX

GOOD = (FOLDER / f"zendesk__satisfaction_ratings{SUFFIX}").read_text()


def read(folder: Path, content: str, name: str = "zendesk__satisfaction_ratings") -> None:
    (folder / f"{name}{SUFFIX}").write_text(content)
    load_contracts(folder)


def test_a_contract_is_known_by_its_name() -> None:
    assert len(load_contracts()) > 14
    assert all(contract.id == key for key, contract in load_contracts().items())


def test_every_contract_is_read_as_it_is_written(tmp_path: Path) -> None:
    read(tmp_path, GOOD)


def test_every_contract_feeds_the_events_and_can_be_dated() -> None:
    for contract in load_contracts().values():
        assert contract.canonical, contract.id
        assert contract.ingest.time is not None, contract.id
        assert contract.purpose.endswith("."), contract.id


def test_every_contract_promises_a_level(tmp_path: Path) -> None:
    for contract in load_contracts().values():
        assert contract.service_level.latency_hours, contract.id
        # Delighted was switched off: its answers are imported once. A lot is drawn when there is something to test.
        is_at_times = contract.id.startswith("delighted__") or contract.id == "canonical__experiment_assignments"
        assert bool(contract.service_level.frequency_days) is not is_at_times, contract.id
    latency = "  - {property: latency, value: 192, unit: h}\n"
    frequency = "  - {property: frequency, value: 7, unit: d}\n"
    assert latency in GOOD and frequency in GOOD
    read(tmp_path, GOOD.replace(latency, latency.replace("192, unit: h", "3, unit: d")).replace(frequency, ""))
    (once,) = load_contracts(tmp_path).values()
    assert (once.service_level.latency_hours, once.service_level.frequency_days) == (72, None)


def test_every_identifier_of_a_person_is_marked_personal() -> None:
    for contract in load_contracts().values():
        for identifier in contract.identity.identifiers:
            if identifier.type in ("email", "phone"):
                assert identifier.column in contract.identity.personal, (contract.id, identifier)
        marked = {column.name for column in contract.columns if column.classification == "personal"}
        assert marked == set(contract.identity.personal)


def test_the_globs_of_the_catalogue_do_not_overlap() -> None:
    globs = [glob for contract in load_contracts().values() for glob in contract.ingest.glob]
    assert len(globs) == len(set(globs))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("min_rows:", "min_row:", "key ingest.limits.min_row; nearest known key: min_rows", id="key"),
        pytest.param("domain:", "domian:", "nearest known key: domain", id="top key"),
        pytest.param("logicalType: integer", "logicaltype: integer", "nearest known key: logicalType", id="column key"),
        pytest.param("property: sourceHeader", "property: sourceHeaders", "sourceHeader", id="column property"),
        pytest.param("key: [id]", "key: [ident]", "blocks name columns the schema does not have: ident", id="column"),
        pytest.param("version: updated_at, ", "", "upsert_latest lacks", id="mode without its version"),
        pytest.param("status: active", "status: &x active", "anchors and aliases are not allowed", id="anchor"),
        pytest.param("status: active", "status: active\nstatus: draft", "key 'status' is given twice", id="twice"),
        pytest.param("value: 7, unit: d", "value: 30, unit: h", "a frequency is given in days", id="frequency"),
        pytest.param("freshness_hours: 192", "on_gap: stop", "on_gap", id="what a gap does"),
        pytest.param("value: [experience_scores", "value: [spend, experience_scores",
                     "does not say which of its columns the spend is held to", id="spend without its columns"),
        pytest.param("  - property: canonical\n",
                     "  - {property: spend, value: {day: a, cost: b, campaign: c}}\n  - property: canonical\n",
                     "does not feed the table spend", id="columns of no spend"),
        pytest.param("version: 1.0.0", "version: 1.0", "version", id="a number for a version"),
        pytest.param("name: score,", "name: Score-x,", "name", id="a name that is no identifier"),
        pytest.param("name: score,", "name: reason,", "columns named twice: reason", id="a column twice"),
        pytest.param("status: active", "status: !!python/name:os.system x", "the tag", id="python tag"),
        pytest.param("name: zendesk__satisfaction_ratings\nversion", "name: zendesk__rating\nversion", "be called",
                     id="file name"),
    ],
)  # fmt: skip
def test_a_wrong_contract_is_refused_by_name(tmp_path: Path, old: str, new: str, message: str) -> None:
    content = GOOD
    if "sourceHeader" in old:
        content = (FOLDER / f"typeform__responses{SUFFIX}").read_text()
    assert old in content
    name = "typeform__responses" if "sourceHeader" in old else "zendesk__satisfaction_ratings"
    with pytest.raises(ContractError) as error:
        read(tmp_path, content.replace(old, new, 1), name)
    assert str(error.value).startswith(f"{name}{SUFFIX}: ")
    assert message in str(error.value)

"""The graph as a whole: data flows right, every asset speaks for itself, nothing is forgotten on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from journey_pipeline.door_frames import MART_KEYS
from journey_pipeline.flow import FLOW, SEEDS
from journey_pipeline.ingest import load_contracts
from journey_pipeline.release.audit import shortfalls
from journey_pipeline.verdicts import Verdict


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    os.environ.setdefault("JOURNEY_HOME", str(tmp_path_factory.mktemp("home")))
    from journey_pipeline.definitions import defs

    return defs


@pytest.fixture(scope="module")
def graph(defs: dg.Definitions) -> Any:
    return defs.resolve_asset_graph()


@pytest.fixture(scope="module")
def manifest(defs: dg.Definitions) -> dict[str, Any]:
    from journey_pipeline.defs.warehouse import MANIFEST

    return json.loads(MANIFEST.read_text())  # type: ignore[no-any-return]


def position(key: dg.AssetKey) -> int:
    """Place of an asset's word in the flow; the lookups stand beside raw."""
    return 0 if key.path[0] == SEEDS else FLOW.index(key.path[0])


def test_data_only_flows_right(graph: Any) -> None:
    back = [
        (parent.to_user_string(), key.to_user_string())
        for key in graph.get_all_asset_keys()
        for parent in graph.get(key).parent_keys
        if position(parent) > position(key)
    ]
    assert back == []


def test_all_eight_words_are_there_and_nothing_else(graph: Any) -> None:
    assert {key.path[0] for key in graph.get_all_asset_keys()} == {*FLOW, SEEDS}


def test_every_asset_has_a_grain_an_owner_and_the_group_of_its_word(graph: Any) -> None:
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert node.group_name == key.path[0], key
        assert node.owners, key
        assert (node.description or "").strip().startswith("One "), (key, node.description)


def test_every_asset_is_weekly(graph: Any) -> None:
    assert {type(graph.get(key).partitions_def) for key in graph.materializable_asset_keys} == {
        dg.WeeklyPartitionsDefinition
    }


def test_every_contract_is_landed_staged_and_reaches_the_events_it_names(graph: Any, manifest: dict[str, Any]) -> None:
    nodes = manifest["nodes"]

    def ancestors(unique_id: str) -> set[str]:
        found: set[str] = set()
        todo = [unique_id]
        while todo:
            parents = manifest["parent_map"].get(todo.pop(), [])
            todo += [p for p in parents if p not in found]
            found.update(parents)
        return found

    for contract in load_contracts().values():
        assert dg.AssetKey(["raw", contract.id]) in graph.get_all_asset_keys()
        source = f"source.journey.raw.{contract.id}"
        staged = [u for u, n in nodes.items() if source in n.get("depends_on", {}).get("nodes", [])]
        models = [u for u in staged if nodes[u]["resource_type"] == "model"]
        assert models, f"{contract.id} has no staging model"
        assert all(nodes[u]["schema"] == "staging" for u in models)
        for table in contract.canonical:
            reached = ancestors(f"model.journey.{table}")
            assert source in reached, f"{contract.id} never reaches events.{table}: add its line there"
        feeds = {
            nodes[u]["alias"]
            for u, n in nodes.items()
            if n.get("schema") == "events" and set(models) & set(n["depends_on"]["nodes"])
        }
        tables = {
            "touchpoints",
            "measurements",
            "identifier_edges",
            "profile_attributes",
            "conversions",
            "experience_scores",
            "spend",
            "consents",
        }
        assert feeds & tables <= set(contract.canonical), f"{contract.id} feeds more than its contract says"


def test_only_staging_reads_what_vendors_delivered(manifest: dict[str, Any]) -> None:
    delivered = {f"source.journey.raw.{contract}" for contract in load_contracts()}
    readers = {
        node["schema"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and delivered & set(node["depends_on"]["nodes"])
    }
    assert readers == {"staging"}


def test_every_dbt_test_is_a_blocking_check(graph: Any, manifest: dict[str, Any]) -> None:
    tests = {n["name"] for n in manifest["nodes"].values() if n["resource_type"] == "test"}
    checks = {key.name: graph.get_check_spec(key) for key in graph.asset_check_keys}
    assert tests - set(checks) == set(), "name the guarded model: meta: {dagster: {ref: {name: ...}}}"
    assert [name for name in tests if not checks[name].blocking] == []


def test_each_gate_alone_stops_a_release(graph: Any) -> None:
    """For each of them a candidate in which it alone failed, and one in which it alone never ran."""
    from journey_pipeline.defs.gates import expected_gates

    gates = expected_gates("published")
    blocking = [key for key in graph.asset_check_keys if graph.get_check_spec(key).blocking]
    assert {(key.name, key.asset_key.to_user_string()) for key in blocking} <= {*gates}
    green = [Verdict(gate, asset, True) for gate, asset in gates]
    assert shortfalls(green, gates) == []
    for place, (gate, asset) in enumerate(gates):
        others = green[:place] + green[place + 1 :]
        (failed,) = shortfalls([*others, Verdict(gate, asset, False, 2, "x=1")], gates)
        assert failed == f"gate {gate} on {asset} ({asset.split('/')[0]}) failed, 2 failing rows: x=1"
        (absent,) = shortfalls(others, gates)
        assert absent == f"gate {gate} on {asset} is missing: it was expected and never ran on this candidate"


def test_every_check_says_what_it_demands(graph: Any) -> None:
    silent = [key.name for key in graph.asset_check_keys if not (graph.get_check_spec(key).description or "").strip()]
    assert silent == []
    told = {key.name: graph.get_check_spec(key).description for key in graph.asset_check_keys}
    assert told["assert_lookup_keys_are_unique"] == "A lookup answers a question once."
    assert told["unique_identifier_types_identifier_type"] == "No two rows have the same identifier_type."


def test_a_check_counts_its_failing_rows_and_names_them_only_where_there_are_some() -> None:
    from journey_pipeline.defs.gates import check_result

    passed = check_result(Verdict("g", "marts/t", True))
    warned = check_result(Verdict("g", "marts/t", True, 2, "week=1; week=2"))
    failed = check_result(Verdict("g", "marts/t", False, 2, "week=1; week=2"))
    assert {name: value.value for name, value in passed.metadata.items()} == {"failing_rows": 0}
    assert {name: value.value for name, value in failed.metadata.items()} == {
        "failing_rows": 2,
        "rows": "week=1; week=2",
    }
    assert failed.metadata == warned.metadata
    assert [(one.passed, one.severity) for one in (passed, warned, failed)] == [
        (True, dg.AssetCheckSeverity.ERROR),
        (False, dg.AssetCheckSeverity.WARN),
        (False, dg.AssetCheckSeverity.ERROR),
    ]


def test_the_graph_loads_without_a_warning_and_keeps_what_it_writes_private(tmp_path: Path) -> None:
    """Also where the webserver or the daemon loads it, which know no umask of ours."""
    code = "import os; os.umask(0o022); import journey_pipeline.definitions; print(oct(os.umask(0o022)))"
    environment = {**os.environ, "JOURNEY_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert "Warning" not in done.stderr
    assert done.stdout.split()[-1] == "0o77"


def test_gates_stand_at_raw_events_and_marts(graph: Any) -> None:
    words = Counter(key.asset_key.path[0] for key in graph.asset_check_keys if graph.get_check_spec(key).blocking)
    assert all(words[word] > 0 for word in ("raw", "staging", "events", "journeys", "marts"))


def test_every_mart_is_released_with_its_key_and_an_enforced_contract(manifest: dict[str, Any]) -> None:
    marts = {n["alias"]: n for n in manifest["nodes"].values() if n.get("schema") == "marts" and "alias" in n}
    marts = {alias: n for alias, n in marts.items() if n["resource_type"] == "model"}
    assert set(marts) == set(MART_KEYS)
    for alias, node in marts.items():
        assert node["config"]["contract"]["enforced"], alias
        assert set(MART_KEYS[alias]) <= set(node["columns"]), alias
        assert all(column["description"] for column in node["columns"].values()), alias


def test_every_model_and_seed_says_what_a_row_is(manifest: dict[str, Any]) -> None:
    silent = [
        n["name"]
        for n in manifest["nodes"].values()
        if n["resource_type"] in ("model", "seed") and not n["description"].strip().startswith("One row per")
    ]
    assert silent == []


def test_the_weekly_schedule_follows_the_reporting_zone(defs: dg.Definitions) -> None:
    from journey_pipeline.defs.resources import settings

    schedule = defs.resolve_schedule_def("every_monday")
    assert schedule.cron_schedule == "0 5 * * 1"
    assert schedule.execution_timezone == settings.time_zone
    assert defs.resolve_sensor_def("new_files").job_name == "weekly_release"


def test_one_tag_asks_dbt_for_exactly_the_nodes_at_hand(manifest: dict[str, Any]) -> None:
    from dbt.cli.main import dbtRunner

    from journey_pipeline.defs.warehouse import ASKED, _parse, _tag, dbt_arguments
    from journey_pipeline.settings import DBT_PROJECT

    nodes = sorted(manifest["nodes"])
    parsed = _parse("--no-write-json").deepcopy()
    for asked in ({*nodes[::7]}, {*nodes[3::11]}, set(nodes)):
        _tag(parsed, asked)
        words = ["list", "--quiet", f"--select=tag:{ASKED}", "--indirect-selection=empty", "--output=json"]
        told = dbtRunner(manifest=parsed).invoke(
            [*words, "--output-keys=unique_id", *dbt_arguments(DBT_PROJECT / "target")]
        )
        assert told.success, told.exception
        assert {json.loads(line)["unique_id"] for line in told.result} == asked

"""Every place of the registry is a place of the code, and every place of the code is in the registry."""

from __future__ import annotations

import ast
from pathlib import Path

import journey_pipeline
from journey_pipeline.fault_points import POINTS


def test_the_registry_and_the_code_name_the_same_places() -> None:
    called = []
    for file in Path(journey_pipeline.__file__).parent.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "fault_points import point\n" in text else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "point":
                assert isinstance(node.args[0], ast.Constant), file.name
                called.append(node.args[0].value)
    # Each once: the place of a fault says where it happened.
    assert sorted(called) == sorted(POINTS)
    assert len(POINTS) >= 40

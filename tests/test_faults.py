"""The list of faults is true: every fault has a test, every test it names is there, and the lock holds what it says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from journey_pipeline.settings import PROJECT_ROOT

TESTS = Path(__file__).parent
PAGE = PROJECT_ROOT / "docs" / "faults.md"
ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| fault")
]


def test_the_list_is_long_and_says_each_fault_once() -> None:
    assert len(ROWS) > 50
    faults = [row[0] for row in ROWS]
    assert len(set(faults)) == len(faults)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_every_fault_has_what_happens_and_a_test_that_is_there(row: list[str]) -> None:
    fault, happens, shown = row
    assert fault and happens
    named = re.findall(r"`([^`]+\.py)::(test_\w+)`", shown)
    assert named and len(named) == shown.count("`") // 2
    for file, test in named:
        tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
        assert test in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}, (file, test)


def test_every_locked_package_has_hashes() -> None:
    lock = (PROJECT_ROOT / "requirements.lock").read_text(encoding="utf-8")
    packages = [part for part in re.split(r"\n(?=\S)", lock) if re.match(r"[a-z0-9]", part, re.IGNORECASE)]
    assert len(packages) > 100
    for package in packages:
        assert re.match(r"[a-zA-Z0-9._-]+(\[[\w,-]+\])?==", package), package.splitlines()[0]
        assert "--hash=sha256:" in package, package.splitlines()[0]
    makefile = (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8")
    assert "--require-hashes --only-binary :all: -r requirements.lock" in makefile

"""What the dbt project takes from the channel catalogue: one dbt source per contract, so that a channel needs no YAML.

Holds the one generated file of the project. Add here when dbt must know something else that contracts say.
Must not be here: models, tests, anything a person would want to edit.
"""

from __future__ import annotations

from pathlib import Path

import yaml

from journey_pipeline.ingest import load_contracts
from journey_pipeline.settings import DBT_PROJECT

RAW_SOURCES = Path("models") / "staging" / "_raw.yml"


def write_raw_sources(project: Path = DBT_PROJECT) -> None:
    """Write the dbt sources of `raw`, one per contract; the file is left alone when it already says so."""
    tables = [
        {"name": contract.id, "description": f"One row per delivered record. {contract.purpose}"}
        for contract in load_contracts().values()
    ]
    content = (
        "# Written from journey_pipeline/contracts whenever dbt is prepared; git does not keep it.\n"
        + yaml.safe_dump(
            {"version": 2, "sources": [{"name": "raw", "schema": "raw", "tables": tables}]},
            sort_keys=False,
            allow_unicode=True,
            width=1000,
        )
    )
    target = project / RAW_SOURCES
    if not target.exists() or target.read_text(encoding="utf-8") != content:
        target.write_text(content, encoding="utf-8")

"""Reads the channel catalogue: ODCS v3.1 documents in YAML to `Contract` values.

Holds the outer ODCS model. Add here only when ODCS itself grows a key we use.
Must not be here: the meaning of the blocks (`contract.py`), or anything that reads delivered files.
"""

from __future__ import annotations

import difflib
import functools
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from journey_pipeline import strict_yaml
from journey_pipeline.ingest import contract as model
from journey_pipeline.ingest.contract import Column, Contract, Quality
from journey_pipeline.strict_yaml import StrictYamlError

FOLDER = Path(__file__).parent.parent / "contracts"
SUFFIX = ".odcs.yaml"


class ContractError(ValueError):
    """A contract file is not a contract; the message names file, key and the nearest known key."""


class _Block(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Description(_Block):
    purpose: str
    limitations: str | None = None


class _Server(_Block):
    server: str
    type: Literal["local"]
    path: str
    format: Literal["parquet"]


class _Schema(_Block):
    name: str
    physicalName: str  # noqa: N815 - ODCS spells it so
    physicalType: Literal["table"]  # noqa: N815
    properties: list[Column]
    quality: list[Quality] = []


class _Level(_Block):
    property: Literal["latency", "frequency", "retention"]
    value: Annotated[int, Field(gt=0)]
    unit: Literal["h", "d"]
    element: str | None = None

    @model_validator(mode="after")
    def _frequency_is_in_whole_days(self) -> _Level:
        if self.property != "latency" and _hours(self) % 24:
            raise ValueError(f"a {self.property} is given in days")
        return self


def _hours(level: _Level) -> int:
    return level.value * (24 if level.unit == "d" else 1)


class _Custom(_Block):
    property: Literal["ingest", "identity", "canonical", "spend"]
    value: Any


class Document(_Block):
    """The ODCS document as written in YAML."""

    apiVersion: Literal["v3.1.0"]  # noqa: N815
    kind: Literal["DataContract"]
    id: str
    name: str
    version: str
    status: Literal["active", "draft", "deprecated"]
    domain: str
    tags: list[str] = []
    description: _Description
    servers: list[_Server] = []
    schema_: list[_Schema]
    slaProperties: list[_Level] = []  # noqa: N815
    customProperties: list[_Custom]  # noqa: N815


def load_contracts(folder: Path | None = None) -> dict[str, Contract]:
    """All contracts of a folder (default: the catalogue of this package), by contract id.

    Raises ContractError when a file is not a valid contract. The result is cached per folder.
    """
    return dict(_load(folder or FOLDER))


@functools.cache
def _load(folder: Path) -> dict[str, Contract]:
    return {path.name.removesuffix(SUFFIX): read_contract(path) for path in sorted(folder.glob(f"*{SUFFIX}"))}


def read_contract(path: Path) -> Contract:
    """One contract file. Raises ContractError naming the file and the key."""
    try:
        written = strict_yaml.read(path)
    except StrictYamlError as error:
        raise ContractError(str(error)) from None
    if not isinstance(written, dict):
        raise ContractError(f"{path.name}: expected a mapping of ODCS keys")
    if "schema" in written:
        written["schema_"] = written.pop("schema")
    try:
        contract = _assembled(Document.model_validate(written))
    except ValidationError as error:
        raise ContractError(f"{path.name}: {_explained(error)}") from None
    if contract.id != path.name.removesuffix(SUFFIX):
        raise ContractError(f"{path.name}: name is {contract.id!r}; the file must be called {contract.id}{SUFFIX}")
    return contract


def _assembled(document: Document) -> Contract:
    blocks = {item.property: item.value for item in document.customProperties}
    table = document.schema_[0]
    levels = {level.property: _hours(level) for level in document.slaProperties}
    return Contract.model_validate(
        {
            "id": document.name,
            "version": document.version,
            "domain": document.domain,
            "purpose": document.description.purpose,
            "tags": document.tags,
            "columns": table.properties,
            "quality": table.quality,
            "service_level": {
                "latency_hours": levels.get("latency"),
                "frequency_days": levels["frequency"] // 24 if "frequency" in levels else None,
                "retention_days": levels["retention"] // 24 if "retention" in levels else None,
            },
            **blocks,
        }
    )


def _explained(error: ValidationError) -> str:
    messages = []
    for item in error.errors():
        where = ".".join(str(part) for part in item["loc"]).replace("schema_", "schema")
        if item["type"] == "extra_forbidden":
            near = difflib.get_close_matches(str(item["loc"][-1]), _known_keys(), n=1, cutoff=0.0)
            messages.append(f"unknown key {where}; nearest known key: {near[0]}")
        else:
            messages.append(f"{where}: {item['msg']}")
    return "; ".join(messages)


def _known_keys() -> list[str]:
    blocks = [*vars(model).values(), *globals().values()]
    models = [block for block in blocks if isinstance(block, type) and issubclass(block, BaseModel)]
    return sorted({name.replace("schema_", "schema") for block in models for name in block.model_fields})

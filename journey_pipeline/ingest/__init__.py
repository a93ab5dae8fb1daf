"""Delivered files into the lake, by contract: unpack, decode, find the header, judge rows, remember.

This is the whole face of the package. A run calls `scan` once, `land` for every contract and once for `None`,
then `register` for every contract, and `source_files`, `file_loads` and `service_levels` once. `check` answers
without loading.
Must not be here: knowledge of a single source (that is `contracts/`), staging casts, Dagster.
"""

from journey_pipeline.ingest.catalogue import ContractError, load_contracts
from journey_pipeline.ingest.checking import CheckResult, check
from journey_pipeline.ingest.contract import Contract, UniqueKey
from journey_pipeline.ingest.engine import Resources
from journey_pipeline.ingest.expiry import expire
from journey_pipeline.ingest.faults import Fault, IngestError, safe_path
from journey_pipeline.ingest.inbox import InboxFile, scan, unfinished
from journey_pipeline.ingest.intact import LakeDamaged, RawFile, damaged_files, require_intact
from journey_pipeline.ingest.lake import Lake, first_load, known_at
from journey_pipeline.ingest.landing import land
from journey_pipeline.ingest.levels import file_loads, service_levels
from journey_pipeline.ingest.standing import Standing, doubtful_files, open_faults, standing
from journey_pipeline.ingest.suppression import Suppression, replay, suppress, suppression
from journey_pipeline.ingest.tables import register, source_files
from journey_pipeline.ingest.verdicts import FileOutcome

__all__ = [
    "CheckResult",
    "Contract",
    "ContractError",
    "Fault",
    "FileOutcome",
    "InboxFile",
    "IngestError",
    "Lake",
    "LakeDamaged",
    "RawFile",
    "Resources",
    "Standing",
    "Suppression",
    "UniqueKey",
    "check",
    "damaged_files",
    "doubtful_files",
    "expire",
    "file_loads",
    "first_load",
    "known_at",
    "land",
    "load_contracts",
    "open_faults",
    "register",
    "replay",
    "require_intact",
    "safe_path",
    "scan",
    "service_levels",
    "source_files",
    "standing",
    "suppress",
    "suppression",
    "unfinished",
]

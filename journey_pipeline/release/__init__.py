"""Releases: publish a gated warehouse as an immutable folder, list, compare, verify, roll back and retain.

Holds the whole life of `<home>/releases/<id>` and of the one pointer `<home>/published`. Add here when a released
folder gains a file or a guarantee. Must not be here: new numbers, Dagster, the command line.
"""

from journey_pipeline.release.difference import Cell, TableDifference, cells, differences
from journey_pipeline.release.digest import table_digest
from journey_pipeline.release.erasures import clear, is_clear
from journey_pipeline.release.facts import (
    GateResult,
    Release,
    ReleaseDamaged,
    ReleaseError,
    ReleaseFacts,
    ReleaseNotFound,
    ReleaseRefused,
)
from journey_pipeline.release.history import (
    current,
    list_releases,
    read_manifest,
    read_restatements,
    restatement_counts,
    rollback,
    show,
)
from journey_pipeline.release.pointer import current_id, release_ids
from journey_pipeline.release.publishing import publish
from journey_pipeline.release.retention import collect, expired, remove
from journey_pipeline.release.verification import verify

__all__ = [
    "Cell",
    "GateResult",
    "Release",
    "ReleaseDamaged",
    "ReleaseError",
    "ReleaseFacts",
    "ReleaseNotFound",
    "ReleaseRefused",
    "TableDifference",
    "cells",
    "clear",
    "collect",
    "current",
    "current_id",
    "differences",
    "expired",
    "is_clear",
    "list_releases",
    "publish",
    "read_manifest",
    "read_restatements",
    "release_ids",
    "remove",
    "restatement_counts",
    "rollback",
    "show",
    "table_digest",
    "verify",
]

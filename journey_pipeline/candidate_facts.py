"""What a release says of itself, read from the candidate in a warehouse: its cuts and its versions.

Add here when a release must carry one more fact. Must not be here: whether it may be published (`release.audit`).
"""

from __future__ import annotations

from datetime import UTC

import duckdb

from journey_pipeline import release
from journey_pipeline.door_frames import MART_KEYS
from journey_pipeline.settings import Settings, code_version, shared_numbers


def facts_of(connection: duckdb.DuckDBPyConnection, settings: Settings) -> release.ReleaseFacts:
    """The facts of the candidate in a warehouse."""
    as_of, known_at, candidate_id, files = connection.execute(
        """
        select as_of, known_at, candidate_id, (select count(*) from raw.source_files where outcome = 'loaded')
        from raw.run_parameters
        """
    ).fetchall()[0]
    return release.ReleaseFacts(
        as_of=as_of.replace(tzinfo=UTC),
        known_at=known_at.replace(tzinfo=UTC),
        time_zone=settings.time_zone,
        candidate_id=candidate_id,
        configuration_hash=settings.configuration_hash(),
        code_version=code_version(),
        rule_versions={
            "definitions": str(shared_numbers()["definition_version"]),
            "channels": str(shared_numbers()["channel_ruleset"]),
        },
        input_files=files,
        tables=MART_KEYS,
    )

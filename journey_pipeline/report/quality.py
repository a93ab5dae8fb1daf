"""Can these numbers be trusted: gates, files and what was held back; `sources` says whether all arrived.

Add here when another promise about the data is released. Must not be here: personal values; shapes only.
"""

from __future__ import annotations

from typing import Any

from journey_pipeline.report.consent import consent
from journey_pipeline.report.reading import Released, Row
from journey_pipeline.report.sources import sources
from journey_pipeline.report.wording import contract_name, count, day, name

_QUARANTINE_ROWS = 20

_GATES = """
    select word, count(*) as gates, count(*) filter (where passed) as passed from gate_results
    group by word order by min(case word when 'raw' then 0 when 'staging' then 1 when 'events' then 2
        when 'identity' then 3 when 'journeys' then 4 when 'measures' then 5 when 'marts' then 6 else 7 end), word
"""
_FILES = """
    select contract, count(*) as files, count(*) filter (where outcome = 'loaded') as loaded,
        count(*) filter (where outcome = 'duplicate') as duplicate,
        count(*) filter (where outcome = 'superseded') as superseded,
        count(*) filter (where outcome = 'quarantined') as held_back,
        sum(records)::double as records, sum(quarantined)::double as quarantined, sum(dropped)::double as dropped,
        max(data_until) as period_end
    from source_files group by contract order by contract
"""
_HELD_BACK = "select contract, file_name from source_files where outcome = 'quarantined' order by contract, file_name"
_QUARANTINE = f"""
    select contract, column_name, rule, expected, count(*) as records, count(distinct file_id) as files
    from quarantine group by contract, column_name, rule, expected
    order by records desc, contract, column_name, rule limit {_QUARANTINE_ROWS}
"""


def quality(released: Released) -> dict[str, Any]:
    """Gates by word, files by contract, quarantine by rule, deliveries by source."""
    gates = released.rows("gate_results", _GATES)
    return {
        "gates": [{"word": name(row["word"]), "gates": row["gates"], "passed": row["passed"]} for row in gates],
        "gate_count": count(sum(row["gates"] for row in gates)),
        "all_passed": bool(gates) and all(row["gates"] == row["passed"] for row in gates),
        "files": [_file(row) for row in released.rows("source_files", _FILES)],
        "held_back": [
            {"contract": contract_name(row["contract"]), "file": row["file_name"]}
            for row in released.rows("source_files", _HELD_BACK)
        ],
        "quarantine": [
            {**row, "contract": contract_name(row["contract"])} for row in released.rows("quarantine", _QUARANTINE)
        ],
        "consent": consent(released),
        **sources(released),
    }


def _file(row: Row) -> dict[str, Any]:
    numbers = ("files", "loaded", "duplicate", "superseded", "held_back", "records", "quarantined", "dropped")
    text: dict[str, Any] = {key: count(row[key] or 0) for key in numbers}
    text["contract"] = contract_name(row["contract"])
    text["period"] = f"data until {day(row['period_end'])}" if row["period_end"] else "without dates"
    return text

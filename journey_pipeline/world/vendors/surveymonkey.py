"""SurveyMonkey: a share of the survey answers, one CSV with two header rows.

Must not be here: what people answer.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, csv_cell, csv_line, lines

HEADER = (
    "Respondent ID,Collector ID,Start Date,End Date,IP Address,Email Address,First Name,Last Name,Custom Data 1,"
    '"How likely are you to recommend Northlamp?",What is the main reason for your score?,'
    '"How satisfied were you with delivery?"'
)
KINDS = ",,,,,,,,,Response,Open-Ended Response,Response"
STAMP = "%Y-%m-%d %H:%M:%S"
CELLS = (
    "114000000000 + answer", "'460001'", f"local_time(started_at, '{STAMP}')",
    f"if(is_complete, local_time(submitted_at, '{STAMP}'), '')", "'203.0.113.9'", "if(gives_email, email, '')", "''",
    "''",
    "if(gives_user_id, user_id, '')", "nullif(recommend, -1)", "if(is_complete and recommend < 7, 'Late, again', '')",
    "nullif(delivery, -1)",
)  # fmt: skip


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, _calendar: Calendar) -> None:
    """Write all answers of the survey in one file."""
    line = csv_line([csv_cell(cell) for cell in CELLS])
    rows = lines(
        con,
        f"select answer as place, {line} as line from answers join people using (person) where tool = 'surveymonkey'",
    )
    if rows:
        delivery.write_text("surveymonkey/Northlamp delivery survey.csv", f"{HEADER}\n{KINDS}\n{rows}")

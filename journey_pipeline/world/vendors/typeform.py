"""Typeform: one CSV of responses per month, question texts as headers, two columns of the same name.

Must not be here: what people answer.
"""

import duckdb

from journey_pipeline.world.vendors import Delivery, csv_cell, csv_line, lines

HEADER = (
    '#,"Hi {{field:7d956171-88d8-4613-b8e2-164b6b3929e9}}, how likely are you to recommend Northlamp?",'
    "What is the main reason for your score?,How satisfied were you with delivery?,Email,Phone,Other,"
    "Other,user_id,utm_source,Response Type,Start Date (UTC),Stage Date (UTC),Submit Date (UTC),"
    "Network ID,Tags,Ending"
)
# Reasons as people type them: commas, line ends, formulas, signs and nothing.
REASONS = (
    "Quality, price",
    "Late\nand broken",
    "",
    "\U0001f642",
    "-",
    '=HYPERLINK("http://x.test")',
    "Warm light",
    "ok",
)
STAMP = "%Y-%m-%d %H:%M:%S"

CELLS = (
    "md5('response-' || answer)",
    "nullif(recommend, -1)",
    "if(is_complete, reasons.text, '')",
    "nullif(delivery, -1)",
    "if(gives_email, if(answer % 12 = 5, upper(email[1]) || email[2:], email), '')",
    "if(answer % 4 = 0, replace(phone, '+4955501', '''+49 55501 '), '')",
    "''",
    "''",
    "if(gives_user_id, coalesce(user_id, if(answer % 9 = 0, 'xxxxx', '')), if(answer % 9 = 0, 'xxxxx', ''))",
    "if(gives_user_id, 'email', '')",
    "if(is_complete, 'completed', 'started')",
    f"utc_time(started_at, '{STAMP}')",
    "''",
    f"if(is_complete, utc_time(submitted_at, '{STAMP}'), '')",
    "substr(md5('network-' || person), 1, 10)",
    "''",
    "if(is_complete, 'Thanks!', '')",
)


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery) -> None:
    """Write `responses-AbC123-<month>.csv` per month in which an answer was started."""
    con.execute("create or replace temp table reasons (reason bigint, text varchar)")
    con.executemany("insert into reasons values (?, ?)", [[n, text] for n, text in enumerate(REASONS)])
    months = con.execute(
        "select distinct utc_time(started_at, '%Y-%m') from answers where tool = 'typeform' order by 1"
    ).fetchall()
    line = csv_line([csv_cell(cell) for cell in CELLS])
    for (month,) in months:
        rows = lines(
            con,
            f"select answer as place, {line} as line from answers join people using (person) "
            "join reasons using (reason) where tool = 'typeform' and utc_time(started_at, '%Y-%m') = $1",
            [month],
        )
        delivery.write_text(f"typeform/responses-AbC123-{month}.csv", f"{HEADER}\n{rows}")

"""Qualtrics: a share of the survey answers, one CSV per month with three header rows.

Must not be here: what people answer.
"""

import codecs
import json

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.parameters import TIME_ZONE
from journey_pipeline.world.vendors import Delivery, csv_line, lines, quoted_cell

STAMP = "%Y-%m-%d %H:%M:%S"
_COMPLETE = "is_complete and not is_partial"
# name, question text in the exporting user's language, import id, cell
COLUMNS: tuple[tuple[str, str, str, str], ...] = (
    ("StartDate", "Anfangsdatum", "startDate", f"local_time(started_at, '{STAMP}')"),
    ("EndDate", "Enddatum", "endDate", f"local_time(ended_at, '{STAMP}')"),
    ("Status", "Antworttyp", "status", "status"),
    ("IPAddress", "IP-Adresse", "ipAddress", "'203.0.113.9'"),
    ("Progress", "Aktueller Stand", "progress", "if(is_complete, 100, 35)"),
    ("Duration (in seconds)", "Dauer (in Sekunden)", "duration", "ended_at - started_at"),
    ("Finished", "Beendet", "finished", "if(is_complete, 'True', 'False')"),
    ("RecordedDate", "Erfassungsdatum", "recordedDate", f"local_time(ended_at, '{STAMP}')"),
    ("ResponseId", "Antwort-ID", "_recordId", "'R_' || substr(md5('qualtrics-' || place), 1, 15)"),
    ("RecipientLastName", "Nachname", "recipientLastName", "''"),
    ("RecipientFirstName", "Vorname", "recipientFirstName", "''"),
    ("RecipientEmail", "E-Mail", "recipientEmail", "if(gives_email, email, '')"),
    ("ExternalReference", "Externe Datenreferenz", "externalDataReference", "if(gives_user_id, user_id, '')"),
    ("LocationLatitude", "Breitengrad", "locationLatitude", "''"),
    ("LocationLongitude", "L\u00e4ngengrad", "locationLongitude", "''"),
    ("DistributionChannel", "Verteilungskanal", "distributionChannel", "'email'"),
    ("UserLanguage", "Benutzersprache", "userLanguage", "'DE'"),
    ("Q1_NPS_GROUP", "How likely are you to recommend us? - Group", "QID1_NPS_GROUP",
     "case when recommend < 0 then '' when recommend >= 9 then 'Promoter' when recommend >= 7 then 'Passive' "
     "else 'Detractor' end"),
    ("Q1", "How likely are you to recommend us?", "QID1", "nullif(recommend, -1)"),
    ("Q2", "Why?", "QID2_TEXT", "if(is_complete and recommend >= 9, 'Great, \"really\"', '')"),
    ("order_id", "order_id", "order_id", "order_number"),
)  # fmt: skip
# Previews of the survey's author and what Qualtrics calls spam are planted.
_ANSWERS = """
create or replace temp table qualtrics_answers as
select a.* exclude (started_at), p.email, p.user_id, 'IP Address' as status, answer * 10 as place, started_at,
    if(is_complete, submitted_at, started_at + 30) as ended_at
from answers as a join people as p using (person) where tool = 'qualtrics'
union all
select a.* exclude (started_at) replace (false as gives_email, false as gives_user_id, 10 as recommend,
    true as is_complete), null, null, if(answer % 2 = 0, 'Survey Preview', 'Spam'), answer * 10 + 1, started_at,
    started_at + 61
from answers as a where tool = 'qualtrics' and $planted and answer % 3 = 0
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, _calendar: Calendar) -> None:
    """Write `Northlamp+NPS+-+<month>.csv` per month in which an answer was started."""
    con.execute(_ANSWERS, {"planted": delivery.is_planted})
    delivery.plant(
        con, "select 'qualtrics.preview_or_spam', count(*) from qualtrics_answers where status <> 'IP Address'"
    )
    months = con.execute("select distinct local_time(started_at, '%Y-%m') from qualtrics_answers order by 1").fetchall()
    header = "\n".join(
        ",".join('"' + cell.replace('"', '""') + '"' for cell in row)
        for row in (
            [name for name, _, _, _ in COLUMNS],
            [text for _, text, _, _ in COLUMNS],
            [_import_id(name, key) for name, _, key, _ in COLUMNS],
        )
    )
    line = csv_line([quoted_cell(cell) for _, _, _, cell in COLUMNS])
    for (month,) in months:
        rows = lines(
            con,
            f"select place, {line} as line from qualtrics_answers where local_time(started_at, '%Y-%m') = $1",
            [month],
        )
        delivery.write(f"qualtrics/Northlamp+NPS+-+{month}.csv", codecs.BOM_UTF8 + f"{header}\n{rows}".encode())


def _import_id(name: str, key: str) -> str:
    zone = {"timeZone": TIME_ZONE} if name.endswith("Date") else {}
    return json.dumps({"ImportId": key} | zone)

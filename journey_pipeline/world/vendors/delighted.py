"""Delighted: what was saved of the old survey tool before it was switched off, one file.

Must not be here: what people answer.
"""

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.vendors import Delivery, lines

_LINES = """
select answer as place, to_json({
    id: (200 + answer)::varchar,
    person: if(gives_email, to_json({id: (10900000 + person)::varchar, email: email, name: null}),
        to_json((10900000 + person)::varchar)),
    survey_type: 'nps', score: recommend, comment: if(recommend >= 9, 'Lovely', null),
    permalink: 'https://example.test/r/' || 200 + answer, created_at: submitted_at, updated_at: null,
    person_properties: {'Order ID': order_number::varchar, 'Delighted Source': 'email'},
    notes: []::text[], tags: []::text[], additional_answers: []::text[]
}) as line
from answers join people using (person) where tool = 'delighted'
"""


def write(con: duckdb.DuckDBPyConnection, delivery: Delivery, _calendar: Calendar) -> None:
    """Write the historical answers."""
    delivery.write_text("delighted_legacy/survey_responses.jsonl", lines(con, _LINES))

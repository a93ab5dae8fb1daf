"""Whatever text a vendor's cells hold, it lands unchanged: what a CSV or JSON writer writes is what is read."""

import csv
import io
import json
import tempfile
import unicodedata
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from journey_pipeline.ingest import load_contracts
from journey_pipeline.ingest.engine import parser, rows
from journey_pipeline.ingest.parsing import parse
from journey_pipeline.ingest.stage import stage

TEXT = st.text(
    st.one_of(
        st.sampled_from(list("\"',;\t\n\\=+-@ aN0|#{}[]")),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"),
    ),
    max_size=12,
)
SPACES = "".join(chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) == "Zs")
HEADER = ["Record ID", "First Name", "Last Name", "Email", "Lifecycle Stage", "Create Date"]


def landed(contract_id: str, name: str, content: bytes, columns: str) -> list[tuple[str | None, ...]]:
    """Values of the columns after parsing, in file order."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, delivered = Path(scratch), Path(scratch) / "delivered"
        delivered.write_bytes(content)
        staged, target = stage(delivered, folder), folder / "accepted.parquet"
        with parser(folder) as connection:
            parse(load_contracts()[contract_id], staged, name, folder, target, lambda: connection)
            return rows(connection, f"select {columns} from '{target}' order by file_row_number")


@settings(max_examples=60)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_csv_cells_survive(names: list[tuple[str, str]], quoting: int) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    writer.writerow(HEADER)
    for number, (first, last) in enumerate(names, start=1):
        writer.writerow([number, first, last, "a@example.com", "Lead", "2026-11-01 09:10"])
    found = landed("hubspot__contacts", "all-contacts.csv", out.getvalue().encode(), "first_name, last_name")
    assert found == [(cleaned(first), cleaned(last)) for first, last in names]


def cleaned(cell: str) -> str | None:
    """The declared cleaning: a cell that is empty or only spaces is null, a guard apostrophe goes."""
    if cell.strip(SPACES) == "":
        return None
    return cell[1:] if cell[0] == "'" and cell[1:2] and cell[1] in "0123456789+=@(-" else cell


@settings(max_examples=60)
@given(st.lists(TEXT, min_size=1, max_size=5), st.booleans())
def test_json_texts_survive(comments: list[str], ascii_only: bool) -> None:
    rating = {
        "requester_id": 1,
        "ticket_id": 2,
        "score": "good",
        "created_at": "2026-11-05T09:00:00Z",
        "updated_at": "2026-11-05T09:00:00Z",
    }
    lines = [
        json.dumps({"id": number, "comment": comment, **rating}, ensure_ascii=ascii_only)
        for number, comment in enumerate(comments)
    ]
    content = "\n".join(lines).encode()
    found = landed("zendesk__satisfaction_ratings", "satisfaction_ratings.jsonl", content, "comment")
    assert found == [(comment,) for comment in comments]

"""What a cell of a CSV file may begin with, so that no spreadsheet takes a text for a formula.

Holds the one rule for every CSV we write. Must not be here: reading files (`ingest.csv_files`); tables of a
release hold texts as they are.
"""

from __future__ import annotations

import re

# A number or a phone number is no formula, whatever its sign.
_NUMBER = re.compile(r"[+-]?[\d .,()/-]*\d")


def cell(value: object) -> str:
    """The value as text, behind the apostrophe spreadsheets know for text where it would begin a formula.

    A contract with `strip_leading_apostrophe` reads it back as it was.
    """
    text = "" if value is None else str(value)
    if text.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text

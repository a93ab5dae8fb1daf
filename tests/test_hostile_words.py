"""Words that are SQL, templates or formulas stay words: in file names, headers, cells of seeds and the CSV we write."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt_common.clients.jinja import extract_toplevel_blocks
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jinja2 import Environment

from journey_pipeline import csv_cells, segment_rules
from journey_pipeline.ingest import engine, load_contracts
from journey_pipeline.ingest.rules import cleaned
from journey_pipeline.settings import DBT_PROJECT

TEMPLATE = """{{ env_var("PATH") }} %} {% endmacro %}{% macro evil() %}x{% endmacro %} {# }}"""
SQL = """x'); drop table raw; --"x"""
# Whatever a UTF-8 file can hold.
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40)


@given(WORDS)
@example(TEMPLATE)
@example(SQL)
@example("*")
@example("0")
@example("~1/")
def test_a_quoted_word_is_that_word_to_sql(word: str) -> None:
    with duckdb.connect() as connection:
        found = connection.execute(f"select {engine.text(word)} as {engine.name(word or 'x')}")
        assert found.description[0][0] == (word or "x")
        assert found.fetchall() == [(word,)]
        document = connection.execute("select json_object($1, 1)", [word]).fetchall()[0][0]
        if word.isprintable() and word:
            assert connection.execute(f"select json_extract($1, {engine.json_path(word)})", [document]).fetchall() == [
                ("1",)
            ]


def macros(text: str) -> dict[str, Any]:
    """What the macros of a file return, found by dbt's own reader of blocks and run by its template engine."""

    class Returned(Exception):
        pass

    def back(value: Any) -> None:
        raise Returned(value)

    found = {}
    for block in extract_toplevel_blocks(text, allowed_blocks={"macro"}, collect_raw_data=False):
        try:
            Environment().from_string(block.contents).render({"return": back})
        except Returned as value:
            found[block.block_name] = value.args[0]
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(WORDS.filter(lambda word: "--" not in word and "/*" not in word and word.isprintable()))
@example(TEMPLATE)
@example("'); drop table raw; 'x")
@example('\\" }} {{ 7 * 7 }} \\u0041')
def test_a_cell_of_a_seed_is_text_to_dbt(tmp_path: Path, word: str) -> None:
    rule = "plan = " + engine.text(word)
    (tmp_path / "seeds").mkdir(exist_ok=True)
    (tmp_path / segment_rules.QUESTIONS).write_text((DBT_PROJECT / segment_rules.QUESTIONS).read_text())
    with (tmp_path / segment_rules.RULES).open("w", newline="", encoding="utf-8") as stream:
        lines = [segment_rules.HEADER, ["colour", "10", "blue", rule, word, "2020-01-01"]]
        csv.writer(stream).writerows(lines)
    told = macros(segment_rules.macro(tmp_path))
    assert set(told) == {"segment_sets", "attitude_scales"}
    assert told["segment_sets"][0]["versions"][0]["rules"] == [{"segment": "blue", "rule": rule}]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_what_would_begin_a_formula_is_text(start: str) -> None:
    assert csv_cells.cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("value", ["-12.50", "+49 30 1234-567", "-1", "1e5", "a=b", "", "maya@example.com", "'tis"])
def test_numbers_phones_and_words_stay_as_they_are(value: str) -> None:
    assert csv_cells.cell(value) == value


def test_nothing_is_an_empty_cell() -> None:
    assert (csv_cells.cell(None), csv_cells.cell(-5)) == ("", "-5")


@given(st.sampled_from(["=", "+", "-", "@"]), WORDS)
def test_a_lot_is_read_back_as_it_was(start: str, word: str) -> None:
    contract = load_contracts()["canonical__experiment_assignments"]
    (column,) = (one for one in contract.columns if one.name == "identifier_value")
    written = csv_cells.cell(start + word)
    line = io.StringIO(newline="")
    csv.writer(line).writerow([written])
    assert next(csv.reader(io.StringIO(line.getvalue(), newline=""))) == [written]
    with duckdb.connect() as connection:
        sql = f"select {cleaned(contract, column, contract.ingest.clean)} from (select $1 as identifier_value)"
        assert connection.execute(sql, [written]).fetchall() == [(start + word,)]

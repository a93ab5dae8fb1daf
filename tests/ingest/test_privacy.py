"""Personal values stay in the raw rows and in bytes set aside: never in an error, a reason, a log or the ledger."""

import logging
import os
import stat

import pytest

from journey_pipeline.ingest.faults import Fault, safe_path, shape, shape_sql
from tests.ingest.home import Home
from tests.ingest.test_samples import CONTACTS, ORDERS, TYPEFORM

CANARY = "canary.person@secret.example"
CANARIES = (b"canary", b"secret.example", b"202-555-0199", b"Canaria")
CONTACT = "Record ID,Email,First Name,Phone Number,Lifecycle Stage,Create Date\n"
PERSON = f"1,{CANARY},Canaria,+1 202-555-0199,Lead,2026-11-01 09:10\n"
FORM = (
    '{"formId":"f","conversionId":"c","submittedAt":"%s","values":[{"name":"email","value":"%s"}],'
    '"pageUrl":"https://x.test/?mail=%s"}'
)

FAULTY: dict[str, tuple[str, bytes | str]] = {
    "value in the wrong column": (CONTACTS, CONTACT + PERSON.replace("1,", f"{CANARY},", 1)),
    "bad date": (CONTACTS, CONTACT + PERSON.replace("2026-11-01", "Canaria")),
    "wrong width": (CONTACTS, CONTACT + PERSON + PERSON.replace(",Lead", "")),
    "open quote": (CONTACTS, CONTACT + PERSON + PERSON.replace("Canaria", '"Canaria')),
    "no header": (CONTACTS, PERSON + PERSON),
    "person in the header": (CONTACTS, CONTACT.replace("Email", CANARY) + PERSON),
    "unknown column": (CONTACTS, CONTACT.strip() + f",{CANARY}\n" + PERSON.strip() + f",{CANARY}\n"),
    "repeated key": (CONTACTS, CONTACT + PERSON + PERSON),
    "bad bytes": (CONTACTS, CONTACT.encode() + PERSON.encode() + b"\xff" + PERSON.encode()),
    "broken json": ("hubspot/form_submissions.jsonl", (FORM % ("1", CANARY, CANARY))[:-3]),
    "bad json value": ("hubspot/form_submissions.jsonl", FORM % (CANARY, CANARY, CANARY)),
    "unknown key": ("hubspot/form_submissions.jsonl", f'{{"{CANARY}":1,' + (FORM % ("1793520600000", "a", "b"))[1:]),
    "no contract": ("hubspot/people.txt", CONTACT + PERSON),
}


@pytest.mark.parametrize("fault", FAULTY)
def test_no_personal_value_is_repeated(
    home: Home, fault: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    home.put(*FAULTY[fault])
    outcome = home.load_one()
    if fault not in ("unknown column", "unknown key"):
        assert outcome.outcome == "quarantined"
    with home.warehouse() as raw:
        told = raw.execute("select * from raw.source_files").fetchall()
        told += raw.execute("select * from raw.quarantine").fetchall()
    printed = capfd.readouterr()
    said = [str(outcome), str(outcome.fault), repr(told), caplog.text, printed.out, printed.err]
    kept = [path.read_bytes() for path in home.files() if path.name != "bytes" and path.suffix != ".parquet"]
    assert any(b"SQLite" in content for content in kept)
    for canary in CANARIES:
        assert not any(canary.decode() in text for text in said)
        assert not any(canary in content for content in kept)


def test_shapes_tell_the_form_and_nothing_else() -> None:
    assert shape("Maya.Ø9@example.com") == '"Aaaa.A9@aaaaaaa.aaa", 19 chars'
    assert shape("x" * 40) == f'"{"a" * 32}…", 40 chars'


def test_shapes_are_the_same_in_sql(home: Home) -> None:
    values = ["Maya.Ø9@example.com", "x" * 40, "-9,99 €", "a\nb\tc", "日本 3", "", "\u202eabc"]
    with home.warehouse() as connection:
        for value in values:
            assert connection.execute(f"select {shape_sql('$1')}", [value]).fetchall() == [(shape(value),)]


def test_files_are_private_to_their_owner(home: Home) -> None:
    for sample in (CONTACTS, ORDERS, TYPEFORM):
        home.put_sample(sample)
    home.put("hubspot/people.txt", PERSON)
    home.put("shopify/orders_export_2.csv", "<html>")
    home.load()
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in [home.lake.root, *home.lake.root.rglob("*")]}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert not list(home.lake.staging_path.iterdir())


def test_nothing_of_a_failed_load_stays_behind(home: Home) -> None:
    home.put(CONTACTS, CONTACT + PERSON + PERSON)
    home.load()
    assert not list(home.lake.staging_path.iterdir())
    assert not list((home.lake.root / "raw").rglob("*.parquet"))


def test_what_a_killed_load_left_is_cleared_and_a_running_one_is_not(home: Home) -> None:
    home.put(CONTACTS, CONTACT + PERSON)
    home.load()
    running, killed = home.lake.staging_path / f"{os.getpid()}-ab", home.lake.staging_path / "99999999-ab"
    for folder in (running, killed):
        folder.mkdir()
        (folder / "copy").write_text(PERSON)
    home.load()
    assert list(home.lake.staging_path.iterdir()) == [running]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("shopify/orders_export_1.csv", "shopify/orders_export_1.csv"),
        ("typeform/Umfrage über Maß 2.csv", "typeform/Umfrage über Maß 2.csv"),
        (f"typeform/answers of {CANARY}.csv", "typeform/answers of aaaaaa.aaaaaa@aaaaaa.aaaaaaa.aaa"),
        (f"{CANARY}/a.csv", "aaaaaa.aaaaaa@aaaaaa.aaaaaaa/a.csv"),
        ("x/Canaria9%40secret.example", "x/Aaaaaaa9%99aaaaaa.aaaaaaa"),
        ("a\x1b[31m.csv", '"a\\u001b[31m.csv"'),
        ("a\nok contract=b.csv", '"a\\nok contract=b.csv"'),
        ("a\u202ecsv", '"a\\u202ecsv"'),
        ("a\udcff.csv", '"a\\udcff.csv"'),
    ],
)
def test_a_path_is_printed_on_one_line_and_names_nobody(path: str, shown: str) -> None:
    assert safe_path(path) == shown
    assert f" file={shown} " in str(Fault("E_PATH", "look", file=path))

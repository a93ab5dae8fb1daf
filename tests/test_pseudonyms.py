"""Pseudonyms: keyed HMACs that say what may not be asked of the value any more; a key nobody else can read."""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
from pathlib import Path

import duckdb
import pytest

from journey_pipeline import pseudonyms
from journey_pipeline.settings import Settings, SettingsError, load

from .pipeline_runs import journey

KEY = b"a key that only tests know"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("JOURNEY_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("JOURNEY_HOME", "unset-by-test")  # restored afterwards, whatever load() writes


def pseudonym(kind: str | None, value: str | None, key: bytes = KEY) -> str | None:
    with duckdb.connect() as connection:
        pseudonyms.add_function(connection, key)
        found = connection.execute(
            "select pseudonym(kind, value)::varchar from (select ? as kind, ? as value)", [kind, value]
        ).fetchall()
    return found[0][0]  # type: ignore[no-any-return]


@pytest.mark.parametrize("key", [KEY, b"x" * 64, b"y" * 100])
@pytest.mark.parametrize(("kind", "value"), [("email", "zoë@example.com"), ("user_id", "u_1"), ("no_such_kind", "'")])
def test_a_pseudonym_is_an_hmac_sha256_of_kind_and_value(key: bytes, kind: str, value: str) -> None:
    digest = hmac.new(key, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()
    assert str(pseudonym(kind, value, key)).replace("-", "") == digest[:31] + "0"


@pytest.mark.parametrize(
    ("kind", "value", "mark"),
    [
        ("email", "maya@example.com", "0"),
        ("email", "anna@northlamp.test", "1"),
        ("email", "info@example.com", "2"),
        ("email", "test@northlamp.test", "3"),
        ("user_id", "qa_17", "1"),
        ("user_id", "info@example.com", "0"),
        ("user_id", "null", "2"),
        ("a_new_kind", "0000-0000", "2"),
        ("phone", "+12345678", "0"),
        ("phone", "+1000000000", "2"),
    ],
)
def test_its_last_digit_says_whether_the_value_was_blocked_or_our_own(kind: str, value: str, mark: str) -> None:
    assert str(pseudonym(kind, value))[-1] == mark


def test_nothing_has_no_pseudonym() -> None:
    assert pseudonym("email", None) is None
    assert pseudonym(None, "a@example.com") is None


@pytest.mark.parametrize("mixed", ["coalesce(known, told)", "lower(known)", "case when true then known else told end"])
def test_sql_that_takes_a_pseudonym_for_text_does_not_bind(mixed: str) -> None:
    with duckdb.connect() as connection:
        pseudonyms.add_function(connection, KEY)
        connection.execute("create table t as select pseudonym('email', told) as known, told from (select 'a' as told)")
        with pytest.raises(duckdb.BinderException):
            connection.execute(f"select {mixed} from t")


def test_the_function_and_its_key_stay_out_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "w.duckdb"
    with duckdb.connect(str(file)) as connection:
        pseudonyms.add_function(connection, KEY)
        connection.execute("create table t as select pseudonym('email', 'a@example.com') as known")
    with duckdb.connect(str(file)) as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("select pseudonym('email', 'a')")


# --- the key ------------------------------------------------------------------------------------------------------


def used(home: Path) -> Settings:
    """A home that has loaded a file."""
    (home / "lake" / "raw" / "ga4__events").mkdir(parents=True)
    return load(home)


def test_two_new_homes_have_two_keys_nobody_else_can_read(tmp_path: Path) -> None:
    one, other = load(tmp_path / "one"), load(tmp_path / "other")
    assert pseudonyms.key_of(one) == pseudonyms.key_of(one)
    assert pseudonyms.key_of(one) != pseudonyms.key_of(other)
    assert stat.S_IMODE(one.pseudonym_file.stat().st_mode) == 0o600


def test_a_given_key_is_used_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_PSEUDONYM_KEY", "a secret of sixteen")
    chosen = load(tmp_path)
    assert pseudonyms.key_of(chosen) == b"a secret of sixteen"
    assert not chosen.pseudonym_file.exists()
    assert "secret" not in repr(chosen)


def test_a_key_in_the_settings_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "journey.toml").write_text('pseudonym_key = "a secret of sixteen"\n')
    with pytest.raises(
        SettingsError, match=r"move it to pseudonym.key \(mode 0600\) or JOURNEY_PSEUDONYM_KEY"
    ) as raised:
        load(tmp_path)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    home = load(tmp_path)
    pseudonyms.new_key(home)
    home.pseudonym_file.chmod(mode)
    with pytest.raises(SettingsError, match=f"mode {mode:04o}.*chmod 600"):
        pseudonyms.key_of(home)


def test_an_emptied_key_file_is_refused(tmp_path: Path) -> None:
    home = load(tmp_path)
    pseudonyms.new_key(home)
    home.pseudonym_file.write_text("\n")
    with pytest.raises(SettingsError, match="holds 0 characters, a key has 16 or more"):
        pseudonyms.key_of(home)


@pytest.mark.parametrize("state", ["lake/raw/ga4__events", "releases/2026-11-16-0123abcd"])
def test_a_home_in_use_gets_no_new_key_in_silence(tmp_path: Path, state: str) -> None:
    (tmp_path / state).mkdir(parents=True)
    with pytest.raises(SettingsError, match=r"a new key gives every customer a new id.*journey identity new-key"):
        pseudonyms.key_of(load(tmp_path))
    assert not (tmp_path / "pseudonym.key").exists()


def test_a_key_that_is_there_is_not_replaced(tmp_path: Path) -> None:
    home = load(tmp_path)
    key = pseudonyms.new_key(home)
    with pytest.raises(SettingsError, match="is there already"):
        pseudonyms.new_key(home)
    assert pseudonyms.key_of(home) == key


def test_the_command_line_refuses_a_lost_key_and_makes_one_when_told(tmp_path: Path) -> None:
    used(tmp_path)
    refused = journey("run", "--as-of", "2026-11-16", home=tmp_path, JOURNEY_PSEUDONYM_KEY=None)
    assert refused.returncode == 1
    assert "journey identity new-key" in " ".join(refused.stderr.split())
    made = journey("identity", "new-key", home=tmp_path, JOURNEY_PSEUDONYM_KEY=None)
    assert made.returncode == 0, made.stderr
    key = (tmp_path / "pseudonym.key").read_text()
    assert key not in made.stdout + made.stderr
    assert pseudonyms.key_of(load(tmp_path)) == key.encode()
    assert journey("identity", "new-key", home=tmp_path, JOURNEY_PSEUDONYM_KEY=None).returncode == 1

"""Pseudonyms of identifiers: the key of a home, and the SQL function that everything outside the lake knows people by.

Holds the one definition of a pseudonym. Add here what must be read off a value before it is gone. Must not be here:
which columns hold identifiers (`dbt_project/macros/pseudonyms.sql`), who belongs to whom (`identity`).
"""

from __future__ import annotations

import csv
import hashlib
import os
import secrets
import shutil
from functools import cache

import duckdb

from journey_pipeline.fault_points import point
from journey_pipeline.settings import DBT_PROJECT, Settings, SettingsError

_SEEDS = DBT_PROJECT / "seeds"
_WHAT_A_NEW_KEY_DOES = "a new key gives every customer a new id"


def add_function(connection: duckdb.DuckDBPyConnection, key: bytes) -> None:
    """Give a connection `pseudonym(kind, value)` for as long as it is open.

    A pseudonym is a UUID: the first 31 hex digits of HMAC-SHA256 (RFC 2104) over `kind:value`, and a last digit that
    says what nobody can ask the value any more: 1 is added for our own people, 2 for a blocked value (the seeds
    `internal_identities` and `blocked_identifiers`). A type of its own keeps it apart from text: SQL that mixes the
    two, or cleans a pseudonym, does not bind. As a temporary macro it is in no file.
    """
    digest = keyed_digest(key, "kind || ':' || value")
    own, blocked = (f"case when {_rules(seed)} then " for seed in ("internal_identities", "blocked_identifiers"))
    mark = f"{own} 1 else 0 end + {blocked} 2 else 0 end"
    connection.execute(
        f"create or replace temp macro pseudonym(kind, value) as cast(left({digest}, 31) || ({mark}) as uuid)"
    )


def keyed_digest(key: bytes, message: str) -> str:
    """SQL for HMAC-SHA256 (RFC 2104) of a text expression, as 64 hex digits."""
    padded = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in padded).hex() for pad in (0x36, 0x5C))
    return f"sha256(unhex('{outer}') || unhex(sha256(unhex('{inner}') || encode({message}))))"


@cache
def _rules(seed: str) -> str:
    """The patterns of a seed as one condition on `kind` and `value`; patterns stand as constants, compiled once."""
    with (_SEEDS / f"{seed}.csv").open(encoding="utf-8", newline="") as stream:
        rows = [(row["identifier_type"], row["pattern"]) for row in csv.DictReader(stream)]
    cases = ""
    for kind in sorted({kind for kind, _ in rows} - {"any"}):
        cases += f" when kind = '{kind}' then {_matches(rows, kind)}"
    return f"case{cases} else {_matches(rows, 'any')} end"


def _matches(rows: list[tuple[str, str]], kind: str) -> str:
    patterns = "|".join(f"(?:{pattern})" for of_kind, pattern in rows if of_kind in (kind, "any"))
    return f"regexp_full_match(value, '{patterns.replace(chr(39), chr(39) * 2)}')" if patterns else "false"


def key_of(settings: Settings) -> bytes:
    """The key of a home: JOURNEY_PSEUDONYM_KEY, else `<home>/pseudonym.key`, which only its owner may read.

    A home that never loaded a file gets a key of its own, so two homes never share pseudonyms unless given one key.
    Raises SettingsError when the key of a home in use is gone or open to others.
    """
    if settings.pseudonym_key:
        return settings.pseudonym_key.encode()
    if settings.pseudonym_file.exists():
        return _read(settings)
    if _is_in_use(settings):
        raise SettingsError(
            f"the key behind the pseudonyms of this home is missing: neither JOURNEY_PSEUDONYM_KEY nor "
            f"{settings.pseudonym_file.name} in the home; put back the one it was run with. Without it "
            f"{_WHAT_A_NEW_KEY_DOES}: if that is what you want, `journey identity new-key` makes one"
        )
    return new_key(settings)


def new_key(settings: Settings) -> bytes:
    """Make the key file of a home. Raises SettingsError when there is one."""
    settings.home.mkdir(parents=True, exist_ok=True)
    # Whole under its name or not there: half a key would be taken for the wrong one by every later run.
    draft = settings.pseudonym_file.with_suffix(f".{os.getpid()}.part")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(secrets.token_hex(32))
            stream.flush()
            os.fsync(stream.fileno())
        point("key_drafted")
        os.link(draft, settings.pseudonym_file)
    except FileExistsError:
        raise SettingsError(
            f"{settings.pseudonym_file.name} is there already and {_WHAT_A_NEW_KEY_DOES}; "
            "move it away first if that is what you want"
        ) from None
    finally:
        draft.unlink(missing_ok=True)
    point("key_kept")
    return _read(settings)


def rotate_key(settings: Settings) -> None:
    """Put a new key in place of the home's. Raises SettingsError when the environment has the key, or none is there.

    What earlier builds knew of pseudonyms goes with the old one: under a new key it names nobody.
    """
    if settings.pseudonym_key:
        raise SettingsError("the key is in JOURNEY_PSEUDONYM_KEY; change it there, delete lake/identity, run again")
    if not settings.pseudonym_file.exists():
        raise SettingsError(
            f"there is no {settings.pseudonym_file.name} to replace; `journey identity new-key` makes one"
        )
    shutil.rmtree(settings.lake / "identity", ignore_errors=True)
    settings.warehouse.unlink(missing_ok=True)
    waiting = settings.pseudonym_file.with_suffix(".part")
    with os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(secrets.token_hex(32))
        stream.flush()
        os.fsync(stream.fileno())
    waiting.replace(settings.pseudonym_file)


def _read(settings: Settings) -> bytes:
    file = settings.pseudonym_file
    mode = file.stat().st_mode & 0o777
    if mode & 0o077:
        raise SettingsError(f"{file.name} may be read by others (mode {mode:04o}); close it: chmod 600 {file.name}")
    key = file.read_text(encoding="utf-8").strip().encode()
    if len(key) < 16:
        raise SettingsError(f"{file.name} holds {len(key)} characters, a key has 16 or more; put back the right file")
    return key


def _is_in_use(settings: Settings) -> bool:
    """Whether the home has loaded a file or published a release, so that somebody may know its customers by id."""
    folders = (settings.lake / "raw", settings.home / "releases")
    return any(folder.is_dir() and any(folder.iterdir()) for folder in folders)

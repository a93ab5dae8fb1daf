"""Person records with known truth: households, twins, fathers and sons of one name, and how clerks write them down.

Nothing here is taken from any data set. The rates of mistakes are round numbers of the order that published studies of
registers report (about one field in ten misspelt, a tenth to a half of optional fields empty).
"""

from __future__ import annotations

import random
import string
from dataclasses import dataclass, replace
from datetime import date, timedelta

import duckdb
import pyarrow as pa

# Syllables put together, the frequent ones first.
GIVEN = tuple(
    first + second
    for second in ("na", "rit", "mens", "lores", "vira", "bian", "gor", "bert", "stav", "ke")
    for first in ("An", "Be", "Cle", "Do", "El", "Fa", "Gre", "Hu")
)
FIRST_PARTS = ("Hart", "Berg", "Wald", "Stein", "Kirch", "Baum", "Roth", "Klein", "Lang", "Alt", "Neu", "Ober", "Hoch")
SECOND_PARTS = ("mann", "er", "meier", "hofer", "bach", "feld", "haus", "berger", "wirt", "mueller", "thal", "brunner")
STREETS = ("Lindenweg", "Hauptstrasse", "Gartenweg", "Schulgasse", "Kirchplatz", "Rosengasse", "Feldweg", "Seeweg")
TOWNS = ("Altstadt", "Neuburg", "Seefeld", "Waldheim", "Steinbach", "Rosental", "Hohenau", "Felden", "Oberau")
MAILS = ("post.test", "mail.test", "web.test", "box.test")
FIELDS = ("given_name", "surname", "birth_date", "address", "postcode", "city", "email", "phone")


@dataclass(frozen=True)
class Person:
    entity: int
    given_name: str
    surname: str
    birth_date: str
    address: str
    postcode: str
    city: str
    email: str
    phone: str


def people(households: int, seed: int) -> list[Person]:
    """Households of one to four; one in thirty has twins, one in thirty a father and a son of one name."""
    chance = random.Random(seed)
    found: list[Person] = []
    for household in range(households):
        town = min(int(chance.expovariate(0.4)), len(TOWNS) - 1)
        home = {
            "surname": chance.choice(FIRST_PARTS) + _often(chance, SECOND_PARTS),
            "address": f"{chance.choice(STREETS)} {chance.randint(1, 120)}",
            "postcode": f"{town + 10}{chance.randint(0, 40):03}",
            "city": TOWNS[town],
        }
        kind = household % 30
        members = [(_often(chance, GIVEN), _birthday(chance, 1940, 1990))]
        if kind == 0:
            twins = _birthday(chance, 1985, 2004)
            members += [(name, twins) for name in chance.sample(GIVEN, 2)]
        elif kind == 1:
            members.append((members[0][0], _birthday(chance, 1991, 2006)))
        else:
            members += [(_often(chance, GIVEN), _birthday(chance, 1940, 2004)) for _ in range(chance.randint(0, 3))]
        for given_name, birth_date in members:
            entity = len(found)
            handle = f"{given_name}.{home['surname']}{chance.randint(1, 99)}".lower()
            email = f"{handle}@{chance.choice(MAILS)}"
            found.append(Person(entity, given_name, birth_date=birth_date, email=email, phone=_phone(chance), **home))
    return found


def records(persons: list[Person], seed: int) -> list[dict[str, str | None]]:
    """One to five records of each person, with mistakes; in no order."""
    chance = random.Random(seed)
    found = []
    for person in persons:
        moved = replace(
            person, address=f"{chance.choice(STREETS)} {chance.randint(1, 120)}", postcode="99001", city="Fernstadt"
        )
        for _ in range(chance.choice((1, 1, 2, 2, 3, 4, 5))):
            found.append(_written(chance, moved if chance.random() < 0.05 else person))
    chance.shuffle(found)
    return [{"record_id": f"r{number:06}", **record} for number, record in enumerate(found)]


MISSING = {"given_name": 0.04, "surname": 0.02, "birth_date": 0.25, "address": 0.2, "postcode": 0.2, "city": 0.15}
MISSING |= {"email": 0.45, "phone": 0.6}


def _written(chance: random.Random, person: Person) -> dict[str, str | None]:
    record: dict[str, str | None] = {name: getattr(person, name) for name in FIELDS}
    if chance.random() < 0.03:
        record["given_name"], record["surname"] = record["surname"], record["given_name"]
    if chance.random() < 0.15:  # a second mailbox and another number
        record["email"] = (
            f"{person.given_name[:1]}{person.surname}{chance.randint(1, 999)}@{chance.choice(MAILS)}".lower()
        )
        record["phone"] = _phone(chance)
    for name in FIELDS:
        if chance.random() < MISSING[name]:
            record[name] = None
        elif chance.random() < 0.1:
            record[name] = _misspelt(chance, str(record[name]), digits=name in ("birth_date", "postcode", "phone"))
    return {"entity": str(person.entity), **record}


def _misspelt(chance: random.Random, text: str, *, digits: bool) -> str:
    """One slip: a letter replaced, lost, doubled or swapped with the next; in numbers replaced or swapped."""
    places = [i for i, sign in enumerate(text) if sign.isdigit() or not digits]
    place = chance.choice(places)
    slip = chance.choice(("replace", "swap") if digits else ("replace", "swap", "lose", "double"))
    if slip == "replace":
        return text[:place] + chance.choice(string.digits if digits else string.ascii_lowercase) + text[place + 1 :]
    if slip == "lose":
        return text[:place] + text[place + 1 :]
    if slip == "double":
        return text[:place] + text[place] + text[place:]
    after = places[(places.index(place) + 1) % len(places)]
    signs = list(text)
    signs[place], signs[after] = signs[after], signs[place]
    return "".join(signs)


def _often(chance: random.Random, names: tuple[str, ...]) -> str:
    """A name, the first of the list most often, as names are spread."""
    return names[min(int(chance.expovariate(3 / len(names))), len(names) - 1)]


def _birthday(chance: random.Random, first: int, last: int) -> str:
    start = date(first, 1, 1)
    return (start + timedelta(days=chance.randrange((date(last, 12, 31) - start).days))).isoformat()


def _phone(chance: random.Random) -> str:
    return f"+49 {chance.randint(150, 179)} {chance.randint(1_000_000, 9_999_999)}"


def load(connection: duckdb.DuckDBPyConnection, rows: list[dict[str, str | None]], table: str = "records") -> None:
    """Write records as a table, the truth in `entity` beside them in a table of its own."""
    arrow = pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in ("record_id", "entity", *FIELDS)]))
    connection.register("generated", arrow)
    connection.execute(f"create or replace table {table} as select * exclude (entity) from generated")
    connection.execute(f"create or replace table {table}_truth as select record_id, entity from generated")
    connection.unregister("generated")

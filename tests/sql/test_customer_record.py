"""What is said of a customer, against known answers: golden record, consent, accounts, and the reach of exceptions."""

from __future__ import annotations

from random import Random
from typing import Any

import pandas as pd
import pytest

from .compiled_models import Bench, compile_models

# Identifier -> its pseudonym and customer. Ann has two browsers and an address, Ben a browser.
PEOPLE = {
    "email:ann": ("h1", "cus_ann"),
    "ga_client_id:ann-1": ("h2", "cus_ann"),
    "ga_client_id:ann-2": ("h3", "cus_ann"),
    "ga_client_id:ben": ("h4", "cus_ben"),
    "email:nobody": ("h5", None),
}
Rows = list[tuple[Any, ...]]
TOUCHES = ("identifier_numbers", "session_hits", "customer_touchpoints")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    judged = "customer_attributes customer_consents account_members mart_identity_exceptions"
    return compile_models(tmp_path_factory.mktemp("dbt"), f"{judged} {' '.join(TOUCHES)}")


@pytest.fixture
def bench(models: dict[str, str]) -> Bench:
    bench = Bench(models)
    rows = [(*name.split(":"), *known) for name, known in PEOPLE.items()]
    columns = ["identifier_type", "identifier_value", "identifier_hash", "customer_id"]
    bench.put("identity.identifiers", pd.DataFrame(rows, columns=columns))
    return bench


def answer(bench: Bench, model: str, columns: list[str]) -> Rows:
    found = bench.run(model)[columns].astype(object)
    return [tuple(row) for row in found.where(found.notna(), None).values.tolist()]


# --- golden record ------------------------------------------------------------------------------------------------

ATTRIBUTE_SOURCES = [
    ("country", "shop", "shipping_country", 2, True),
    ("country", "shop", "billing_country", 2, True),
    ("country", "crm", "country", 1, True),
    ("country", "tracker", "country", 1, False),
    ("country", "any", "country", 9, False),
    ("plan", "product", "plan", 1, True),
]


def golden(bench: Bench, told: Rows) -> dict[tuple[str, str], tuple[Any, ...]]:
    """(customer, attribute) -> value, source, number of values, of what (identifier, source, attribute, day, value)."""
    columns = ["attribute", "source", "source_attribute", "priority", "is_verified"]
    bench.put("seeds.attribute_sources", pd.DataFrame(ATTRIBUTE_SOURCES, columns=columns))
    names = [("germany", "DE"), ("de", "DE"), ("france", "FR")]
    bench.put("seeds.country_names", pd.DataFrame(names, columns=["country_name", "country_code"]))
    rows = [(*who.split(":"), source, name, f"2026-11-{day:02}", value) for who, source, name, day, value in told]
    columns = ["identifier_type", "identifier_value", "source", "attribute", "observed_at", "value"]
    bench.put("events.profile_attributes", pd.DataFrame(rows, columns=columns), observed_at="timestamp")
    found = bench.run("customer_attributes")
    assert not found.duplicated(["customer_id", "attribute"]).any()
    kept = ["customer_id", "attribute", "value", "source", "values_told"]
    return {(who, name): tuple(rest) for who, name, *rest in found[kept].values.tolist()}


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        pytest.param(
            [("email:ann", "tracker", "country", 9, "SE"), ("email:ann", "shop", "shipping_country", 1, "DE")],
            ("DE", "shop", 2),
            id="verified goes before unverified, however old and whatever its priority",
        ),
        pytest.param(
            [("email:ann", "shop", "shipping_country", 9, "DE"), ("email:ann", "crm", "country", 1, "GB")],
            ("GB", "crm", 2),
            id="then the source of the better priority",
        ),
        pytest.param(
            [("email:ann", "shop", "shipping_country", 2, "DE"), ("email:ann", "shop", "billing_country", 3, "FR")],
            ("FR", "shop", 2),
            id="then the latest",
        ),
        pytest.param(
            [("email:ann", "survey", "country", 9, "NO"), ("email:ann", "tracker", "country", 1, "SE")],
            ("SE", "tracker", 2),
            id="a source without a line of its own follows the line of any",
        ),
        pytest.param(
            [("email:ann", "survey", "country", 1, "NO"), ("email:ann", "poll", "country", 2, "DK")],
            ("DK", "poll", 2),
            id="two sources under the line of any: the latest",
        ),
        pytest.param(
            [("email:ann", "shop", "shipping_country", day, "DE") for day in (1, 2, 3)]
            + [("ga_client_id:ann-2", "shop", "billing_country", 1, "DE")],
            ("DE", "shop", 1),
            id="a value told again is one value",
        ),
        pytest.param(
            [("email:ann", "shop", "shipping_country", 1, "DE"), ("email:ann", "tracker", "country", 2, " Germany")],
            ("DE", "shop", 1),
            id="one country under two names is one value",
        ),
        pytest.param(
            [("email:ann", "shop", "shipping_country", 1, "Atlantis")],
            ("Atlantis", "shop", 1),
            id="a country that no line knows stays as it is called",
        ),
    ],
)  # fmt: skip
def test_the_value_that_survives_is_the_declared_one(bench: Bench, told: Rows, kept: tuple[Any, ...]) -> None:
    assert golden(bench, told) == {("cus_ann", "country"): kept}


def test_ties_are_broken_the_same_way_in_any_order_of_rows(bench: Bench) -> None:
    told: Rows = [
        ("email:ann", "shop", name, 1, value)
        for name in ("shipping_country", "billing_country")
        for value in ("DE", "FR")
    ]
    columns = ["value", "source", "source_attribute", "values_told"]
    found = set()
    for seed in range(6):
        Random(seed).shuffle(told)
        golden(bench, told)
        found.add(tuple(answer(bench, "customer_attributes", columns)))
    assert found == {(("DE", "shop", "billing_country", 2),)}


def test_what_no_line_names_is_never_released_nor_what_nobody_is_known_by(bench: Bench) -> None:
    told: Rows = [
        ("email:ann", "product", "shoe_size", 1, "44"),
        ("email:ann", "survey", "plan", 1, "gold"),
        ("email:nobody", "product", "plan", 1, "gold"),
        ("email:stranger", "product", "plan", 1, "gold"),
        ("ga_client_id:ben", "product", "plan", 1, "free"),
    ]
    assert golden(bench, told) == {("cus_ben", "plan"): ("free", "product", 1)}


# --- consent ------------------------------------------------------------------------------------------------------


def consent(bench: Bench, said: Rows) -> Rows:
    """Spans (state, from, to) in days of November, of (identifier, source, state, day, day it lapses or None)."""
    rows = [
        (*who.split(":"), source, "ads", state, f"2026-11-{day:02}", until and f"2026-11-{until:02}", f"c{number}")
        for number, (who, source, state, day, until) in enumerate(said)
    ]
    columns = ["identifier_type", "identifier_value", "source", "purpose", "state", "occurred_at", "valid_until"]
    casts = {"occurred_at": "timestamp", "valid_until": "timestamp"}
    bench.put("events.consents", pd.DataFrame(rows, columns=[*columns, "consent_id"]), **casts)
    found = bench.run("customer_consents").sort_values(["customer_id", "purpose", "valid_from"])
    assert (found["is_current"] == found["valid_to"].isna()).all()
    # Spans of one customer follow each other, and a new one begins only where something changes.
    for _, spans in found.groupby(["customer_id", "purpose"]):
        ends, starts = spans["valid_to"].iloc[:-1].values, spans["valid_from"].iloc[1:].values
        assert (ends <= starts).all()
        assert ((spans["state"].values[1:] != spans["state"].values[:-1]) | (ends < starts)).all()
    return [
        (row.state, row.valid_from.day, None if pd.isna(row.valid_to) else row.valid_to.day)
        for row in found.itertuples()
        if row.customer_id == "cus_ann"
    ]


ONE, TWO, MAIL = "ga_client_id:ann-1", "ga_client_id:ann-2", "email:ann"
CONSENTS = {
    "one voice": (
        [(MAIL, "crm", "granted", 1, None), (MAIL, "crm", "withdrawn", 5, None), (MAIL, "crm", "granted", 9, None)],
        [("granted", 1, 5), ("withdrawn", 5, 9), ("granted", 9, None)],
    ),
    "an answer given again changes nothing": (
        [(MAIL, "crm", "granted", 1, None), (MAIL, "crm", "granted", 5, None)],
        [("granted", 1, None)],
    ),
    "of two sources the more restrictive holds": (
        [(MAIL, "crm", "granted", 1, None), (MAIL, "mailer", "denied", 3, None), (MAIL, "crm", "granted", 5, None)],
        [("granted", 1, 3), ("denied", 3, None)],
    ),
    "a withdrawal goes before a denial, and implied before granted": (
        [(ONE, "cmp", "granted", 1, None), (TWO, "cmp", "implied", 2, None), (MAIL, "crm", "denied", 3, None),
         (MAIL, "mailer", "withdrawn", 4, None)],
        [("granted", 1, 2), ("implied", 2, 3), ("denied", 3, 4), ("withdrawn", 4, None)],
    ),
    "a browser that withdrew and grants again": (
        [(ONE, "cmp", "granted", 1, None), (TWO, "cmp", "granted", 2, None), (TWO, "cmp", "withdrawn", 4, None),
         (ONE, "cmp", "granted", 6, None), (TWO, "cmp", "granted", 8, None)],
        [("granted", 1, 4), ("withdrawn", 4, 8), ("granted", 8, None)],
    ),
    "what lapses leaves nothing": (
        [(MAIL, "crm", "granted", 1, 5)],
        [("granted", 1, 5)],
    ),
    "after a gap it starts anew": (
        [(MAIL, "crm", "granted", 1, 5), (MAIL, "crm", "granted", 9, None)],
        [("granted", 1, 5), ("granted", 9, None)],
    ),
    "the next answer ends one that would have lapsed later": (
        [(MAIL, "crm", "granted", 1, 20), (MAIL, "crm", "denied", 5, None)],
        [("granted", 1, 5), ("denied", 5, None)],
    ),
    "a denial that lapses leaves what others said": (
        [(MAIL, "crm", "granted", 1, None), (ONE, "cmp", "denied", 3, 6)],
        [("granted", 1, 3), ("denied", 3, 6), ("granted", 6, None)],
    ),
    "not having been asked is no answer": (
        [(ONE, "cmp", "not_asked", 1, None), (MAIL, "crm", "granted", 2, None), (MAIL, "crm", "not_asked", 5, None)],
        [("granted", 2, None)],
    ),
    "of two answers of one moment the more restrictive holds": (
        [(MAIL, "crm", "withdrawn", 1, None), (MAIL, "crm", "granted", 1, None)],
        [("withdrawn", 1, None)],
    ),
    "and whichever was written first": (
        [(MAIL, "crm", "granted", 1, None), (MAIL, "crm", "withdrawn", 1, None)],
        [("withdrawn", 1, None)],
    ),
    "other people have no say": (
        [(MAIL, "crm", "granted", 1, None), ("ga_client_id:ben", "cmp", "denied", 2, None),
         ("email:nobody", "crm", "withdrawn", 3, None)],
        [("granted", 1, None)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CONSENTS)
def test_the_most_restrictive_standing_answer_holds(bench: Bench, case: str) -> None:
    said, spans = CONSENTS[case]
    assert consent(bench, said) == spans


def test_at_every_moment_the_span_says_what_the_voices_say(bench: Bench) -> None:
    """Against a plain reading of the rule, day by day; and in any order of rows."""
    dice = Random(5)
    strictness = ["withdrawn", "denied", "implied", "granted"]
    for _ in range(25):
        said: Rows = []
        for _ in range(dice.randrange(1, 9)):
            day = dice.randrange(1, 25)
            until = dice.choice([None, None, day + dice.randrange(1, 6)])
            who, source = dice.choice([ONE, TWO, MAIL]), dice.choice(["cmp", "crm"])
            said.append((who, source, dice.choice([*strictness, "not_asked"]), day, until))
        spans = consent(bench, said)
        for day in range(1, 31):
            latest: dict[tuple[str, str], tuple[int, int, Any]] = {}
            for who, source, state, since, until in said:
                if state != "not_asked" and since <= day:
                    rank = (since, -strictness.index(state))
                    if rank >= latest.get((who, source), (0, -9, None))[:2]:
                        latest[who, source] = (*rank, until)
            standing = [-rank for _, rank, until in latest.values() if until is None or day < until]
            expected = [strictness[min(standing)]] if standing else []
            assert [state for state, since, to in spans if since <= day and (to is None or day < to)] == expected, said
        dice.shuffle(said)
        assert consent(bench, said) == spans


# --- accounts -----------------------------------------------------------------------------------------------------


def members(bench: Bench, told: Rows) -> pd.DataFrame:
    """Members of (identifier, source, attribute, day, value)."""
    columns = ["source", "source_attribute", "account_kind", "namespace"]
    seed = [
        ("any", "account_id", "company", "own"),
        ("any", "household_id", "household", "own"),
        ("app", "account_id", "company", "product"),
        ("web", "account_id", "company", "product"),
    ]
    bench.put("seeds.account_sources", pd.DataFrame(seed, columns=columns))
    rows = [(*who.split(":"), source, name, f"2026-11-{day:02}", value) for who, source, name, day, value in told]
    columns = ["identifier_type", "identifier_value", "source", "attribute", "observed_at", "value"]
    bench.put("events.profile_attributes", pd.DataFrame(rows, columns=columns), observed_at="timestamp")
    return bench.run("account_members")


def test_two_sources_of_one_namespace_meet_in_an_account_and_others_do_not(bench: Bench) -> None:
    found = members(
        bench,
        [
            (MAIL, "app", "account_id", 1, "7"),
            ("ga_client_id:ben", "web", "account_id", 2, "7"),
            ("ga_client_id:ben", "crm", "account_id", 3, "7"),
            ("ga_client_id:ben", "app", "account_id", 4, "8"),
            ("email:nobody", "app", "account_id", 4, "8"),
            (MAIL, "app", "shoe_size", 1, "7"),
        ],
    )
    accounts = sorted(sorted(group["customer_id"]) for _, group in found.groupby("account_id"))
    assert accounts == [["cus_ann", "cus_ben"], ["cus_ben"], ["cus_ben"]]
    assert set(found["account_kind"]) == {"company"}


def test_a_company_and_a_household_of_one_number_are_two_accounts(bench: Bench) -> None:
    found = members(bench, [(MAIL, "crm", "account_id", 1, "7"), (MAIL, "crm", "household_id", 1, "7")])
    assert sorted(found["account_kind"]) == ["company", "household"]
    assert found["account_id"].nunique() == 2


def test_a_member_is_told_once_with_when_it_was_last_seen(bench: Bench) -> None:
    found = members(
        bench,
        [(MAIL, "app", "account_id", 1, "7"), (ONE, "web", "account_id", 9, "7"), (TWO, "app", "account_id", 5, "7")],
    )
    assert found[["customer_id", "source"]].values.tolist() == [["cus_ann", "app"]]
    assert found["last_seen_at"].dt.day.tolist() == [9]


# --- orders -------------------------------------------------------------------------------------------------------


def test_an_order_belongs_to_its_number_and_not_to_an_address_strangers_share(bench: Bench) -> None:
    bench.connection.execute(
        """
        insert into warehouse.identity.identifiers values
            ('email', 'box', 'h7', 'cus_box'),
            ('order_name', '1', 'h8', 'cus_ann'), ('order_name', '2', 'h9', 'cus_ben')
        """
    )
    told = [
        ("email", "box", "commerce", "h8", "cus_ann"),
        ("email", "nobody", "commerce", "h9", "cus_ben"),
        ("email", "box", "commerce", "unknown", "cus_box"),
        # A number in the link of a survey is nobody's word, and that of a deal is no order's.
        ("email", "box", "feedback", "h8", "cus_box"),
        ("ga_client_id", "ann-1", "commerce", "h9", "cus_ann"),
    ]
    columns = ["identifier_type", "identifier_value", "family", "order_ref", "expected"]
    frame = pd.DataFrame(told, columns=columns).assign(touchpoint_id=list("abcde"))
    untold = [
        "source", "visitor_type", "visitor_id", "occurred_at", "channel", "utm_source", "utm_medium", "campaign",
        "campaign_id", "click_id", "direction", "interaction_type", "page_path", "device_category", "is_machine",
        "machine_rule", "needs_review", "is_internal_test", "stage_evidence", "source_file_id", "consent_analytics",
        "consent_ads",
    ]  # fmt: skip
    casts = {**dict.fromkeys(untold, "varchar"), "occurred_at": "timestamp", "is_machine": "boolean"}
    bench.put("events.touchpoints", frame.assign(**dict.fromkeys(untold)), **casts)
    bench.clock("2026-11-02")
    *_, found = map(bench.run, TOUCHES)
    assert found["customer_id"].tolist() == frame["expected"].tolist()


# --- exceptions ---------------------------------------------------------------------------------------------------


def reach(bench: Bench, left_out: Rows) -> Rows:
    """(reason, culprit, edges, customers, revenue) of (reason, culprit, the other end)."""
    customers = [("cus_ann", "100.50"), ("cus_ben", "20"), ("cus_cat", "0"), ("cus_box", "999")]
    columns = ["customer_id", "net_revenue"]
    bench.put("marts.customers", pd.DataFrame(customers, columns=columns), net_revenue="decimal(18, 6)")
    # What the tests' identifiers do not hold: the shared mailbox itself, which is a customer, and a third person.
    bench.connection.execute(
        """
        insert into warehouse.identity.identifiers values
            ('email', 'box', 'box', 'cus_box'), ('email', 'box2', 'box2', 'cus_box'), ('email', 'cat', 'h6', 'cus_cat')
        """
    )
    rows = [
        (reason, "email", culprit, *sorted((culprit, other)), "2026-11-01", "2026-11-02")
        for reason, culprit, other in left_out
    ]
    columns = ["reason", "culprit_type", "culprit_hash", "a_hash", "b_hash", "first_seen_at", "last_seen_at"]
    bench.put("identity.exceptions", pd.DataFrame(rows, columns=columns))
    columns = ["reason", "identifier_hash", "edges_left_out", "customers_affected", "net_revenue_affected"]
    return answer(bench, "mart_identity_exceptions", columns)


def test_the_reach_of_a_shared_identifier_is_each_customer_at_its_other_ends_once(bench: Bench) -> None:
    # h1 to h3 are Ann, h4 is Ben, h5 is blocked and nobody, h6 is Cat, who has bought nothing.
    found = reach(bench, [("over_limit", "box", f"h{n}") for n in (1, 2, 3, 4, 5, 6)])
    assert found == [("over_limit", "box", 6, 3, 120.5)]


def test_every_shared_identifier_and_reason_has_its_own_reach(bench: Bench) -> None:
    found = reach(
        bench,
        [
            ("over_limit", "box", "h1"),
            ("over_limit", "box", "h4"),
            ("hard_conflict", "box", "h4"),
            ("over_limit", "box2", "h4"),
            ("over_limit", "box2", "h5"),
            ("unverified_claim", "h6", "h5"),
        ],
    )
    assert sorted(found) == [
        ("hard_conflict", "box", 1, 1, 20.0),
        ("over_limit", "box", 2, 2, 120.5),
        ("over_limit", "box2", 2, 1, 20.0),
        ("unverified_claim", "h6", 1, 0, 0.0),
    ]

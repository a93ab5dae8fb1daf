"""Who lives in the market: traits, consent, devices, and the identifiers each person owns.

Add a trait here when behaviour or a vendor's file needs it. Must not be here: what people do.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from journey_pipeline.world.clock import Calendar, Ints, stream
from journey_pipeline.world.parameters import EMAIL_DOMAINS, FIRST_NAMES, LAST_NAMES, Parameters

COUNTRIES = ("DE", "GB", "SE")
GRANTED, ADS_DENIED, ALL_DENIED = 0, 1, 2
# A prime above a billion: multiplying by it modulo the larger prime spreads client ids and never
# repeats one.
_SPREAD, _MODULUS = 1_000_000_007, 1_999_999_973


@dataclass(frozen=True)
class People:
    """One entry per person in every array of shape (people,); devices in the arrays of shape (devices,)."""

    count: int
    tier: Ints
    propensity: NDArray[np.float32]
    taste: NDArray[np.float32]
    arrival_day: Ints
    country: Ints
    consent: Ints
    is_business: NDArray[np.bool_]
    is_subscribed: NDArray[np.bool_]
    has_user_id: NDArray[np.bool_]
    has_phone: NDArray[np.bool_]
    has_second_email: NDArray[np.bool_]
    device_count: Ints
    first_device: Ints
    main_device: Ints
    shares_device: NDArray[np.bool_]
    device_number: Ints
    device_category: Ints
    first_name: Ints
    last_name: Ints
    domain: Ints


def make_people(seed: int, count: int, calendar: Calendar, rates: Parameters) -> People:
    """Draw the people of a market.

    `main_device` is the device used most; for the second person of a shared tablet it is the first person's.
    """
    draw = stream(seed, "people")
    device_count = draw.choice(3, count, p=rates.device_shares).astype(np.int64) + 1
    first_device = np.concatenate([[0], np.cumsum(device_count)[:-1]]).astype(np.int64)
    devices = int(device_count.sum())
    has_user_id = draw.random(count) < rates.has_user_id
    main_device, shares = first_device.copy(), np.zeros(count, bool)
    owners = np.flatnonzero(draw.random(count - 1) < rates.shared_tablet / 2) if count > 1 else np.zeros(0, np.int64)
    owners = owners[np.diff(owners, prepend=-2) > 1]  # a person shares with one neighbour only
    main_device[owners + 1] = first_device[owners]
    shares[owners] = shares[owners + 1] = True
    has_user_id |= shares
    consent = np.where(shares, GRANTED, draw.choice(3, count, p=rates.consent_shares))
    arrives_later = draw.random(count) >= rates.present_at_start
    return People(
        count=count,
        tier=draw.choice(3, count, p=rates.tier_shares).astype(np.int64),
        propensity=draw.standard_normal(count, dtype=np.float32),
        taste=draw.standard_normal(count, dtype=np.float32),
        arrival_day=np.where(arrives_later, draw.integers(0, calendar.days, count), 0).astype(np.int64),
        country=draw.choice(3, count, p=rates.country_shares).astype(np.int64),
        consent=consent.astype(np.int64),
        is_business=draw.random(count) < rates.is_business,
        is_subscribed=draw.random(count) < rates.subscribed_at_start,
        has_user_id=has_user_id,
        has_phone=draw.random(count) < rates.has_phone,
        has_second_email=draw.random(count) < rates.second_email,
        device_count=device_count,
        first_device=first_device,
        main_device=main_device,
        shares_device=shares,
        device_number=(100_000_000 + np.arange(1, devices + 1, dtype=np.int64) * _SPREAD % _MODULUS),
        device_category=draw.choice(3, devices, p=rates.device_categories).astype(np.int64),
        first_name=draw.integers(0, len(FIRST_NAMES), count),
        last_name=draw.integers(0, len(LAST_NAMES), count),
        domain=draw.integers(0, len(EMAIL_DOMAINS), count),
    )


def load_people(con: duckdb.DuckDBPyConnection, people: People, mail_tool: NDArray[np.str_]) -> None:
    """Create table `people`, one row per person, with the identifiers as text.

    Mail addresses carry the person's number, so that two people never share one; phone numbers use an area
    code nobody has. All domains are reserved for documentation and tests. `mail_tool` (people,) sends their mail.
    """
    columns = {
        "person": np.arange(people.count),
        "tier": people.tier,
        "country": pa.array(np.array(COUNTRIES)[people.country]),
        "consent": people.consent,
        "is_business": people.is_business,
        "is_subscribed": people.is_subscribed,
        "has_user_id": people.has_user_id,
        "has_phone": people.has_phone,
        "has_second_email": people.has_second_email,
        "first_name": pa.array(np.array(FIRST_NAMES)[people.first_name]),
        "last_name": pa.array(np.array(LAST_NAMES)[people.last_name]),
        "domain": pa.array(np.array(EMAIL_DOMAINS)[people.domain]),
        "mail_tool": pa.array(mail_tool),
    }
    con.register("drawn_people", pa.table(columns))
    con.execute(
        """
        create table people as
        with named as (
            select *, replace(lower(first_name || '.' || last_name), 'ö', 'oe') || '.' || person as mailbox
            from drawn_people
        )
        select person, 'p' || lpad(person::varchar, 7, '0') as person_id, tier::integer as tier, country,
            consent, is_business, is_subscribed, first_name, last_name,
            mailbox || '@' || domain as email,
            case when has_second_email then
                case when person % 2 = 0 then mailbox || '+shop@' || domain else mailbox
                    || '@work.example.test' end
            end as second_email,
            case when has_user_id then 'u_' || (100000 + person) end as user_id,
            case when has_phone then '+4955501' || lpad(person::varchar, 6, '0') end as phone,
            mail_tool, substr(md5('euid-' || person), 1, 10) as mail_euid,
            (610000 + person)::varchar as shopify_customer_id,
            (78000000 + person)::varchar as hubspot_contact_id,
            (9000000 + person)::varchar as zendesk_user_id
        from named order by person
        """
    )
    con.unregister("drawn_people")

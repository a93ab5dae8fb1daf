"""What was advertised: the ads of every platform, and their clicks, impressions and cost per day.

Clicks follow from the visits an ad sent, so cost never causes a visit. Add an ad to `ADS`. Must not be here: how
a platform writes its report.
"""

from dataclasses import dataclass

import duckdb
import numpy as np

from journey_pipeline.world.assignment import platforms_of
from journey_pipeline.world.clock import Calendar, Ints, stream
from journey_pipeline.world.commerce import Columns
from journey_pipeline.world.parameters import CHANNEL_CODE, CHANNELS
from journey_pipeline.world.people import People
from journey_pipeline.world.sessions import Sessions

UNTRACKED_CLICKS = 0.15  # clicks that never become a visit
CREDIT = 0.02  # invalid clicks refunded when a period is downloaded again
CLAIM_DAYS = 30  # a platform claims orders up to 30 days after its last click
SUMMER_MONTHS = (4, 5, 6, 7, 8)


@dataclass(frozen=True)
class Ad:
    """The finest thing a platform reports on; `campaign_tag` is what its links carry as utm_campaign."""

    platform: str
    channel: str
    campaign_id: str
    campaign: str
    cost_per_click_cents: int
    click_through_rate: float
    ad_set_id: str = ""
    ad_set: str = ""
    ad_id: str = ""
    ad: str = ""
    campaign_tag: str = ""
    months: tuple[int, ...] = tuple(range(1, 13))


_WINTER_MONTHS = tuple(month for month in range(1, 13) if month not in SUMMER_MONTHS)
# Google's are its campaigns. Of several ads of one platform and month, a person sees one.
ADS: tuple[Ad, ...] = (
    *(
        Ad("google_ads", c.name, c.campaign_id, c.campaign, c.cost_per_click_cents, c.click_through_rate,
           campaign_tag=c.campaign)
        for c in CHANNELS if c.campaign_id
    ),
    Ad("meta_ads", "paid_social", "120200111000001", "Autumn Sale", 63, 0.013, "120200111000201", "Broad 25-44",
       "120200111000301", "UGC v3", "Autumn Sale", _WINTER_MONTHS),
    Ad("meta_ads", "paid_social", "120200111000001", "Autumn Sale", 76, 0.014, "120200111000202", "Lookalike 1%",
       "120200111000302", "Carousel", "Autumn Sale", _WINTER_MONTHS),
    Ad("meta_ads", "paid_social", "120200111000005", "Summer Light", 58, 0.012, "120200111000205", "Broad 25-44",
       "120200111000305", "UGC v1", "Summer Light", SUMMER_MONTHS),
    Ad("meta_ads", "paid_social", "120200111000005", "Summer Light", 71, 0.015, "120200111000206", "Lookalike 1%",
       "120200111000306", "Balcony, dusk", "Summer Light", SUMMER_MONTHS),
    Ad("linkedin_ads", "paid_social", "300100001", "Pro | Architects | DE", 315, 0.007, "600100", "Pro Q4",
       "400200001", "Light, planned.\nMeet the Pro range.", "pro-q4"),
    Ad("linkedin_ads", "paid_social", "300100002", "Pro | Planner | DE", 427, 0.006, "600100", "Pro Q4",
       "400200002", "F\u00fcr Planer:innen", "pro-q4"),
    Ad("tiktok_ads", "paid_social", "1790000000000001", "Light Loops", 38, 0.009, "1790000000000101", "Home 18-34",
       "1790000000000201", "Loop 1", "Light Loops"),
    Ad("tiktok_ads", "paid_social", "1790000000000001", "Light Loops", 41, 0.008, "1790000000000101", "Home 18-34",
       "1790000000000202", "Loop 2", "Light Loops"),
    Ad("microsoft_ads", "paid_search_brand", "512000001", "DE | Search | Brand", 47, 0.21,
       campaign_tag="DE | Search | Brand"),
    Ad("microsoft_ads", "paid_search_generic", "512000005", "DE | Search | Lamps", 88, 0.041,
       campaign_tag="DE | Search | Lamps"),
)  # fmt: skip
PLATFORMS = tuple(dict.fromkeys(ad.platform for ad in ADS))


def ads_of(sessions: Sessions, people: People, calendar: Calendar, sources: frozenset[str]) -> Ints:
    """Position in `ADS` of the ad that sent each session, -1 for none, shape (sessions,)."""
    platform = platforms_of(sessions, people, sources)
    month = np.array([calendar.day(day).month for day in range(calendar.days)])[sessions.day]
    found = np.full(len(platform), -1, np.int64)
    choices: dict[tuple[str, str, tuple[int, ...]], list[int]] = {}
    for code, ad in enumerate(ADS):
        choices.setdefault((ad.platform, ad.channel, ad.months), []).append(code)
    for (name, channel, months), codes in choices.items():
        sent = (platform == name) & (sessions.channel == CHANNEL_CODE[channel]) & np.isin(month, months)
        found[sent] = np.array(codes)[sessions.person[sent] // 10 % len(codes)]
    return found


def make_ad_days(seed: int, sessions: Sessions, ads: Ints, calendar: Calendar, sources: frozenset[str]) -> Columns:
    """Clicks, impressions, cost and later credit in cents, one entry per day and ad of a delivered platform.

    Google keeps its streams for any set of sources; every other platform has one of its own.
    """
    visits = np.zeros((calendar.days, len(ADS)), np.int64)
    np.add.at(visits, (sessions.day[ads >= 0], ads[ads >= 0]), 1)
    months = np.array([calendar.day(day).month for day in range(calendar.days)])
    parts: list[Columns] = []
    for platform in PLATFORMS:
        if platform not in sources:
            continue
        codes = np.array([code for code, ad in enumerate(ADS) if ad.platform == platform])
        draw = stream(seed, "advertising", *([] if platform == "google_ads" else [platform]))
        runs = np.stack([np.isin(months, ADS[code].months) for code in codes], axis=1)
        clicks = visits[:, codes] + draw.poisson(visits[:, codes] * UNTRACKED_CLICKS + 0.3)
        price = np.array([ADS[code].cost_per_click_cents for code in codes])
        rate = np.array([ADS[code].click_through_rate for code in codes])
        cost = np.rint(clicks * price * np.exp(draw.normal(0, 0.15, runs.shape))).astype(np.int64)
        impressions = np.rint(clicks / rate * np.exp(draw.normal(0, 0.1, runs.shape))).astype(np.int64) + clicks
        parts.append({
            "day": np.repeat(np.arange(calendar.days), len(codes))[runs.ravel()],
            "ad": np.tile(codes, calendar.days)[runs.ravel()],
            "clicks": clicks[runs],
            "impressions": impressions[runs],
            "cost_cents": cost[runs],
            "credit_cents": np.rint(cost * CREDIT).astype(np.int64)[runs],
        })  # fmt: skip
    none = np.zeros(0, np.int64)
    empty: Columns = dict.fromkeys(("day", "ad", "clicks", "impressions", "cost_cents", "credit_cents"), none)
    return {name: np.concatenate([part[name] for part in [empty, *parts]]) for name in empty}


def load_ads(con: duckdb.DuckDBPyConnection) -> None:
    """Create `ads`, one row per entry of `ADS`."""
    con.execute(
        "create table ads (ad bigint, platform text, ad_channel text, campaign_id text, campaign text, "
        "ad_set_id text, ad_set text, ad_id text, ad_name text, campaign_tag text)"
    )
    con.executemany(
        "insert into ads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            [n, a.platform, a.channel, a.campaign_id, a.campaign, a.ad_set_id, a.ad_set, a.ad_id, a.ad, a.campaign_tag]
            for n, a in enumerate(ADS)
        ],
    )


def load_advertising(con: duckdb.DuckDBPyConnection, ad_days: Columns, credited_days: list[int]) -> None:
    """Create `ad_days` (with `final_cost_cents`) and `ad_claims`, the orders each platform calls its own.

    `credited_days` are the days Google told again later, less invalid clicks.
    """
    con.register("drawn_ad_days", {name: np.asarray(values) for name, values in ad_days.items()})
    con.execute(
        "create table ad_days as select d.*, a.* exclude (ad), "
        "cost_cents - if(platform = 'google_ads' and list_contains($1::bigint[], day), credit_cents, 0) "
        "as final_cost_cents from drawn_ad_days as d join ads as a using (ad) order by day, ad",
        [credited_days],
    )
    con.unregister("drawn_ad_days")
    con.execute(
        f"""
        create table ad_claims as
        select o.order_number, o.created_at, o.total_cents, s.platform, arg_max(s.day, s.started_at) as day,
            arg_max(s.ad, s.started_at) as ad
        from orders as o join sessions as s on s.person = o.person and s.click_id is not null
            and s.started_at between o.created_at - {CLAIM_DAYS * 86_400} and o.created_at
        where o.person >= 0 group by all order by o.order_number, s.platform
        """
    )

"""Which vendors write, in which order, and how much they told.

Add a line to `WRITERS` for a vendor that needs only the world's tables. Must not be here: a layout or a draw.
"""

from collections.abc import Callable

import duckdb

from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.parameters import PARAMETERS
from journey_pipeline.world.vendors import (
    Delivery,
    cookiebot,
    cookiescript,
    delighted,
    discourse,
    ga4,
    google_ads,
    hubspot,
    intercom,
    klaviyo,
    linkedin_ads,
    mailchimp,
    meta_ads,
    microsoft_ads,
    mixpanel,
    organic_social,
    qualtrics,
    rudderstack,
    salesforce,
    segment,
    shopify,
    snowplow,
    stripe,
    surveymonkey,
    tcf,
    tiktok_ads,
    typeform,
    zendesk,
)

Write = Callable[[duckdb.DuckDBPyConnection, Delivery, Calendar], None]
WRITERS: dict[str, Write] = {
    "segment": segment.write,
    "rudderstack": rudderstack.write,
    "snowplow": snowplow.write,
    "mixpanel": mixpanel.write,
    "meta_ads": meta_ads.write,
    "linkedin_ads": linkedin_ads.write,
    "microsoft_ads": microsoft_ads.write,
    "tiktok_ads": tiktok_ads.write,
    "youtube": organic_social.write_youtube,
    "instagram": organic_social.write_instagram,
    "x": organic_social.write_x,
    "mailchimp": mailchimp.write,
    "klaviyo": klaviyo.write,
    "salesforce": salesforce.write,
    "zendesk": zendesk.write,
    "intercom": intercom.write,
    "stripe": stripe.write,
    "qualtrics": qualtrics.write,
    "surveymonkey": surveymonkey.write,
    "delighted": delighted.write,
    "discourse": discourse.write,
    "tcf": tcf.write,
    "cookiebot": cookiebot.write,
    "cookiescript": cookiescript.write,
}
TWICE = ("meta_ads", "tiktok_ads", "typeform")
# What counts as an interaction of a person, of the totals the writers note.
TOLD = ("tracked_events", "mail_actions", "conversations", "conversations_closed", "app_messages", "posts", "signups",
        "tickets", "form_submissions")  # fmt: skip


def write_sources(
    con: duckdb.DuckDBPyConnection, delivery: Delivery, seed: int, calendar: Calendar, defects: bool,
    say: Callable[[str, float], None],
) -> None:  # fmt: skip
    """Write the files of every source that is delivered."""
    chosen = delivery.sources
    if "ga4" in chosen:
        ga4.write(con, delivery, seed, calendar, PARAMETERS, defects, lambda share: say("writing ga4", share))
    if "google_ads" in chosen:
        google_ads.write(con, delivery, calendar, defects)
    if "hubspot" in chosen:
        hubspot.write(con, delivery, calendar, defects)
    if "shopify" in chosen:
        shopify.write(con, delivery)
    if "typeform" in chosen:
        typeform.write(con, delivery)
    for number, (source, write) in enumerate(WRITERS.items()):
        if source in chosen:
            say(f"writing {source}", number / len(WRITERS))
            write(con, delivery, calendar)
    if delivery.is_planted:
        _deliver_twice(delivery)


def _deliver_twice(delivery: Delivery) -> None:
    """Plant the last file of some sources a second time, under the name a browser gives a second download."""
    for source in TWICE:
        names = [name for name in delivery.sizes if name.startswith(f"{source}/")]
        if names:
            stem, ending = max(names).rsplit(".", 1)
            delivery.write(f"{stem} (1).{ending}", (delivery.folder / max(names)).read_bytes())
            delivery.defects[f"{source}.file_delivered_twice"] = 1


def touchpoints_told(con: duckdb.DuckDBPyConnection, sources: frozenset[str]) -> int:
    """Distinct interactions of persons over all delivered sources, hits of machines and tests included."""
    found = con.execute(
        f"""
        select (select count(*) from events join sessions using (session)
                where is_tracked and tracker = 'ga4' and {"ga4" in sources})
            + (select count(*) from orders where {"shopify" in sources})
            + (select count(*) from refunds where {"shopify" in sources})
            + (select count(*) from answers where list_contains($1, tool))
            + (select count(*) from deal_stages join deals using (deal) where list_contains($1, crm))
            + (select coalesce(sum(value), 0)::bigint from counted where list_contains($2, metric))
        """,
        [sorted(sources), list(TOLD)],
    ).fetchall()
    return int(found[0][0])

"""Numbers, dates and names as people read them; the same on every machine.

Add here when a kind of value needs a text form. Must not be here: HTML, or a value's meaning.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

NO_VALUE = "no value"

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

# Sources and platforms, as their owners write them; one that is missing is written with a capital.
PLATFORMS = {
    "canonical": "Ready-made tables",
    "cookiebot": "Cookiebot",
    "cookiescript": "CookieScript",
    "delighted": "Delighted",
    "discourse": "Discourse",
    "ga4": "GA4",
    "google_ads": "Google Ads",
    "hubspot": "HubSpot",
    "instagram": "Instagram",
    "intercom": "Intercom",
    "klaviyo": "Klaviyo",
    "linkedin_ads": "LinkedIn Ads",
    "mailchimp": "Mailchimp",
    "meta_ads": "Meta Ads",
    "microsoft_ads": "Microsoft Advertising",
    "mixpanel": "Mixpanel",
    "qualtrics": "Qualtrics",
    "rudderstack": "RudderStack",
    "salesforce": "Salesforce",
    "segment": "Segment",
    "shopify": "Shopify",
    "snowplow": "Snowplow",
    "stripe": "Stripe",
    "surveymonkey": "SurveyMonkey",
    "tcf": "TCF",
    "tiktok_ads": "TikTok Ads",
    "typeform": "Typeform",
    "x": "X",
    "youtube": "YouTube",
    "zendesk": "Zendesk",
}
# Models of attribution, as the field names them.
MODELS = {
    "first": "First touch",
    "last": "Last touch",
    "last_non_direct": "Last non-direct touch",
    "linear": "Linear",
    "linear_with_views": "Linear with views",
    "position": "Position-based (U-shaped)",
    "j_shape": "J-shaped",
    "inverse_j": "Inverse J-shaped",
    "w_shape": "W-shaped",
    "time_decay": "Time decay",
    "participation": "Participation",
    "markov": "Markov chain",
    "shapley": "Shapley value",
    "shapley_rate": "Shapley value of rates",
    "leave_one_out": "Leave one out",
    "hazard": "Hazard model, not calibrated",
    "hazard_calibrated": "Hazard model, calibrated",
}
# Released words whose plain form is not the word itself with spaces.
_NAMES = {
    **PLATFORMS,
    **MODELS,
    "ai_assistant": "AI assistant",
    "cross_network": "Cross-network",
    "sms": "SMS",
    "nps": "NPS",
    "csat": "CSAT",
    "ces": "CES",
    "mvp": "First goal (MVP)",
    "excellence": "Stretch goal (excellence)",
    "rfm": "Buying behaviour (RFM)",
    "lifecycle": "Lifecycle",
    "baseline": "Baseline (no channel)",
    "unattributed": "No known touch (unattributed)",
}


def name(text: str | None) -> str:
    """A released word in plain form: `last_touch` becomes `Last touch`; people's own names stay as they are."""
    if text is None or text == "":
        return "(none)"
    known = _NAMES.get(text.lower())
    if known is not None:
        return known
    is_code = text == text.lower() and text.replace("_", "").isalnum()
    return text.replace("_", " ").capitalize() if is_code else text


def contract_name(contract: str | None) -> str:
    """A contract's source and object: `hubspot__deal_stage_history` becomes `HubSpot: deal stage history`."""
    source, _, delivered = (contract or "").partition("__")
    return f"{name(source)}: {delivered.replace('_', ' ')}" if delivered else name(source)


def count(value: float | None) -> str:
    """`1,234,567`; one decimal below ten when there is one, as credits have."""
    if value is None:
        return NO_VALUE
    return f"{value:,.1f}" if abs(value) < 10 and value != round(value) else f"{value:,.0f}"


def signed(value: float | None) -> str:
    """A change in counts with its sign; nothing is `0`."""
    return NO_VALUE if value is None else _sign(f"{value:+,.0f}")


def share(value: float | None) -> str:
    """A share as per cent with one decimal."""
    return NO_VALUE if value is None else _sign(f"{value * 100:,.1f}%")


def lift(value: float | None) -> str:
    """A relative change as per cent with its sign."""
    return NO_VALUE if value is None else _sign(f"{value * 100:+,.1f}%")


def points(value: float | None) -> str:
    """A score in points (NPS) with its sign; a score of nothing is `0`."""
    return NO_VALUE if value is None else _sign(f"{value:+,.0f}")


def _sign(text: str) -> str:
    """A number as written: the true minus, and no sign on what rounds to nothing."""
    return text.replace("-", "\N{MINUS SIGN}") if re.search("[1-9]", text) else text.lstrip("+-")


def answers(value: float) -> str:
    """`1 answer`, `140 answers`."""
    return f"{count(value)} answer{'' if value == 1 else 's'}"


def ratio(value: float | None) -> str:
    """A ratio such as return on ad spend: `3.42`."""
    return NO_VALUE if value is None else f"{value:,.2f}"


def money(value: float | None, currency: str) -> str:
    """`EUR 1,234`; two decimals below one hundred."""
    if value is None:
        return NO_VALUE
    digits = f"{value:,.2f}" if abs(value) < 100 else f"{value:,.0f}"
    return f"{currency} {digits}".strip().replace("-", "\N{MINUS SIGN}")


def span(low: str, high: str) -> str:
    """Two texts as a range; one text when they are equal."""
    return low if low == high else f"{low} to {high}"


def day(value: date) -> str:
    """`9 November 2026`, whatever the locale."""
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def short_day(value: date) -> str:
    """`9 Nov`, for axes and narrow columns."""
    return f"{value.day} {_MONTHS[value.month - 1][:3]}"


def moment(value: datetime) -> str:
    """A UTC moment: `15 November 2026, 22:57 UTC`."""
    return f"{day(value.date())}, {value:%H:%M} UTC"


def age(value: timedelta) -> str:
    """How long before: `3 minutes`, `25 hours`, `8 days`."""
    minutes = max(0, round(value.total_seconds() / 60))
    for size, unit in ((1440, "day"), (60, "hour")):
        if minutes >= 2 * size:
            amount = minutes // size
            return f"{amount} {unit}s"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"

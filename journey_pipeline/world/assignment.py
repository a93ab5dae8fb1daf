"""Which system tells what: each visit has one tracker and at most one ad, each mail one tool, each deal one CRM.

A share of what happens is told by a second system only where that system is delivered, so no fact is told twice
by two systems that would both count it. Add a rule here when a new vendor takes a share of something. Must not
be here: what happens, or how a vendor writes it.
"""

import difflib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from journey_pipeline.world.behaviour import APP, BROWSE
from journey_pipeline.world.clock import Calendar, Ints
from journey_pipeline.world.commerce import NORMAL, Columns
from journey_pipeline.world.parameters import CHANNEL_CODE, CHANNELS
from journey_pipeline.world.people import ALL_DENIED, People
from journey_pipeline.world.sessions import Sessions

SOURCES = (
    "ga4", "segment", "rudderstack", "snowplow", "mixpanel",
    "google_ads", "meta_ads", "linkedin_ads", "microsoft_ads", "tiktok_ads",
    "youtube", "instagram", "x", "mailchimp", "klaviyo", "hubspot", "salesforce", "zendesk", "intercom",
    "shopify", "stripe", "typeform", "qualtrics", "surveymonkey", "delighted", "discourse",
    "tcf", "cookiebot", "cookiescript",
)  # fmt: skip
TRACKERS = ("ga4", "segment", "rudderstack", "mixpanel", "snowplow")
BLOG_CHANNELS = ("organic_search", "referral", "ai_assistant", "organic_social", "direct")
LEGACY_SHARE = 0.4  # of the market's days had passed when the old survey tool was switched off
BLOG_EVERY = 20  # every twentieth of the visits nobody paid for goes to the blog: a small second property


ALL = "all"


class UnknownSource(ValueError):
    """A source was asked for that the market does not write."""


def chosen_sources(names: Iterable[str] | None) -> frozenset[str]:
    """The sources to write, all of them for None and for the word `all`.

    Raises UnknownSource with the known names for one that is unknown, and for none at all.
    """
    found = frozenset(SOURCES) if names is None else frozenset(names)
    if found == {ALL}:
        found = frozenset(SOURCES)
    known = f"name some of these, or {ALL}: {', '.join(SOURCES)}"
    if unknown := sorted(found - set(SOURCES)):
        near = difflib.get_close_matches(unknown[0], SOURCES, 1)
        nearest = f"; nearest is {near[0]!r}" if near else ""
        raise UnknownSource(f"no source is called {' or '.join(map(repr, unknown))}{nearest}; {known}")
    if not found:
        raise UnknownSource(f"no source named; {known}")
    return found


def trackers_of(sessions: Sessions, people: People, sources: frozenset[str]) -> Ints:
    """Code in TRACKERS of the tracker that saw each session, shape (sessions,).

    Product trackers see people who are logged in and agreed to analytics; shared tablets stay with GA4, so that
    their two logins meet on one client id.
    """
    person, told = sessions.person, np.zeros(len(sessions.person), np.int64)
    inside = np.maximum(person, 0)
    private = (person >= 0) & ~people.shares_device[inside]
    product = private & (sessions.kind == APP) & (people.consent[inside] != ALL_DENIED) & sessions.is_logged_in
    unpaid = np.isin(sessions.channel, [CHANNEL_CODE[name] for name in BLOG_CHANNELS])
    reading = private & (sessions.kind == BROWSE) & unpaid & (np.arange(len(person)) % BLOG_EVERY == 7)
    reading &= ~sessions.is_logged_in
    for tracker, seen in (
        ("segment", product & (person % 10 < 6)),
        ("rudderstack", product & (person % 10 == 6)),
        ("mixpanel", product & (person % 10 == 7)),
        ("snowplow", reading),
    ):
        if tracker in sources:
            told[seen] = TRACKERS.index(tracker)
    return told


def platforms_of(sessions: Sessions, people: People, sources: frozenset[str]) -> NDArray[np.str_]:
    """Ad platform that sent each session, empty for none, shape (sessions,).

    Businesses are reached on LinkedIn, a fifth of the others on TikTok, and one person in nine searches with Bing.
    """
    person = sessions.person
    inside, bought = np.maximum(person, 0), (sessions.kind < APP) & (person >= 0)
    google = np.isin(sessions.channel, [code for code, channel in enumerate(CHANNELS) if channel.campaign_id])
    social = sessions.channel == CHANNEL_CODE["paid_social"]
    search = np.isin(sessions.channel, [CHANNEL_CODE["paid_search_brand"], CHANNEL_CODE["paid_search_generic"]])
    found = np.full(len(person), "", dtype="U16")
    found[bought & google] = "google_ads"
    found[bought & social] = "meta_ads"
    for platform, sent in (
        ("microsoft_ads", search & (person % 9 == 4)),
        ("tiktok_ads", social & np.isin(person % 10, (3, 7))),
        ("linkedin_ads", social & people.is_business[inside]),
    ):
        if platform in sources:
            found[bought & sent] = platform
    return found


def shared(person: Ints, every: int, rest: int, second: str, first: str, sources: frozenset[str]) -> NDArray[np.str_]:
    """`second` for people whose number leaves `rest` when divided by `every`, `first` for all others.

    Everyone is `first` when `second` is not delivered, and `second` when `first` is not.
    """
    if second not in sources or first not in sources:
        return np.full(len(person), second if second in sources else first)
    return np.where(person % every == rest, second, first)


def mail_tools(people: People, sources: frozenset[str]) -> NDArray[np.str_]:
    """Mail tool of each person: Klaviyo for every second one, empty when no tool is delivered."""
    if not sources & {"klaviyo", "mailchimp"}:
        return np.full(people.count, "", dtype="U9")
    return shared(np.arange(people.count), 2, 1, "klaviyo", "mailchimp", sources)


def desks_of(tickets: Columns, people: People, sources: frozenset[str]) -> NDArray[np.str_]:
    """Help desk of each ticket: half of what people with an account ask reaches Intercom, from inside the app."""
    person, number = tickets["person"].astype(np.int64), tickets["ticket"].astype(np.int64)
    asks_inside = (person >= 0) & people.has_user_id[np.maximum(person, 0)] & (tickets["kind"] == NORMAL)
    desk = shared(np.where(asks_inside, number, -2), 2, 1, "intercom", "zendesk", sources)
    return np.where(asks_inside, desk, "zendesk")


def survey_tools(answers: Columns, calendar: Calendar, sources: frozenset[str]) -> NDArray[np.str_]:
    """Survey tool of each answer: Delighted until it was switched off, then three tools side by side.

    Delighted asks one question and keeps no answer that was not finished.
    """
    number = answers["answer"].astype(np.int64)
    tool = shared(number, 5, 3, "qualtrics", "typeform", sources)
    tool = np.where(tool == "typeform", shared(number, 5, 4, "surveymonkey", "typeform", sources), tool)
    if "delighted" in sources:
        until = calendar.midnight[int(calendar.days * LEGACY_SHARE)]
        legacy = (answers["started_at"].astype(np.int64) < until) & answers["is_complete"].astype(bool)
        tool = np.where(legacy & (answers["recommend"].astype(np.int64) >= 0), "delighted", tool)
    return tool

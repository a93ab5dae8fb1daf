"""Orders, refunds, tickets, ratings, survey answers, deals and forms that follow from decisions and events.

Add a commercial or service fact here, as columns with its instant in UTC epoch seconds. Must not be here:
text in a vendor's format, or anything after the end of the market (it has not happened yet).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from journey_pipeline.world.behaviour import (
    DEAL_BASKETS,
    DELIVERY_DAYS,
    FREE_SHIPPING_CENTS,
    SHIPPING_CENTS,
    Decisions,
    basket_cents,
)
from journey_pipeline.world.clock import stream
from journey_pipeline.world.parameters import Parameters
from journey_pipeline.world.people import People
from journey_pipeline.world.sessions import CODE, INTERNAL, Events, Sessions

DAY, HOUR = 86_400, 3_600
FIRST_ORDER_NUMBER = 1001
TEST_BASKET = 8
TAX_PERCENT = 19
MAIL, WEB, API, MESSAGING = range(4)
SPAM, MERGED, NORMAL = range(3)
STAGES = ("appointmentscheduled", "qualifiedtobuy", "presentationscheduled", "decisionmakerboughtin",
          "contractsent", "closedwon", "closedlost")  # fmt: skip
STAGE_AT = (0.0, 0.12, 0.38, 0.6, 0.8)  # share of the way to the close at which each open stage begins

Columns = dict[str, NDArray[Any]]


def make_orders(
    seed: int, decisions: Decisions, sessions: Sessions, events: Events, rates: Parameters, end_at: int
) -> Columns:
    """Orders in the order of their instants, numbered from 1001; the shop's test orders have person -2.

    Money is in cents. `is_tracked` tells which orders the analytics property saw.
    """
    bought = (events.code == CODE["purchase"]) & ~events.is_reload
    moment, session, tracked = (
        column[bought] for column in (events.microsecond // 1_000_000, events.session, events.is_tracked)
    )
    place = np.lexsort((session, moment))
    moment, session, tracked = moment[place], session[place], tracked[place]
    draw, count = stream(seed, "orders"), len(moment)
    decision, is_test = sessions.decision[session], sessions.kind[session] == INTERNAL

    def of(values: NDArray[Any], test: float) -> NDArray[Any]:
        return np.where(is_test, test, values[np.where(is_test, 0, decision)]) if len(values) else np.full(count, test)

    cancelled = of(decisions.is_cancelled, False).astype(bool)
    late = of(decisions.late_days, 0).astype(np.int64)
    shipped = moment + (1 + late) * DAY + draw.integers(0, 8 * HOUR, count)
    cancelled_at = np.minimum(moment + draw.integers(600, 7200, count), end_at - 1)
    counter_share = rates.pos_orders / rates.purchase_untracked
    return _money(of(decisions.basket, TEST_BASKET), of(decisions.is_discounted, False), is_test) | {
        "order_number": np.arange(FIRST_ORDER_NUMBER, FIRST_ORDER_NUMBER + count),
        "person": np.where(is_test, -2, sessions.person[session]),
        "session": session,
        "created_at": moment,
        "is_test": is_test,
        "is_cancelled": cancelled,
        "cancelled_at": cancelled_at * cancelled,
        "shipped_at": np.where((shipped < end_at) & ~cancelled, shipped, 0),
        "delivered_at": moment + (DELIVERY_DAYS + late) * DAY,
        "late_days": late,
        "quality": of(decisions.quality, 1.0),
        "has_ticket": of(decisions.has_ticket, False).astype(bool) & ~cancelled,
        "wait_hours": of(decisions.wait_hours, 0.0),
        "is_over_counter": ~tracked & ~is_test & (draw.random(count) < counter_share),
        "has_notes": ~is_test & (draw.random(count) < rates.note_attributes),
    }


def _money(baskets: NDArray[Any], discounted: NDArray[Any], is_test: NDArray[np.bool_]) -> Columns:
    """The amounts of orders in cents; a test order is discounted to nothing."""
    goods, totals = basket_cents()
    basket, is_discounted = baskets.astype(np.int64), discounted.astype(bool)
    total = np.where(is_test, 0, totals[basket, is_discounted.astype(np.int64)])
    discount = np.where(is_test, goods[basket], np.where(is_discounted, goods[basket] // 10, 0))
    ships_free = is_test | (goods[basket] - discount >= FREE_SHIPPING_CENTS)
    return {
        "basket": basket,
        "is_discounted": is_discounted,
        "discount_cents": discount,
        "shipping_cents": np.where(ships_free, 0, SHIPPING_CENTS),
        "total_cents": total,
        # Half a cent rounds up, in whole numbers: total * 19 / 119 + 1/2.
        "tax_cents": (total * TAX_PERCENT * 2 + 100 + TAX_PERCENT) // (2 * (100 + TAX_PERCENT)),
    }


def make_refunds(seed: int, orders: Columns, rates: Parameters, end_at: int) -> Columns:
    """Refunds before the end: all of the order, or one or two parts that stay below it."""
    draw, count = stream(seed, "refunds"), len(orders["order_number"])
    quality = orders["quality"].astype(float)
    chosen = draw.random(count) < rates.refund_base + rates.refund_bad * (1 - quality)
    chosen &= ~orders["is_test"].astype(bool) & ~orders["is_cancelled"].astype(bool)
    first_at = orders["delivered_at"].astype(np.int64) + draw.integers(DAY, 18 * DAY, count)
    partial = draw.random(count) < rates.refund_partial
    share = draw.uniform(*rates.refund_part, (2, count))
    total = orders["total_cents"].astype(np.int64)
    amount = np.where(partial, np.maximum((total * share[0]).astype(np.int64), 1), total)
    second_at = first_at + draw.integers(HOUR, 10 * DAY, count)
    second = chosen & partial & (draw.random(count) < rates.refund_again) & (second_at < end_at)
    first = chosen & (first_at < end_at)
    number = orders["order_number"].astype(np.int64)
    at = np.concatenate([first_at[first], second_at[second]])
    numbers = np.concatenate([number[first], number[second]])
    cents = np.concatenate([amount[first], np.maximum((total * share[1]).astype(np.int64), 1)[second]])
    order = np.lexsort((numbers, at))
    return {
        "refund_number": np.arange(1, len(at) + 1),
        "order_number": numbers[order],
        "refunded_at": at[order],
        "refund_cents": cents[order],
    }


def make_tickets(seed: int, orders: Columns, rates: Parameters, end_at: int, defects: bool) -> Columns:
    """Tickets about orders, with rating 1 good, 0 bad, -1 offered and unanswered, -2 not offered.

    With `defects` a few are spam (deleted) or merged copies of the ticket before them.
    """
    draw = stream(seed, "tickets")
    about = np.flatnonzero(orders["has_ticket"].astype(bool))
    created = orders["delivered_at"][about].astype(np.int64) + draw.integers(-DAY, 3 * DAY, len(about))
    about, created = about[created < end_at], created[created < end_at]
    kind = np.full(len(about), NORMAL)
    if defects and len(about):
        copies = np.flatnonzero(draw.random(len(about)) < rates.ticket_copied)
        spam = max(1, len(about) // 40)
        kind = np.concatenate([kind, np.full(len(copies), MERGED), np.full(spam, SPAM)])
        at = np.minimum(created[copies] + 1200, end_at - 700)
        created = np.concatenate([created, at, draw.integers(end_at - 60 * DAY, end_at - DAY, spam)])
        created = np.maximum(created, orders["created_at"].min() if len(about) else 0)
        about = np.concatenate([about, about[copies], np.zeros(spam, np.int64)])
    place = np.lexsort((about, created))
    about, created, kind = about[place], created[place], kind[place]
    count = len(about)
    wait = orders["wait_hours"][about].astype(float)
    solved = created + np.where(kind == NORMAL, (wait * HOUR).astype(np.int64) + 1800, 600)
    is_solved = (solved < end_at) & (kind != SPAM)
    rated = is_solved & (kind == NORMAL) & (draw.random(count) < rates.rated)
    rated_at = solved + draw.integers(HOUR, 2 * DAY, count)
    flip_at = rated_at + draw.integers(HOUR, DAY, count)
    rated &= rated_at < end_at
    at_once, per_hour = rates.rating_logit
    good = draw.random(count) < 1 / (1 + np.exp(-(at_once + per_hour * wait)))
    flips = rated & good & (draw.random(count) < rates.rating_flip) & (flip_at < end_at)
    rating = np.where(rated, good, np.where(is_solved & (kind == NORMAL) & (solved + HOUR < end_at), -1, -2))
    return {
        "ticket": np.arange(1595, 1595 + count),
        "order_number": np.where(kind == SPAM, 0, orders["order_number"][about]),
        "person": np.where(kind == SPAM, -1, orders["person"][about]),
        "kind": kind,
        "created_at": created,
        "solved_at": np.where(is_solved, solved, 0),
        "first_reply_minutes": np.maximum((wait * 15).astype(np.int64), 5),
        "rating": rating,
        "rated_at": np.where(rated, rated_at, 0),
        "flipped_at": np.where(flips, flip_at, 0),
        "via": draw.choice(4, count, p=rates.ticket_channels),
        "subject": draw.integers(0, 5, count),
    }


def make_answers(seed: int, orders: Columns, people: People, rates: Parameters, end_at: int) -> Columns:
    """Survey answers after delivery; -1 is a blank score. A person may answer twice: the later one counts."""
    draw, count = stream(seed, "survey"), len(orders["order_number"])
    usable = ~orders["is_test"].astype(bool) & ~orders["is_cancelled"].astype(bool)
    usable &= ~orders["is_over_counter"].astype(bool)
    chosen = np.flatnonzero(usable & (draw.random(count) < rates.answer_survey))
    started = orders["delivered_at"][chosen].astype(np.int64) + draw.integers(5 * DAY, 16 * DAY, len(chosen))
    twice = draw.random(len(chosen)) < rates.answer_again
    started = np.concatenate([started, started[twice] + draw.integers(DAY, 5 * DAY, int(twice.sum()))])
    chosen = np.concatenate([chosen, chosen[twice]])
    kept = started < end_at - HOUR
    chosen, started = chosen[kept], started[kept]
    place = np.lexsort((chosen, started))
    chosen, started = chosen[place], started[place]
    size = len(chosen)
    quality, late = orders["quality"][chosen].astype(float), orders["late_days"][chosen].astype(float)
    top, curve, noise = rates.recommend_scale
    recommend = np.clip(np.rint(top * quality**curve + draw.normal(0, noise, size)), 0, 10).astype(np.int64)
    top, per_day, noise = rates.delivery_scale
    delivery = np.clip(np.rint(top - per_day * late + draw.normal(0, noise, size)), 1, 5).astype(np.int64)
    partial = draw.random(size) < rates.survey_partial
    person = orders["person"][chosen].astype(np.int64)
    return {
        "answer": np.arange(1, size + 1),
        "order_number": orders["order_number"][chosen],
        "person": person,
        "recommend": np.where(partial | (draw.random(size) < rates.recommend_blank), -1, recommend),
        "delivery": np.where(partial | (draw.random(size) < rates.delivery_blank), -1, delivery),
        "is_complete": ~partial,
        "started_at": started,
        "submitted_at": np.where(partial, 0, started + draw.integers(20, 400, size)),
        "gives_email": (draw.random(size) < rates.survey_email) | ~people.has_user_id[person],
        "gives_user_id": draw.random(size) < rates.survey_user_id,
        "reason": draw.integers(0, 8, size),
    }


@dataclass(frozen=True)
class Sales:
    """`deals`: one entry per deal; `stages`: one per stage change, `position` counting up within a deal."""

    deals: Columns
    stages: Columns


def make_deals(seed: int, decisions: Decisions, leads: Columns, rates: Parameters, end_at: int) -> Sales:
    """Deals of businesses; `leads` has one form per decision, whose `created_at` opens the deal."""
    draw = stream(seed, "deals")
    of = leads["decision"].astype(np.int64)
    opened, size = leads["created_at"].astype(np.int64), len(of)
    _, totals = basket_cents()
    amount = totals[decisions.basket[of], decisions.is_discounted[of].astype(np.int64)] * DEAL_BASKETS
    length = decisions.won_days[of] * DAY
    at = opened[:, None] + (np.array(STAGE_AT) * length[:, None]).astype(np.int64) + 5
    closed = opened + length.astype(np.int64) + 5
    stage = np.broadcast_to(np.arange(len(STAGE_AT)), at.shape)
    last = np.where(decisions.is_won[of], STAGES.index("closedwon"), STAGES.index("closedlost"))
    back = draw.random(size) < rates.deal_falls_back  # a deal that falls back to the first stage and returns
    rows = [
        (np.repeat(np.arange(size), at.shape[1]), stage.ravel(), at.ravel()),
        (np.arange(size), last, closed),
        (np.flatnonzero(back), np.zeros(int(back.sum()), np.int64), (at[:, 2] + 3 * HOUR)[back]),
        (np.flatnonzero(back), np.full(int(back.sum()), 2), (at[:, 2] + 7 * HOUR)[back]),
    ]
    deal, stages, instants = (np.concatenate(column) for column in zip(*rows, strict=True))
    kept = instants < end_at
    deal, stages, instants = deal[kept], stages[kept], instants[kept]
    order = np.lexsort((stages, instants, deal))
    deal, stages, instants = deal[order], stages[order], instants[order]
    first = np.searchsorted(deal, deal)
    return Sales(
        {
            "deal": np.arange(size),
            "person": decisions.person[of],
            "amount_cents": amount,
            "has_two_contacts": draw.random(size) < rates.deal_two_contacts,
            "opened_at": opened,
        },
        {"deal": deal, "position": np.arange(len(deal)) - first, "stage": stages, "moved_at": instants},
    )


def make_leads(seed: int, sessions: Sessions, events: Events, rates: Parameters, defects: bool) -> Columns:
    """Forms sent, one per `generate_lead` event; with `defects` some are sent twice or with a junk address.

    `decision` is -1 for a guide download and the deal's decision otherwise; `copy` is 1 for a second submit.
    """
    draw = stream(seed, "forms")
    sent = events.code == CODE["generate_lead"]
    session, at = events.session[sent], events.microsecond[sent] // 1000 + 1500
    count = len(session)
    again = draw.random(count) < (rates.form_twice if defects else 0)
    junk = (draw.random(count) < (rates.form_junk if defects else 0)) & (sessions.decision[session] < 0)
    columns = {
        "session": np.concatenate([session, session[again]]),
        "sent_ms": np.concatenate([at, at[again] + 1800]),
        "copy": np.concatenate([np.zeros(count, np.int64), np.ones(int(again.sum()), np.int64)]),
        "is_junk": np.concatenate([junk, junk[again]]),
    }
    order = np.lexsort((columns["copy"], columns["session"], columns["sent_ms"]))
    columns = {name: values[order] for name, values in columns.items()}
    columns["form"] = np.arange(len(order))
    columns["person"] = sessions.person[columns["session"]]
    columns["decision"] = sessions.decision[columns["session"]]
    columns["created_at"] = columns["sent_ms"].astype(np.int64) // 1000
    return columns

"""A synthetic market whose truth is known, written in each vendor's own format.

`generate` lets people live through days (behaviour), gives their visits a clock and a device (sessions),
draws what follows from purchases (commerce), and hands the tables to one writer per vendor. The truth goes
beside the inbox; only tests and benchmarks may read it. Must not be here: a rule of the market.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from journey_pipeline.world.behaviour import Decisions, Outcomes, simulate
from journey_pipeline.world.clock import Calendar
from journey_pipeline.world.commerce import (
    Columns,
    make_answers,
    make_deals,
    make_leads,
    make_orders,
    make_refunds,
    make_tickets,
)
from journey_pipeline.world.parameters import PARAMETERS, TIME_ZONE
from journey_pipeline.world.people import People, load_people, make_people
from journey_pipeline.world.sessions import Events, Sessions, make_events, make_sessions
from journey_pipeline.world.tables import (
    define_clock,
    load,
    load_catalogue,
    load_events,
    load_orders,
    load_sessions,
)
from journey_pipeline.world.truth import write_truth
from journey_pipeline.world.vendors import Delivery, ga4, google_ads, hubspot, shopify, typeform, zendesk

DEFAULT_CUSTOMERS = 6500  # about 100,000 touchpoints in the default number of weeks
DEFAULT_WEEKS = 26
DEFAULT_SEED = 7
DEFAULT_END = date(2026, 11, 16)
THREADS = 2  # the bytes are the same for any number (checked with 1, 2 and 5)

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Market:
    """What `generate` wrote, and its parameters.

    `touchpoints` counts distinct person-level interactions over all sources, hits of machines and of the shop's
    own tests included; `files` and `bytes` count the inbox.
    """

    customers: int
    touchpoints: int
    files: int
    bytes: int
    seed: int
    weeks: int
    end: date


def generate(
    out: Path,
    *,
    customers: int = DEFAULT_CUSTOMERS,
    weeks: int = DEFAULT_WEEKS,
    seed: int = DEFAULT_SEED,
    end: date = DEFAULT_END,
    defects: bool = True,
    progress: Progress | None = None,
) -> Market:
    """Write a market of `weeks` weeks before `end` (an exclusive Monday) below the home `out`.

    Files go to `<out>/inbox/<source>/`, the truth to `<out>/truth/`. The same parameters give the same bytes.
    Files of an earlier market in the same home are removed first. `defects` adds what real exports suffer
    from and a correct pipeline survives: re-deliveries, duplicates, restatements, bots, junk. `progress` is
    called with a step and its share done in [0, 1].

    Raises ValueError for `customers` or `weeks` below 1 or an `end` that is not a Monday; FileExistsError
    when the inbox holds files that no earlier market wrote.
    """
    if customers < 1:
        raise ValueError(f"customers must be at least 1, found {customers}")
    calendar = Calendar.before(end, weeks)
    say = progress or _ignore
    written = _earlier(out)
    staging = out / ".market"
    shutil.rmtree(staging, ignore_errors=True)  # left by a run that was interrupted
    con = duckdb.connect(":memory:", config={"threads": THREADS})
    con.execute("set enable_progress_bar = false")
    sessions, outcomes = _live(con, seed, customers, calendar, defects, say)
    delivery = Delivery(staging / "inbox")
    touchpoints = _write(con, delivery, seed, calendar, sessions, outcomes, defects, say)
    con.close()
    market = Market(customers, touchpoints, len(delivery.sizes), sum(delivery.sizes.values()), seed, weeks, end)
    manifest = asdict(market) | {"end": str(end), "defects": defects, "time_zone": TIME_ZONE}
    manifest["parameters"] = asdict(PARAMETERS)
    manifest["written"] = sorted(delivery.sizes)
    (staging / "truth" / "market.json").write_text(json.dumps(manifest, indent=1) + "\n")
    for name in written:
        (out / "inbox" / name).unlink(missing_ok=True)
    _move(staging, out)
    return market


def _live(
    con: duckdb.DuckDBPyConnection, seed: int, customers: int, calendar: Calendar, defects: bool, say: Progress
) -> tuple[Sessions, Outcomes]:
    """Let the people live and leave the tables of what they did."""
    people = make_people(seed, customers, calendar, PARAMETERS)
    visits, decisions, outcomes = simulate(
        seed, people, calendar, PARAMETERS, lambda share: say("living through the days", share)
    )
    sessions = make_sessions(seed, visits, people, calendar, PARAMETERS, defects)
    events = make_events(seed, sessions, PARAMETERS)
    _load(con, seed, calendar, people, decisions, sessions, events, defects)
    return sessions, outcomes


def _load(
    con: duckdb.DuckDBPyConnection, seed: int, calendar: Calendar, people: People, decisions: Decisions,
    sessions: Sessions, events: Events, defects: bool,
) -> None:  # fmt: skip
    """Fill the tables the vendor writers read."""
    end_at = calendar.end_at
    define_clock(con, calendar)
    load_catalogue(con)
    load_people(con, people)
    load_sessions(con, seed, sessions, people, calendar)
    orders = make_orders(seed, decisions, sessions, events, PARAMETERS, end_at)
    load_orders(con, orders, make_refunds(seed, orders, PARAMETERS, end_at))
    load(con, "tickets", make_tickets(seed, orders, PARAMETERS, end_at, defects))
    load(con, "answers", make_answers(seed, orders, people, PARAMETERS, end_at))
    forms = make_leads(seed, sessions, events, PARAMETERS, defects)
    load(con, "forms", forms)
    opened = (forms["decision"].astype(np.int64) >= 0) & (forms["copy"] == 0)
    deals: Columns = {name: values[opened] for name, values in forms.items()}
    sales = make_deals(seed, decisions, deals, PARAMETERS, end_at)
    load(con, "deals", sales.deals)
    load(con, "deal_stages", sales.stages)
    load_events(con, events)


def _write(
    con: duckdb.DuckDBPyConnection, delivery: Delivery, seed: int, calendar: Calendar, sessions: Sessions,
    outcomes: Outcomes, defects: bool, say: Progress,
) -> int:  # fmt: skip
    """Write every vendor's files and the truth; returns the count of person-level interactions."""
    google_ads.load_advertising(con, seed, sessions, calendar, defects)
    ga4.write(con, delivery, seed, calendar, PARAMETERS, defects, lambda share: say("writing ga4", share))
    google_ads.write(con, delivery, calendar, defects)
    hubspot.write(con, delivery, calendar, defects)
    shopify.write(con, delivery)
    zendesk.write(con, delivery, calendar)
    typeform.write(con, delivery)
    say("writing the truth", 0.0)
    write_truth(con, delivery.folder.parent / "truth", outcomes, calendar.start)
    say("writing the truth", 1.0)
    found = con.execute(
        "select (select count(*) from events where is_tracked) + (select count(*) from orders) "
        "+ (select count(*) from refunds) + (select count(*) + count(nullif(solved_at, 0)) from tickets) "
        "+ (select count(*) from answers) + (select count(*) from forms) + (select count(*) from deal_stages)"
    ).fetchall()
    return int(found[0][0])


def _ignore(_step: str, _share: float) -> None:
    """Progress nobody asked for."""


def _earlier(out: Path) -> list[str]:
    """The files an earlier market wrote; raises when the inbox holds any other, so that nothing is mixed."""
    manifest = out / "truth" / "market.json"
    written = json.loads(manifest.read_text())["written"] if manifest.exists() else []
    inbox = out / "inbox"
    names = sorted(str(path.relative_to(inbox)) for path in inbox.rglob("*") if path.is_file())
    known = {*written, "README.md", ".gitkeep"}
    foreign = [name for name in names if name not in known]
    if foreign:
        raise FileExistsError(
            f"{inbox} holds {len(foreign)} files that no earlier market wrote, such as {foreign[0]}; "
            "choose a home with an empty inbox"
        )
    return written


def _move(staging: Path, out: Path) -> None:
    """Put the finished files in place, each by one rename, and the manifest last."""
    files = [path for path in staging.rglob("*") if path.is_file()]
    for path in sorted(files, key=lambda found: (found.name == "market.json", found)):
        target = out / path.relative_to(staging)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    shutil.rmtree(staging)

"""A synthetic market whose truth is known, written in each vendor's own format.

`generate` lets people live through days (behaviour), gives their visits a clock and a device (sessions),
draws what follows from purchases (commerce), and hands the tables to one writer per vendor. The truth goes
beside the inbox; only tests and benchmarks may read it. Must not be here: a rule of the market.
"""

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import duckdb
import numpy as np

from journey_pipeline.ingest.faults import safe_path
from journey_pipeline.world.advertising import ads_of, load_ads, load_advertising, make_ad_days
from journey_pipeline.world.assignment import (
    chosen_sources,
    desks_of,
    mail_tools,
    shared,
    survey_tools,
    trackers_of,
)
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
from journey_pipeline.world.deliveries import touchpoints_told, write_sources
from journey_pipeline.world.mail import load_mail
from journey_pipeline.world.parameters import TIME_ZONE, Parameters
from journey_pipeline.world.people import People, load_people, make_people
from journey_pipeline.world.performance import load_measured
from journey_pipeline.world.plants import Plant, plant_changes
from journey_pipeline.world.sessions import Events, Sessions, make_events, make_sessions
from journey_pipeline.world.tables import (
    define_clock,
    load,
    load_catalogue,
    load_events,
    load_orders,
    load_sales,
    load_sessions,
)
from journey_pipeline.world.truth import write_truth
from journey_pipeline.world.vendors import Delivery, google_ads, start_records

DEFAULT_CUSTOMERS = 6300  # about 100,000 touchpoints in the default number of weeks
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
    planted: bool = False,
    plant: Plant | None = None,
    sources: Iterable[str] | None = None,
    progress: Progress | None = None,
) -> Market:
    """Write a market of `weeks` weeks before `end` (an exclusive Monday) below the home `out`.

    Files go to `<out>/inbox/<source>/`, the truth to `<out>/truth/`. The same parameters give the same bytes.
    Files of an earlier market in the same home are removed first. `defects` adds what real exports suffer
    from and a correct pipeline survives: re-deliveries, duplicates, restatements, bots, junk. `planted` adds the
    rarer faults the catalogue documents, counted in `truth/defects.json`: retried messages, wrong clocks, machine
    opens, mixed encodings. `plant` is a market with other numbers or with a problem that begins and is mended, whose
    truth is `truth/changes.parquet`. `sources` limits what is written; everything is when it is None. `progress` is
    called with a step and its share done in [0, 1].

    Raises ValueError for `customers` or `weeks` below 1 or an `end` that is not a Monday, UnknownSource;
    FileExistsError when the inbox holds files that no earlier market wrote.
    """
    if customers < 1:
        raise ValueError(f"customers must be at least 1, found {customers}")
    calendar, chosen = Calendar.before(end, weeks), chosen_sources(sources)
    say = progress or _ignore
    written = _earlier(out)
    staging = out / ".market"
    shutil.rmtree(staging, ignore_errors=True)  # left by a run that was interrupted
    con = duckdb.connect(":memory:", config={"threads": THREADS})
    con.execute("set enable_progress_bar = false")
    plant = plant or Plant()
    outcomes = _live(con, seed, customers, calendar, plant, defects, chosen, say)
    delivery = Delivery(staging / "inbox", chosen, planted)
    touchpoints = _write(con, delivery, seed, calendar, outcomes, defects, say)
    con.close()
    market = Market(customers, touchpoints, len(delivery.sizes), sum(delivery.sizes.values()), seed, weeks, end)
    manifest = asdict(market) | {"end": str(end), "defects": defects, "planted": planted, "time_zone": TIME_ZONE}
    manifest["sources"] = sorted(chosen)
    manifest["parameters"] = asdict(plant.parameters)
    if plant.changes:
        manifest["changes"] = [asdict(change) for change in plant.changes]
    manifest["written"] = sorted(delivery.sizes)
    if planted:
        planted_text = json.dumps(dict(sorted(delivery.defects.items())), indent=1)
        (staging / "truth" / "defects.json").write_text(planted_text + "\n")
    (staging / "truth" / "market.json").write_text(json.dumps(manifest, indent=1) + "\n")
    for name in ("defects.json", "changes.parquet"):
        (out / "truth" / name).unlink(missing_ok=True)
    for name in written:
        (out / "inbox" / name).unlink(missing_ok=True)
    _move(staging, out)
    return market


def _live(
    con: duckdb.DuckDBPyConnection, seed: int, customers: int, calendar: Calendar, plant: Plant, defects: bool,
    sources: frozenset[str], say: Progress,
) -> Outcomes:  # fmt: skip
    """Let the people live and leave the tables of what they did."""
    rates = plant.parameters
    people = make_people(seed, customers, calendar, rates)
    visits, decisions, outcomes = simulate(
        seed, people, calendar, rates, lambda share: say("living through the days", share)
    )
    sessions = make_sessions(seed, visits, people, calendar, rates, defects)
    events = make_events(seed, sessions, rates)
    events, decisions, changed = plant_changes(plant.changes, seed, sessions, events, decisions, rates)
    if changed:
        load(con, "changes", changed)
    _load(con, seed, calendar, people, decisions, sessions, events, rates, defects, sources)
    return outcomes


def _load(
    con: duckdb.DuckDBPyConnection, seed: int, calendar: Calendar, people: People, decisions: Decisions,
    sessions: Sessions, events: Events, rates: Parameters, defects: bool, sources: frozenset[str],
) -> None:  # fmt: skip
    """Fill the tables the vendor writers read."""
    end_at = calendar.end_at
    define_clock(con, calendar)
    load_catalogue(con)
    load_ads(con)
    load_people(con, people, mail_tools(people, sources))
    ads = ads_of(sessions, people, calendar, sources)
    load_sessions(con, seed, sessions, people, calendar, trackers_of(sessions, people, sources), ads)
    orders = make_orders(seed, decisions, sessions, events, rates, end_at)
    load_orders(con, orders, make_refunds(seed, orders, rates, end_at))
    tickets = make_tickets(seed, orders, rates, end_at, defects)
    load(con, "tickets", tickets | {"desk": desks_of(tickets, people, sources)})
    answers = make_answers(seed, orders, people, rates, end_at)
    load(con, "answers", answers | {"tool": survey_tools(answers, calendar, sources)})
    forms = make_leads(seed, sessions, events, rates, defects)
    crm = shared(forms["person"], 3, 1, "salesforce", "hubspot", sources)
    asks = forms["decision"].astype(np.int64) >= 0
    load(con, "forms", forms | {"crm": np.where(asks, crm, "hubspot")})
    deals: Columns = {name: values[asks & (forms["copy"] == 0)] for name, values in forms.items()}
    sales = make_deals(seed, decisions, deals, rates, end_at)
    crm = shared(sales.deals["person"], 3, 1, "salesforce", "hubspot", sources)
    load_sales(con, sales.deals | {"crm": crm}, sales.stages)
    load_events(con, events)
    load_measured(con, seed)
    ad_days = make_ad_days(seed, sessions, ads, calendar, sources)
    load_advertising(con, ad_days, google_ads.credited_days(calendar, defects))
    load_mail(con, calendar)


def _write(
    con: duckdb.DuckDBPyConnection, delivery: Delivery, seed: int, calendar: Calendar, outcomes: Outcomes,
    defects: bool, say: Progress,
) -> int:  # fmt: skip
    """Write every vendor's files and the truth; returns the count of person-level interactions."""
    start_records(con)
    write_sources(con, delivery, seed, calendar, defects, say)
    say("writing the truth", 0.0)
    write_truth(con, delivery.folder.parent / "truth", outcomes, calendar.start)
    say("writing the truth", 1.0)
    return touchpoints_told(con, delivery.sources)


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
        files = f"{len(foreign):,} file{'' if len(foreign) == 1 else 's'}"
        raise FileExistsError(
            f"the inbox holds {files} that no earlier market wrote, such as {safe_path(foreign[0])}; "
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

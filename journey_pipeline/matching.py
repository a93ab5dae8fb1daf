"""Person records without a shared key -> pairs that are probably one person, by Fellegi and Sunter's model.

Holds the optional probabilistic pass: what is compared, how candidates are found, who is alike without being one. Off
unless a deployment switches it on, and the only place that imports Splink (the extra `matching`). Add an attribute as
one `Comparison`, a way to find candidates as one line of `BLOCKING`. Must not be here: where records come from, what
becomes of a link (the identity guards decide), a name in a log or an error.

Splink (MIT) learns without labels how often two records of one person agree on each attribute in spite of mistakes (m,
by expectation maximisation) and how often those of two people agree by chance (u, from random pairs), and scores the
candidates. Three things are ours, because the model takes agreements as independent and the data as large:

1. u is freed of the matches among the random pairs; in a few thousand records they are most of what agrees there;
2. the share of matches among all pairs is what the scored candidates add up to, not a guess;
3. `Kin`: a couple, twins, a father and son of one name share surname and home, and so reach any threshold. What
   people of one home have in common is learnt too, and a pair must hold against that as well. A record that fits two
   people who are surely not one is linked to neither, unless one fits as much better as a link must be sure.

The same records give the same links whatever their order and the number of threads: samples are taken by hashes of the
record id, floating-point sums run on one thread over sorted records, and probabilities are rounded before they are
compared. Splink works in a database of its own in memory, so that no name reaches the warehouse.

Sources: Fellegi and Sunter 1969; Winkler 2006 (comparison of names); the levels are Splink's published defaults.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

if TYPE_CHECKING:
    from splink import Linker

ATTRIBUTES = ("given_name", "surname", "birth_date", "address", "postcode", "city", "email", "phone")

# Letters, figures and single spaces, without case and accents; what has none of them says nothing.
_WORDS = r"nullif(trim(regexp_replace(lower(strip_accents({0}::varchar)), '[^\p{{L}}\p{{N}}]+', ' ', 'g')), '')"
_CLEANED = {
    "given_name": _WORDS,
    "surname": _WORDS,
    "birth_date": "strftime(try_cast({0} as date), '%Y-%m-%d')",
    "address": _WORDS,
    "postcode": r"nullif(regexp_replace(upper({0}::varchar), '[^\p{{L}}\p{{N}}]+', '', 'g'), '')",
    "city": _WORDS,
    "email": "case when contains({0}::varchar, '@') then lower(trim({0}::varchar)) end",
    # A number is the same with and without its country code; fewer than six figures are an extension.
    "phone": r"right(nullif(regexp_extract(regexp_replace({0}::varchar, '\D', '', 'g'), '^\d{{6,}}$'), ''), 9)",
}
# A value that so many times more records share than the usual one is nobody's: 1900-01-01, a switchboard.
_PLACEHOLDER = 50
_PLACEHOLDER_OF = ("birth_date", "email", "phone")


class MatchingError(Exception):
    """Matching cannot run; the text says what was expected, what was found and what to do."""


class NothingToLearnError(MatchingError):
    """The records are too few, or agree on too little, to learn from."""


@dataclass(frozen=True)
class Comparison:
    """Evidence of one kind: SQL conditions from the strongest level to the weakest; what meets none disagrees.

    Attributes that depend on each other (street, postcode, city) are one comparison, or they would count twice.

    Attributes:
        of: says nothing where no one of these is known on both sides, or where `unless` holds.
        rare_counts_more: the attribute whose rare values (an unusual surname) are stronger evidence.
    """

    name: str
    of: tuple[str, ...]
    levels: tuple[str, ...]
    unless: str = "false"
    rare_counts_more: str | None = None


_SWAPPED = "given_name_l = surname_r and surname_l = given_name_r"
_DAY_AND_MONTH_SWAPPED = (
    "left(birth_date_l, 4) = left(birth_date_r, 4) and substr(birth_date_l, 6, 2) = substr(birth_date_r, 9, 2) "
    "and substr(birth_date_l, 9, 2) = substr(birth_date_r, 6, 2)"
)
_SAME_TOWN = "(postcode_l = postcode_r or city_l = city_r)"

COMPARISONS = (
    Comparison(
        "given_name",
        ("given_name",),
        (
            "given_name_l = given_name_r",
            _SWAPPED,
            "jaro_winkler_similarity(given_name_l, given_name_r) >= 0.92",
            "jaro_winkler_similarity(given_name_l, given_name_r) >= 0.88",
            "jaro_winkler_similarity(given_name_l, given_name_r) >= 0.7",
        ),
        rare_counts_more="given_name",
    ),
    Comparison(
        "surname",
        ("surname",),
        (
            "surname_l = surname_r",
            "jaro_winkler_similarity(surname_l, surname_r) >= 0.92",
            "jaro_winkler_similarity(surname_l, surname_r) >= 0.88",
            "jaro_winkler_similarity(surname_l, surname_r) >= 0.7",
        ),
        unless=_SWAPPED,  # counted with the given name
        rare_counts_more="surname",
    ),
    Comparison(
        "birth_date",
        ("birth_date",),
        (
            "birth_date_l = birth_date_r",
            f"damerau_levenshtein(birth_date_l, birth_date_r) <= 1 or ({_DAY_AND_MONTH_SWAPPED})",
            "damerau_levenshtein(birth_date_l, birth_date_r) <= 2",
        ),
    ),
    Comparison(
        "place",
        ("address", "postcode", "city"),
        (
            f"address_l = address_r and {_SAME_TOWN}",
            f"jaro_winkler_similarity(address_l, address_r) >= 0.9 and {_SAME_TOWN}",
            "postcode_l = postcode_r",
            "city_l = city_r",
            "jaro_winkler_similarity(city_l, city_r) >= 0.9",
        ),
        rare_counts_more="city",
    ),
    Comparison(
        "email",
        ("email",),
        (
            "email_l = email_r",
            # The letters of an address repeat the name; two people of one name differ in the figures behind it.
            r"damerau_levenshtein(email_l, email_r) <= 2 "
            r"and regexp_replace(email_l, '\D', '', 'g') = regexp_replace(email_r, '\D', '', 'g')",
        ),
    ),
    Comparison("phone", ("phone",), ("phone_l = phone_r", "damerau_levenshtein(phone_l, phone_r) <= 1")),
)

# Records that agree on all expressions of a line are compared. A mistake in one attribute is met by a line without it.
BLOCKING = (
    ("email",),
    ("split_part(email, '@', 1)",),
    ("phone",),
    ("given_name", "surname"),
    ("least(given_name, surname)", "greatest(given_name, surname)"),
    ("left(given_name, 3)", "left(surname, 3)"),
    ("surname", "birth_date"),
    ("given_name", "birth_date"),
    ("surname", "left(birth_date, 4)"),
    ("given_name", "left(birth_date, 7)"),
    ("birth_date", "left(postcode, 3)"),
    ("birth_date", "city"),
    ("surname", "address"),
    ("surname", "postcode"),
)

# Of two people of one home, about one pair in fifty shares a given name or a birth date; the data soon says better.
_KIN_AGREE = 0.02

# Attributes that agree while m of the other comparisons is learnt; each comparison must be free in one of the lines.
TRAINING = (("given_name", "surname"), ("birth_date",), ("email",), ("phone",))

# Pairs that agree on a line are surely matches: where the share of matches among all pairs starts from.
SURE = (("email",), ("phone",), ("given_name", "surname", "birth_date"))


@dataclass(frozen=True)
class Kin:
    """People who are alike without being one: only what they do not share can tell them apart.

    Attributes:
        alike: comparisons that must agree, each on one of its so many strongest levels, for a pair to teach how often
            such a pair is one person and what two have in common.
        judged: of these, the comparisons that suffice for a pair to be judged by `told_apart_by` alone as well; the
            lower of the two probabilities counts.
    """

    name: str
    alike: dict[str, int]
    judged: tuple[str, ...]
    told_apart_by: tuple[str, ...]


KIN = (
    # Couples, siblings, twins, father and son of one name; also where the home of one of them is not known.
    Kin("one_home", {"surname": 3, "place": 3}, ("surname",), ("given_name", "birth_date", "email", "phone")),
)


@dataclass(frozen=True)
class MatchingSettings:
    """What a deployment may choose; the defaults are for person records of shops and CRMs.

    Attributes:
        merge_at: least match probability of a link.
        review_at: least match probability of a pair listed for review.
        seed: of the random pairs.
        sure_share: share of all matches that pairs of `sure` are taken for at the start; only a first guess.
        largest_block: values that more records share than this find no candidates.
        sampled_pairs: random pairs for u, and about as many candidates at most per line of `training` for m.
    """

    merge_at: float = 0.95
    review_at: float = 0.8
    seed: int = 1
    sure_share: float = 0.7
    largest_block: int = 200
    sampled_pairs: int = 1_000_000
    comparisons: tuple[Comparison, ...] = COMPARISONS
    blocking: tuple[tuple[str, ...], ...] = BLOCKING
    training: tuple[tuple[str, ...], ...] = TRAINING
    sure: tuple[tuple[str, ...], ...] = SURE
    kin: tuple[Kin, ...] = KIN

    def __post_init__(self) -> None:
        if not 0.5 <= self.review_at <= self.merge_at < 1:
            raise MatchingError(
                f"expected 0.5 <= review_at <= merge_at < 1, found {self.review_at} and {self.merge_at}; mend them"
            )


Levels = dict[str, tuple[tuple[float, float], ...]]


@dataclass(frozen=True)
class Model:
    """What was learnt from one deployment's records. Holds no value of any record, so it may be stored and shown.

    Attributes:
        prior: probability that two records taken at random are one person; in a kin's model, that two alike ones are.
        levels: per comparison (m, u) of each of its levels and, last, of disagreement.
        kin: the model of each kind of kin; its u is about two people of that kind.
    """

    prior: float
    levels: Levels
    kin: dict[str, Model] = field(default_factory=dict)


@dataclass(frozen=True)
class Matches:
    """What `match` found.

    Attributes:
        pairs: record_a < record_b (text), match_probability (0 to 1, six decimals), decision (`link` or `review`),
            fits_two_people (why a probable pair is not linked); sorted by the ids.
        model: what the pairs were scored with.
        crowded: per line of blocking, the records that found no candidates by it because too many share their values.
    """

    pairs: pa.Table
    model: Model
    crowded: dict[str, int]


def match(
    connection: duckdb.DuckDBPyConnection,
    records_table: str,
    settings: MatchingSettings | None = None,
    model: Model | None = None,
) -> Matches:
    """Find the pairs of records that are probably one person.

    Args:
        connection: where the records are; nothing is written to it.
        records_table: a table or view with `record_id` (unique, not null) and any of `ATTRIBUTES`. Every value may be
            null or misspelt; birth dates as dates or text YYYY-MM-DD (what is no date counts as missing).
        settings: thresholds, and what is compared.
        model: one trained before with the same settings; learnt from these records when left out.

    Raises:
        MatchingError: the extra is not installed, the table is not as described, or there is nothing to learn from.
    """
    settings = settings or MatchingSettings()
    with _workshop(connection, records_table, settings) as workshop:
        model = model or _learn(workshop, settings)
        _score(workshop, settings, model)
        return Matches(_decided(workshop, settings), model, _crowded(workshop, settings))


def train(connection: duckdb.DuckDBPyConnection, records_table: str, settings: MatchingSettings | None = None) -> Model:
    """Learn a model to `match` later records with; arguments and errors are those of `match`."""
    settings = settings or MatchingSettings()
    with _workshop(connection, records_table, settings) as workshop:
        return _learn(workshop, settings)


@contextmanager
def _workshop(
    connection: duckdb.DuckDBPyConnection, records_table: str, settings: MatchingSettings
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory, under the limits of the caller's, that holds the cleaned records sorted by id."""
    limits = dict(
        connection.execute(
            "select name, value from duckdb_settings() where name in ('threads', 'memory_limit', 'temp_directory')"
        ).fetchall()
    )
    logger = logging.getLogger("splink")
    level = logger.level
    # Its warnings are about levels that never occur; `_learnt` deals with them.
    logger.setLevel(logging.ERROR)
    try:
        with duckdb.connect(config=limits) as workshop:
            workshop.execute("set enable_progress_bar = false")
            workshop.register("delivered", connection.sql(_cleaning(connection, records_table)).to_arrow_table())
            workshop.execute(_keyed(settings))
            workshop.unregister("delivered")
            yield workshop
    finally:
        logger.setLevel(level)


def _cleaning(connection: duckdb.DuckDBPyConnection, records_table: str) -> str:
    columns = {row[0] for row in connection.execute(f"describe {records_table}").fetchall()}
    if "record_id" not in columns or not columns & set(ATTRIBUTES):
        raise MatchingError(
            f"expected a table with record_id and any of {', '.join(ATTRIBUTES)}, found {', '.join(sorted(columns))}; "
            "name the columns so"
        )
    records, ids, named = connection.execute(
        f"select count(*), count(distinct record_id), count(record_id) from {records_table}"
    ).fetchall()[0]
    if not records == ids == named:
        raise MatchingError(
            f"expected one record per record_id, found {records} records, {records - named} of them without an id, "
            f"and {ids} ids; give each record an id of its own"
        )
    cleaned = ", ".join(
        f"{_CLEANED[name].format(name) if name in columns else 'null::varchar'} as {name}" for name in ATTRIBUTES
    )
    return f"select record_id::varchar as record_id, {cleaned} from {records_table}"


def _keyed(settings: MatchingSettings) -> str:
    """SQL for `records`: placeholders taken out, and a key per line of blocking where the line may find candidates."""
    personal = ", ".join(
        f"case when count(*) over (partition by {name}) <= {_PLACEHOLDER} * count({name}) over () / "
        f"(select greatest(count(distinct {name}), 1) from delivered) then {name} end as {name}"
        for name in _PLACEHOLDER_OF
    )
    keys = ", ".join(
        f"case when {_known(line)} then hash({', '.join(line)}) end as key_{number}"
        for number, line in enumerate(settings.blocking)
    )
    blocks = ", ".join(
        f"case when count(*) over (partition by key_{number}) <= {settings.largest_block} then key_{number} end "
        f"as block_{number}"
        for number in range(len(settings.blocking))
    )
    return f"""
        create table records as
        with personal as (select * replace ({personal}) from delivered),
        keyed as (select *, {keys} from personal)
        select *, {blocks} from keyed order by record_id
    """


def _known(expressions: Iterable[str]) -> str:
    return " and ".join(f"{expression} is not null" for expression in expressions)


def _crowded(workshop: duckdb.DuckDBPyConnection, settings: MatchingSettings) -> dict[str, int]:
    counts = ", ".join(f"count(key_{number}) - count(block_{number})" for number in range(len(settings.blocking)))
    found = workshop.execute(f"select {counts} from records").fetchall()[0]
    return {", ".join(line): int(count) for line, count in zip(settings.blocking, found, strict=True)}


def _learn(workshop: duckdb.DuckDBPyConnection, settings: MatchingSettings) -> Model:
    sure = [line for line in settings.sure if _agreeing(workshop, line)]
    lines = [line for line in settings.training if _agreeing(workshop, line)]
    if not sure or not lines:
        raise NothingToLearnError(
            "expected records that agree on e-mail, phone, or name and birth date to learn from, found none; "
            "deliver more records with these columns, or leave matching off"
        )
    linker = _linker(workshop, settings)
    training = linker.training
    training.estimate_probability_two_random_records_match([_equal(line) for line in sure], recall=settings.sure_share)
    training.estimate_u_using_random_sampling(max_pairs=settings.sampled_pairs, seed=settings.seed)
    threads = workshop.execute("select current_setting('threads')").fetchall()[0][0]
    # A sum of floating-point numbers depends on their order, and the order on the number of threads.
    workshop.execute("set threads = 1")
    for line in lines:
        training.estimate_parameters_using_expectation_maximisation(
            _equal(line), estimate_without_term_frequencies=True, max_pairs=settings.sampled_pairs
        )
    workshop.execute(f"set threads = {threads}")

    records = workshop.execute("select count(*) from records").fetchall()[0][0]
    all_pairs = records * (records - 1) // 2
    random_pairs = min(settings.sampled_pairs, all_pairs)
    learnt = _learnt(linker, random_pairs, all_pairs)
    candidates = _candidates(workshop, settings, _without_matches(learnt, learnt.prior, random_pairs))
    # A sum of integers: no order of rows changes it.
    millionths = workshop.execute(f"select sum(round(match_probability * 1e6)::bigint) from {candidates}").fetchall()
    model = _without_matches(learnt, int(millionths[0][0]) / 1e6 / all_pairs, random_pairs)
    kin = {kin.name: _learn_kin(workshop, candidates, kin, model.levels) for kin in settings.kin}
    return Model(model.prior, model.levels, {name: found for name, found in kin.items() if found})


def _agreeing(workshop: duckdb.DuckDBPyConnection, attributes: Sequence[str]) -> bool:
    """Are there two records that agree on these attributes?"""
    return bool(
        workshop.execute(
            f"select 1 from records where {_known(attributes)} group by {', '.join(attributes)} "
            "having count(*) > 1 limit 1"
        ).fetchall()
    )


def _equal(attributes: Iterable[str]) -> str:
    return " and ".join(f"l.{attribute} = r.{attribute}" for attribute in attributes)


def _linker(workshop: duckdb.DuckDBPyConnection, settings: MatchingSettings, model: Model | None = None) -> Linker:
    try:
        from splink import DuckDBAPI, Linker
    except ImportError as error:
        raise MatchingError(
            "expected the package splink, which matching of person records needs, and found it not installed; install "
            "journey-pipeline[matching], or leave matching off"
        ) from error
    described: dict[str, Any] = {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record_id",
        "retain_matching_columns": True,  # or the levels would not be kept
        "comparisons": [
            _described(comparison, model.levels[comparison.name] if model else None)
            for comparison in settings.comparisons
        ],
        "blocking_rules_to_generate_predictions": [
            {"blocking_rule": f"l.block_{number} = r.block_{number}"} for number in range(len(settings.blocking))
        ],
    }
    if model:
        described["probability_two_random_records_match"] = model.prior
    return Linker(DuckDBAPI(connection=workshop).register("records"), described, log_level=None)


def _described(comparison: Comparison, learnt: Sequence[tuple[float, float]] | None) -> dict[str, Any]:
    """A comparison as Splink reads it."""
    known = " or ".join(f"({name}_l is not null and {name}_r is not null)" for name in comparison.of)
    silent = f"not ({known}) or coalesce({comparison.unless}, false)"
    levels: list[dict[str, Any]] = [
        {"sql_condition": condition, "label_for_charts": condition} for condition in (*comparison.levels, "ELSE")
    ]
    if name := comparison.rare_counts_more:
        exact = next(level for level in levels if level["sql_condition"] == f"{name}_l = {name}_r")
        exact["tf_adjustment_column"] = name
    for level, (m, u) in zip(levels, learnt or (), strict=bool(learnt)):
        level |= {"m_probability": m, "u_probability": u}
    levels.insert(0, {"sql_condition": silent, "label_for_charts": "silent", "is_null_level": True})
    return {"output_column_name": comparison.name, "comparison_levels": levels}


def _learnt(linker: Linker, random_pairs: int, all_pairs: int) -> Model:
    """The parameters. What no random pair met is as rare as one of them, what no match met as one of the matches."""
    learnt = linker.misc.save_model_to_json()
    prior = learnt["probability_two_random_records_match"]
    least = 1 / max(1.0, prior * all_pairs)
    levels: Levels = {}
    for comparison in learnt["comparisons"]:
        found = []
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                u = level.get("u_probability") or 1 / random_pairs
                found.append((level.get("m_probability") or min(u, least), u))
        levels[comparison["output_column_name"]] = tuple(found)
    return Model(prior, levels)


def _without_matches(model: Model, prior: float, random_pairs: int) -> Model:
    """Take the matches out of the random pairs; where next to nothing is left, two standard errors of it stay."""

    def chance(m: float, u: float) -> float:
        left = max((u - prior * m) / (1 - prior), min(u, 2 * math.sqrt(u / random_pairs)))
        return min(left, 1.0)

    levels = {name: tuple((m, chance(m, u)) for m, u in levels) for name, levels in model.levels.items()}
    return Model(prior, levels)


def _candidates(workshop: duckdb.DuckDBPyConnection, settings: MatchingSettings, model: Model) -> str:
    """Name of the table of all candidates, with `match_weight` and the level of each comparison as `gamma_...`."""
    scored = _linker(workshop, settings, model).inference.predict(warning_mode="never")
    return str(scored.physical_name)


def _learn_kin(workshop: duckdb.DuckDBPyConnection, candidates: str, kin: Kin, levels: Levels) -> Model | None:
    """How often a pair of the kind is one person, and how often two people of it agree; None without such a pair.

    Two of a kind truly agree on an attribute (twins on the birth date) with a probability of its own, and then their
    records differ as those of one person do, by mistakes; else they agree by chance. So u is a mixture of m and u with
    one unknown per comparison, found by expectation maximisation over the counted patterns of levels. Each is worth one
    observation of what is usual before the data speaks, or few pairs would say too much.
    """
    gammas = ", ".join(f"gamma_{name}" for name in kin.told_apart_by)
    patterns = np.asarray(
        workshop.execute(
            f"select {gammas}, count(*) from {candidates} where {_alike(kin, kin.alike, levels)} "
            "group by all order by all"
        ).fetchall(),
        np.int64,
    )
    if not len(patterns):
        return None
    gamma, counts = patterns[:, :-1].T, patterns[:, -1].astype(float)
    m, chance = (
        np.array(
            [
                _by_gamma([level[which] for level in levels[name]])[of]
                for name, of in zip(kin.told_apart_by, gamma, strict=True)
            ]
        )
        for which in (0, 1)
    )
    known = counts * (gamma >= 0)
    share, agreeing = 0.5, np.full((len(m), 1), 0.5)
    for _ in range(1_000):
        u = agreeing * m + (1 - agreeing) * chance
        one, two = share * m.prod(axis=0), (1 - share) * u.prod(axis=0)
        are_two = two / (one + two)
        before = np.append(agreeing, share)
        share = float((counts * (1 - are_two)).sum() + 0.5) / float(counts.sum() + 1)
        agree = (known * are_two * agreeing * m / u).sum(axis=1)
        agreeing = (agree + _KIN_AGREE) / ((known * are_two).sum(axis=1) + 1)
        agreeing = agreeing[:, np.newaxis]
        if np.abs(np.append(agreeing, share) - before).max() < 1e-9:
            break
    return Model(
        share,
        {
            name: tuple((m, agree * m + (1 - agree) * u) for m, u in levels[name])
            for name, agree in zip(kin.told_apart_by, agreeing[:, 0].tolist(), strict=True)
        },
    )


def _by_gamma(of_levels: Sequence[float]) -> NDArray[np.float64]:
    """From disagreement up, so that Splink's gamma is the index; last, at -1, silence, which is neutral."""
    return np.array([*of_levels[::-1], 1.0])


def _alike(kin: Kin, comparisons: Iterable[str], levels: Levels) -> str:
    """SQL: do the comparisons agree well enough? Swapped names are silent about the surname, and alike."""
    return " and ".join(
        f"(gamma_{name} >= {len(levels[name]) - kin.alike[name]} or (gamma_{name} = -1 and '{name}' = 'surname'))"
        for name in comparisons
    )


def _score(workshop: duckdb.DuckDBPyConnection, settings: MatchingSettings, model: Model) -> None:
    """Create `scored`: all candidates with the lowest of their match weights (log2 of the odds), rounded."""
    candidates = _candidates(workshop, settings, model)
    weights = ["match_weight"] + [
        f"case when {_alike(kin, kin.judged, model.levels)} then {_weight(model.kin[kin.name])} end"
        for kin in settings.kin
        if kin.name in model.kin
    ]
    workshop.execute(
        f"""
        create table scored as
        with weighed as (
            select
                least(record_id_l, record_id_r) as record_a,
                greatest(record_id_l, record_id_r) as record_b,
                round(least({", ".join(weights)}), 6) as weight
            from {candidates}
        )
        select *, round(1 / (1 + pow(2, -weight)), 6) as match_probability from weighed
        """
    )


def _weight(model: Model) -> str:
    """SQL for the match weight by the levels of a kin's comparisons."""
    terms = [repr(math.log2(model.prior / (1 - model.prior)))]
    for name, levels in model.levels.items():
        whens = " ".join(f"when {gamma} then {math.log2(m / u)!r}" for gamma, (m, u) in enumerate(levels[::-1]))
        terms.append(f"case gamma_{name} {whens} else 0 end")
    return " + ".join(terms)


def _decided(workshop: duckdb.DuckDBPyConnection, settings: MatchingSettings) -> pa.Table:
    """Links and reviews. Two records are surely not one where that is as probable as a link must be."""
    return workshop.sql(
        f"""
        with probable as (select * from scored where match_probability >= {settings.merge_at}),
        ends as (
            select *, record_a as record, record_b as other from probable
            union all
            select *, record_b, record_a from probable
        ),
        undecided as (
            select distinct this.record_a, this.record_b
            from ends as this
            inner join ends as rival
                on this.record = rival.record and this.other <> rival.other
                    and this.weight - rival.weight < log2({settings.merge_at} / (1 - {settings.merge_at}))
            inner join scored as others
                on others.record_a = least(this.other, rival.other)
                    and others.record_b = greatest(this.other, rival.other)
                    and others.match_probability <= 1 - {settings.merge_at}
        )
        select
            record_a,
            record_b,
            match_probability,
            case when match_probability >= {settings.merge_at} and undecided.record_a is null then 'link'
                else 'review' end as decision,
            undecided.record_a is not null as fits_two_people
        from scored left join undecided using (record_a, record_b)
        where match_probability >= {settings.review_at}
        order by record_a, record_b
        """
    ).to_arrow_table()

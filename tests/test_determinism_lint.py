"""Nothing that makes a rerun differ stands in the project, but where a reason is given."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from journey_pipeline.settings import PROJECT_ROOT

from .determinism import in_folder, in_python, in_sql

# Where a construct is right: (file, part of its line) and why. `world` is left out: the same arguments giving the same
# bytes is asked of it by a test of its own.
ALLOWED = {
    # SQL: order that is total without a key beside it.
    ("dbt_project/macros/channels.sql", "min_by(listed.source_category, listed.position)"): "a position is of one row",
    ("dbt_project/macros/hits.sql", "min_by(source_categories.source_"): "a position is of one row",
    ("dbt_project/macros/next_best_actions.sql", "max_by(furthest_stage_number, "): "one journey a number",
    ("dbt_project/models/journeys/action_cells.sql", "max_by(furthest_stage_number, "): "one journey a number",
    ("dbt_project/models/journeys/segment_activity.sql", "visits * 1000 - level_number"): (
        "levels are below 1000, so no two of a customer and week give one number"
    ),
    ("dbt_project/models/staging/stripe/stg_stripe__refunded_totals.sql", "max_by(refunded_amount, last_rank)"): (
        "rows are grouped by amount, and one file shows one amount of a charge"
    ),
    ("journey_pipeline/identity_history.py", "any_value(identifier_type)"): "a hash is made of type and value",
    ("journey_pipeline/identity_history.py", "arg_min(first_seen_at, part)"): "a part tells an identifier once",
    ("journey_pipeline/identity_history.py", "arg_max_null(customer_id, part)"): "a part tells an identifier once",
    ("journey_pipeline/defs/predictions.py", "any_value(candidate_id)"): "run_parameters has one row",
    ("journey_pipeline/experiments/release_numbers.py", "any_value(as_of)"): "a release has one as_of",
    ("journey_pipeline/experiments/release_numbers.py", "var_samp("): "a sample size is planned, nothing is released",
    ("journey_pipeline/report/attribution.py", "any_value(is_influence)"): "a model is one kind of model",
    ("journey_pipeline/report/experiments.py", "max_by(effect, week)"): "a week has one row of a variant",
    ("journey_pipeline/report/experiments.py", "max_by(ci_high, week)"): "a week has one row of a variant",
    ("journey_pipeline/coverage.py", "list(distinct status)"): "asked only whether a status is in it",
    ("journey_pipeline/report/sources.py", "list(distinct status)"): "asked only whether a status is in it",
    # Reading a file: its rows are numbered as they lie in it, and the engine is told to keep that order.
    ("journey_pipeline/ingest/parsing.py", "row_number() over () as _row_number"): "the order of the file",
    ("journey_pipeline/ingest/periods.py", "row_number() over () as _row_number"): "the order of the file",
    ("journey_pipeline/ingest/json_files.py", "row_number() over () as number"): "the order of the file",
    ("journey_pipeline/report/attribution.py", 'in {row["model"] for row in given}'): "only its extremes are used",
    # The clock says when something was done, and which week is the last; never what a number is.
    ("journey_pipeline/cli/experiment.py", "assigned_at or datetime.now(UTC)"): "when a lot was drawn",
    ("journey_pipeline/cli/privacy.py", "datetime.now(UTC)"): "when somebody asked, and the last complete week",
    ("journey_pipeline/cli/release.py", "datetime.now(UTC)"): "the age of releases",
    ("journey_pipeline/cli/run.py", "datetime.now(UTC)"): "the last complete week, and seconds on the terminal",
    ("journey_pipeline/defs/jobs.py", "now = datetime.now(UTC)"): "the last complete week",
    ("journey_pipeline/defs/published.py", "datetime.now(UTC)"): "when it was published, and the age of releases",
    ("journey_pipeline/rebuilding.py", "published_at=datetime.now(UTC)"): "when it was published",
    ("journey_pipeline/privacy/erasing.py", "_request(person, datetime.now(UTC))"): "a plan, of which no time is told",
    ("journey_pipeline/run_lock.py", "since {datetime.now(UTC)"): "who holds the lock, and since when",
    # Names nobody keeps, and secrets.
    ("journey_pipeline/ingest/lake.py", "os.urandom(4)"): "the name of a scratch folder",
    ("journey_pipeline/rebuilding.py", "os.urandom(4)"): "the name of a scratch folder",
    ("journey_pipeline/pseudonyms.py", "secrets.token_hex"): "a key is made once and kept",
    ("journey_pipeline/ingest/suppression.py", "secrets.token_hex"): "a key is made once and kept",
    ("journey_pipeline/privacy/requests.py", "os.urandom(4)"): "the name of a request",
    ("journey_pipeline/ingest/isolation.py", "hash(text)"): "a name between a process and its child",
    ("journey_pipeline/clusters.py", "random.integers("): "a generator that was given its seed",
    # Files that are all removed, added up or sorted later.
    ("journey_pipeline/defs/jobs.py", 'inbox.rglob("*")'): "sorted in the next line but one",
    ("journey_pipeline/defs/warehouse.py", 'DBT_PROJECT.rglob("*")'): "only the newest is asked for",
    ("journey_pipeline/ingest/lake.py", "self.staging_path.iterdir()"): "all are removed",
    ("journey_pipeline/leftovers.py", ".glob("): "all are removed",
    ("journey_pipeline/preflight.py", 'folder.rglob("*")'): "sizes are added up",
    ("journey_pipeline/release/publishing.py", "root.glob("): "all are removed",
    ("journey_pipeline/release/retention.py", "root.glob("): "all are removed",
    ("journey_pipeline/settings.py", 'folder.rglob("*")'): "sorted before it is read",
}  # fmt: skip


def test_what_makes_reruns_differ_stands_nowhere_without_a_reason() -> None:
    found = [
        one
        for one in in_folder(PROJECT_ROOT, "dbt_project", "journey_pipeline")
        if not one.path.startswith("journey_pipeline/world/")
    ]
    used: Counter[tuple[str, str]] = Counter()
    banned = []
    for one in found:
        reasons = [place for place in ALLOWED if place[0] == one.path and place[1] in one.text]
        used.update(reasons)
        if not reasons:
            banned.append(f"{one.path}:{one.line}: {one.construct}: {one.text}")
    assert banned == []
    assert [place for place in ALLOWED if not used[place]] == [], "these reasons are for nothing any more"


PLANTED_SQL = {
    "select now()": "now()",
    "select current_date as day": "current_date",
    "select * from t using sample 10": "using sample",
    "select random() as r, a from t": "random()",
    "select gen_random_uuid() as id from t": "gen_random_uuid()",
    "select k, any_value(v) from t group by k": "any_value()",
    "select k, first(v) from t group by k": "first()",
    "select k, last(v order by v) from t group by k": "last()",
    "select string_agg(v, ',') from t": "string_agg()",
    "select list(distinct v) from t": "list()",
    "select array_agg(v) from t": "array_agg()",
    "select row_number() over (partition by k) from t": "row_number()",
    "select lag(v) over (partition by k) from t": "lag()",
    "select rank() over w from t window w as (partition by k)": "rank()",
    "select first_value(v) over () from t": "first_value()",
    "select max_by(v, at) from t": "max_by()",
    "select arg_min(v, at) filter (where v > 0) from t": "arg_min()",
    "select stddev_samp(v) from t": "stddev_samp()",
    "select corr(a, b) from t": "corr()",
    "select approx_quantile(v, 0.5) from t": "approx_quantile()",
    "{% if x %} select ANY_VALUE (v) from t {% endif %}": "any_value()",
}
HARMLESS_SQL = [
    "select string_agg(v, ',' order by v, id) from t",
    "select list_sort(list(distinct v)) from t",
    "select row_number() over (partition by k order by at, id) from t",
    "select sum(a) filter (where b) over (partition by k) from t",
    "select lag(v) over w from t window w as (partition by k order by at)",
    "select lag(v) over (w rows unbounded preceding) from t window w as (partition by k order by at)",
    "select max_by(v, (at, id)) from t",
    "-- now() is asked nowhere\nselect 1 from t",
    "select first_seen_at, last_name, is_random from t order by all",
    "{# any_value(v) #} select max(v) from t",
]
PLANTED_PYTHON = {
    "x = datetime.now()": "the clock",
    "x = dt.datetime.utcnow()": "the clock",
    "x = date.today()": "the clock",
    "x = time.time()": "the clock",
    "x = random.random()": "chance without a seed",
    "x = np.random.rand(3)": "chance without a seed",
    "x = np.random.default_rng()": "chance without a seed",
    "x = uuid.uuid4()": "another answer in every process",
    "x = hash('a')": "another answer in every process",
    "for x in os.listdir('.'): print(x)": "files in the order the disk has them",
    "x = [f for f in folder.glob('*')]": "files in the order the disk has them",
    "for x in {'a', 'b'}: print(x)": "a set is iterated",
    "x = ','.join(set(names))": "a set is iterated",
    "x = [n for n in set(a) | set(b)]": "a set is iterated",
    "q = f'select any_value({x}) from t group by {k}'": "any_value()",
    "q = 'select row_number() over () from t'": "row_number()",
}
HARMLESS_PYTHON = [
    "x = sorted(folder.glob('*'))",
    "x = max(f.stat().st_size for f in folder.rglob('*'))",
    "x = {f.name for f in folder.iterdir()}",
    "x = np.random.default_rng(seed)",
    "x = random.Random(3)",
    "x = sorted(n for n in set(a) - set(b))",
    "x = len(set(a))",
    "x = 'now() is a word'",
]


@pytest.mark.parametrize("text", PLANTED_SQL)
def test_every_banned_construct_is_found_in_sql(text: str) -> None:
    assert [one.construct.split(":")[0] for one in in_sql("t.sql", text)] == [PLANTED_SQL[text]]


@pytest.mark.parametrize("text", PLANTED_PYTHON)
def test_every_banned_construct_is_found_in_python(text: str) -> None:
    assert [one.construct.split(":")[0] for one in in_python("t.py", text)] == [PLANTED_PYTHON[text]]


def test_what_has_a_total_order_is_left_alone() -> None:
    assert [one for text in HARMLESS_SQL for one in in_sql("t.sql", text)] == []
    assert [one for text in HARMLESS_PYTHON for one in in_python("t.py", text)] == []


def test_a_finding_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "m.sql").write_text("select\n    k,\n    any_value(v) as v\nfrom t group by k\n")
    (found,) = in_folder(tmp_path, "models")
    assert (found.path, found.line, found.text) == ("models/m.sql", 3, "any_value(v) as v")

"""Rule credit against known answers, and the laws every rule keeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from .compiled_models import Bench, compile_inline, compile_models
from .credit_bench import (
    CHAIN,
    RULES,
    VECTORS,
    by_channel,
    credited,
    nothing_else,
    put_considerations,
    put_conversions,
    put_seed,
    put_touches,
    put_types,
)

NINE_PATHS = Path(__file__).parents[3] / "shared" / "fixtures" / "nine_paths"
MODELS = " ".join([*CHAIN, "path_ends", "path_cells"])
# The vectors' view weight, and the half-life of one hour that the nine paths were credited with.
OTHER_WEIGHTS = "{view_weight: 0.25, half_life_days: 0.041666666666666664}"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), MODELS)


@pytest.fixture(scope="module")
def reweighed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return compile_models(tmp_path_factory.mktemp("dbt"), MODELS, OTHER_WEIGHTS)


@pytest.fixture
def bench(models: dict[str, str]) -> Bench:
    built = Bench(models)
    nothing_else(built)
    return built


# --- known answers --------------------------------------------------------------------------------------------------


@pytest.fixture
def vector(bench: Bench) -> Bench:
    folder = VECTORS / "10_rule_attribution"
    conversions, touches = (pd.read_csv(folder / f"input_{name}.csv") for name in ("conversions", "touches"))
    put_conversions(bench, conversions.rename(columns={"conversion_ts": "occurred_at", "revenue": "value"}))
    put_touches(bench, touches.rename(columns={"touch_ts": "touched_at"}).drop(columns="is_lead_touch"))
    leads = touches[touches["is_lead_touch"]]
    put_considerations(bench, list(leads[["customer_id", "touch_ts"]].itertuples(index=False, name=None)))
    credited(bench)
    return bench


@pytest.mark.parametrize("model", ["first", "last", "last_non_direct", "linear", "position", "w_shape", "time_decay"])
def test_rule_credit_is_that_of_the_vector(vector: Bench, model: str) -> None:
    name = {"position": "position_u", "w_shape": "position_w"}.get(model, model)
    folder = VECTORS / "10_rule_attribution"
    expected = pd.read_csv(folder / "expected_channel.csv").query("model == @name")
    found = vector.ask(
        f"""
        select channel, sum(credit)::double, sum(value)::double from warehouse.journeys.credits
        where model = '{model}' and conversion_type = 'order' group by channel having sum(credit) > 0 order by channel
        """
    )
    assert found.iloc[:, 0].tolist() == expected["channel"].tolist()
    assert found.iloc[:, 1].tolist() == pytest.approx(expected["conversions"].tolist(), abs=1e-10)
    assert found.iloc[:, 2].tolist() == pytest.approx(expected["revenue"].tolist(), abs=1e-5)
    touches = vector.ask(
        f"""
        select conversion_id, strftime(touched_at, '%Y-%m-%dT%H:%M:%S'), channel, credit::double
        from warehouse.journeys.credits
        where model = '{model}' and conversion_type = 'order' and touchpoint_id is not null
        order by conversion_id, touched_at
        """
    )
    told = pd.read_csv(folder / "expected_touch_credit.csv").query("model == @name").drop(columns="model")
    told = told[told["channel"] != "unattributed"].sort_values(["conversion_id", "touch_ts"])
    assert touches.iloc[:, :3].values.tolist() == told.iloc[:, :3].values.tolist()
    assert touches.iloc[:, 3].tolist() == pytest.approx(told["credit"].tolist(), abs=1e-10)


def test_views_count_as_the_vector_has_it(reweighed: dict[str, str]) -> None:
    bench = Bench(reweighed)
    nothing_else(bench)
    folder = VECTORS / "14_view_click_roas"
    touches = pd.read_csv(folder / "input_touches.csv").rename(
        columns={"touch_ts": "touched_at", "interaction": "touch_type"}
    )
    put_conversions(
        bench,
        pd.DataFrame(
            [("v", "c", "2026-01-31T12:00:00", 100.0)],
            columns=["conversion_id", "customer_id", "occurred_at", "value"],
        ),
    )
    put_touches(bench, touches.assign(customer_id="c"))
    credited(bench)
    expected = pd.read_csv(folder / "expected_credit.csv")
    assert by_channel(bench, "linear_with_views") == pytest.approx(
        dict(zip(expected["channel"], expected["credit"], strict=True)), abs=1e-10
    )
    assert by_channel(bench, "linear") == {"email": 1.0}
    told = bench.ask(
        """
        select channel, touched_at::varchar, reason from warehouse.journeys.excluded_touches
        where conversion_type = 'order' union all
        select channel, touched_at::varchar, reason from warehouse.journeys.credits
        where conversion_type = 'order' and model = 'linear' and reason is not null order by all
        """
    )
    assert told.values.tolist() == [
        ["display", "2026-01-28 12:00:00", "outside the lookback"],
        ["display", "2026-01-31 00:00:00", "a view, and only clicks count"],
        ["video", "2026-01-30 12:00:00", "a view, and only clicks count"],
    ]


def one_path(bench: Bench, days_before: Sequence[float], channels: Sequence[str] | None = None) -> None:
    """One order of a customer whose touches came so many days before."""
    end = pd.Timestamp("2026-01-31 12:00")
    put_conversions(
        bench,
        pd.DataFrame({"conversion_id": ["v"], "customer_id": ["c"], "occurred_at": [end], "value": [90.0]}),
    )
    named = channels or [f"c{n}" for n in range(len(days_before))]
    put_touches(
        bench,
        pd.DataFrame({"touched_at": [end - pd.Timedelta(days=d) for d in days_before], "channel": named}).assign(
            customer_id="c"
        ),
    )
    credited(bench)


# As Mixpanel and Adobe document their models.
@pytest.mark.parametrize(
    ("model", "days", "expected"),
    [
        ("position", [5, 4, 3, 2, 1], [0.4, 0.2 / 3, 0.2 / 3, 0.2 / 3, 0.4]),
        ("position", [6, 5, 4, 3, 2, 1], [0.4, 0.05, 0.05, 0.05, 0.05, 0.4]),
        ("j_shape", [6, 5, 4, 3, 2, 1], [0.2, 0.05, 0.05, 0.05, 0.05, 0.6]),
        ("j_shape", [2, 1], [0.25, 0.75]),
        ("j_shape", [2], [1.0]),
        ("inverse_j", [6, 5, 4, 3, 2, 1], [0.6, 0.05, 0.05, 0.05, 0.05, 0.2]),
        ("inverse_j", [2, 1], [0.75, 0.25]),
        ("time_decay", [28, 21, 14, 7], [1 / 15, 2 / 15, 4 / 15, 8 / 15]),
        ("time_decay", [10, 3, 0], [0.175691, 0.351383, 0.472926]),
    ],
)
def test_shapes_are_those_the_field_knows(
    bench: Bench, model: str, days: list[float], expected: list[float]
) -> None:
    one_path(bench, days)
    assert list(by_channel(bench, model).values()) == pytest.approx(expected, abs=1e-6)


def test_time_decay_of_touches_long_ago_is_not_lost_to_rounding(reweighed: dict[str, str]) -> None:
    """At a half-life of an hour a touch of two weeks ago weighs 2^-336 against one at the conversion."""
    bench = Bench(reweighed)
    nothing_else(bench)
    one_path(bench, [14 + 1 / 24, 14])
    assert list(by_channel(bench, "time_decay").values()) == pytest.approx([1 / 3, 2 / 3], abs=1e-9)


def test_participation_says_of_each_channel_that_it_took_part(bench: Bench) -> None:
    one_path(bench, [4, 3, 2, 1], ["email", "search", "email", "email"])
    assert by_channel(bench, "participation") == {"email": 1.0, "search": 1.0}
    assert bench.ask("select distinct model from warehouse.journeys.credits where is_influence").values.tolist() == [
        ["participation"]
    ]


def test_a_rule_of_ones_own_is_a_line_of_the_seed(bench: Bench) -> None:
    rules = pd.DataFrame(
        [("half_half", "0.5", "0", "0.5"), ("u_again", "4", "2", "4")],
        columns=["model", "first_weight", "middle_weight", "last_weight"],
    )
    put_seed(bench, "custom_credit_rules", rules)
    one_path(bench, [3, 2, 1])
    assert by_channel(bench, "half_half") == {"c0": 0.5, "c2": 0.5}
    assert by_channel(bench, "u_again") == by_channel(bench, "position")


@pytest.mark.skipif(not NINE_PATHS.is_dir(), reason="../shared/fixtures/nine_paths is absent: not ours")
def test_credit_of_nine_paths_is_that_of_another_project(reweighed: dict[str, str]) -> None:
    bench = Bench(reweighed)
    nothing_else(bench)
    journeys = pd.read_csv(NINE_PATHS / "expected_9paths_by_journey.csv", dtype=str)
    end = pd.Timestamp("2026-01-31 12:00")
    put_conversions(
        bench,
        pd.DataFrame({"conversion_id": journeys.index.map("v{}".format), "customer_id": journeys.index.astype(str)})
        .assign(occurred_at=end, value=journeys["conversion_value"].astype(float)),
    )  # fmt: skip
    steps = [
        (str(row.Index), end - pd.Timedelta(hours=float(hours)), "direct" if channel == "A" else channel)
        for row in journeys.itertuples()
        for channel, hours in zip(row.channels_agg.split(" > "), row.time_till_conv_agg.split(" > "), strict=True)
    ]
    put_touches(bench, pd.DataFrame(steps, columns=["customer_id", "touched_at", "channel"]))
    credited(bench)
    columns = {
        "first": "attribution_first_click_heuristic",
        "last": "attribution_last_click_heuristic",
        "last_non_direct": "attribution_last_click_non_A_heuristic",
        "linear": "attribution_linear_heuristic",
        "position": "attribution_position_based_0.4_0.2_0.4_heuristic",
        "time_decay": "attribution_time_decay0.5_freq1_heuristic",
    }
    totals = pd.read_csv(NINE_PATHS / "expected_9paths_dp6_mam.csv").set_index("channels")
    for model, column in columns.items():
        found = bench.ask(
            f"""
            select customer_id::int as journey, channel, value::double as value from warehouse.journeys.credits
            where model = '{model}' and conversion_type = 'order' order by journey, touched_at
            """
        )
        told = [float(value) for row in journeys[column] for value in row.split(" > ")]
        assert found["value"].tolist() == pytest.approx(told, abs=1e-6), model
        sums = found.groupby("channel")["value"].sum().rename(index={"direct": "A"})
        assert sums.to_dict() == pytest.approx(totals[column].to_dict(), abs=1e-5), model


# --- laws -----------------------------------------------------------------------------------------------------------

MARKET = ["direct", "email", "paid_search", "display", "referral"]


def market(seed: int, customers: int = 60) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Conversions and touches of customers who come back, at instants that often coincide; some buy unseen."""
    draw = np.random.default_rng(seed)
    start = pd.Timestamp("2025-11-01")

    def instants(count: int) -> list[pd.Timestamp]:
        return [start + pd.Timedelta(hours=int(h)) for h in draw.integers(0, 24 * 80, count)]

    conversions = pd.DataFrame(
        {
            "conversion_id": [f"v{n:04}" for n in range(2 * customers)],
            "customer_id": [None if n % 11 == 0 else f"c{draw.integers(customers)}" for n in range(2 * customers)],
            "occurred_at": instants(2 * customers),
            "value": np.round(draw.uniform(0.01, 900, 2 * customers), 6),
            "conversion_type": draw.choice(["order", "lead", "opportunity_won"], 2 * customers, p=[0.6, 0.2, 0.2]),
        }
    )
    touches = pd.DataFrame(
        {
            "touchpoint_id": [f"t{n:05}" for n in range(8 * customers)],
            "customer_id": [f"c{draw.integers(customers)}" for _ in range(8 * customers)],
            "touched_at": instants(8 * customers),
            "channel": draw.choice(MARKET, 8 * customers),
            "campaign": draw.choice(["spring", "autumn", None], 8 * customers),
            "touch_type": draw.choice(["click", "view"], 8 * customers, p=[0.8, 0.2]),
        }
    )
    # Nobody who touches this channel ever converts.
    idle = pd.DataFrame({"touchpoint_id": [f"n{n}" for n in range(20)], "touched_at": instants(20)}).assign(
        customer_id="never", channel="null_player", campaign=None, touch_type="click"
    )
    return conversions, pd.concat([touches, idle], ignore_index=True)


def credit_market(bench: Bench, conversions: pd.DataFrame, touches: pd.DataFrame) -> pd.DataFrame:
    put_conversions(bench, conversions)
    put_touches(bench, touches)
    customers = sorted(set(touches["customer_id"]))
    put_considerations(bench, [(c, f"2025-12-{1 + n % 28:02}") for n, c in enumerate(customers)])
    rules = pd.DataFrame(
        [("own", "0.7", "0.3", "0")], columns=["model", "first_weight", "middle_weight", "last_weight"]
    )
    put_seed(bench, "custom_credit_rules", rules)
    return credited(bench)


@pytest.mark.parametrize("seed", range(3))
def test_every_conversion_is_credited_once_in_every_model(bench: Bench, seed: int) -> None:
    conversions, touches = market(seed)
    found = credit_market(bench, conversions, touches)
    attributed = bench.ask("select * from warehouse.journeys.attributed_conversions")
    shares = found[~found["is_influence"]].groupby(["conversion_id", "conversion_type", "model"])
    sums = shares[["credit", "value"]].agg(lambda parts: sum(parts.astype(float)))
    worth = attributed.set_index(["conversion_id", "conversion_type"])["value"].astype(float)
    assert len(sums) == len(attributed) * len(RULES)  # one of influence less, one of our own more
    assert (sums["credit"] - 1).abs().max() < 1e-9
    assert (sums["value"] - worth.reindex(sums.index.droplevel("model")).to_numpy()).abs().max() < 1e-9
    assert (found["credit"].astype(float) >= 0).all()
    assert set(attributed["conversion_type"]) == {"order", "first_order", "repeat_order", "lead", "opportunity_won"}
    exactly = bench.ask(
        """
        select count(*) from (select 1 from warehouse.journeys.credits where not is_influence
            group by conversion_id, conversion_type, model having sum(credit) <> 1)
        """
    )
    assert exactly.iloc[0, 0] == 0


def test_an_order_is_a_first_or_a_repeat_order_with_the_same_touches(bench: Bench) -> None:
    credit_market(bench, *market(7))
    apart = bench.ask(
        """
        with told as (
            select conversion_type = 'order' as is_whole, * exclude (conversion_type)
            from warehouse.journeys.credits
            where conversion_type in ('order', 'first_order', 'repeat_order') and customer_id is not null)
        select count(*) filter (where is_whole), count(*) filter (where not is_whole), (select count(*) from (
            (select * exclude (is_whole) from told where is_whole) except
            (select * exclude (is_whole) from told where not is_whole))) from told
        """
    ).values.tolist()[0]
    assert apart[0] == apart[1] > 0
    assert apart[2] == 0


def test_a_channel_of_lost_journeys_alone_earns_nothing(bench: Bench) -> None:
    found = credit_market(bench, *market(1))
    assert "null_player" not in set(found["channel"])
    assert set(MARKET) <= set(found["channel"])


def test_credit_depends_on_no_order_of_rows(bench: Bench) -> None:
    conversions, touches = market(2)
    found = credit_market(bench, conversions, touches)
    bench.ask("set threads = 1")
    again = credit_market(bench, conversions.sample(frac=1, random_state=1), touches.sample(frac=1, random_state=2))
    pd.testing.assert_frame_equal(found, again)


def test_every_journey_twice_is_credit_twice(bench: Bench) -> None:
    conversions, touches = market(3)
    found = credit_market(bench, conversions, touches)
    key = ["conversion_type", "model", "channel"]
    once = found.astype({"credit": float}).groupby(key)["credit"].sum()
    known = conversions["customer_id"].notna()
    copy = conversions.assign(
        conversion_id=conversions["conversion_id"] + "b",
        customer_id=(conversions["customer_id"] + "b").where(known, None),
    )
    twin = touches.assign(touchpoint_id=touches["touchpoint_id"] + "b", customer_id=touches["customer_id"] + "b")
    # The second of each comes under the same consideration as the first.
    put_conversions(bench, pd.concat([conversions, copy], ignore_index=True))
    put_touches(bench, pd.concat([touches, twin], ignore_index=True))
    customers = sorted(set(touches["customer_id"]))
    put_considerations(
        bench, [(c + s, f"2025-12-{1 + n % 28:02}") for n, c in enumerate(customers) for s in ("", "b")]
    )
    twice = credited(bench).astype({"credit": float}).groupby(key)["credit"].sum()
    assert twice.to_dict() == pytest.approx((2 * once).to_dict(), abs=1e-9)


def test_campaigns_sum_to_their_channel(bench: Bench) -> None:
    conversions, touches = market(4)
    key = ["week", "conversion_type", "model", "channel"]
    credit_market(bench, conversions, touches)
    by_campaign = bench.ask("select * from warehouse.journeys.credit_cells").astype({"credit": float})
    credit_market(bench, conversions, touches.assign(campaign=None))
    whole = bench.ask("select * from warehouse.journeys.credit_cells").astype({"credit": float})
    assert len(by_campaign) > len(whole)
    assert by_campaign.groupby(key)["credit"].sum().to_dict() == pytest.approx(
        whole.groupby(key)["credit"].sum().to_dict(), abs=1e-9
    )


def test_swapping_two_channels_swaps_their_credit(bench: Bench) -> None:
    conversions, touches = market(5)
    credit_market(bench, conversions, touches)
    before = {model: by_channel(bench, model) for model in RULES}
    credit_market(
        bench, conversions, touches.replace({"channel": {"email": "display", "display": "email"}})
    )
    for model in RULES:
        after = by_channel(bench, model)
        after["email"], after["display"] = after["display"], after["email"]
        assert after == pytest.approx(before[model], abs=1e-9)


# --- paths ----------------------------------------------------------------------------------------------------------


def test_paths_end_at_the_conversion_or_on_the_thirtieth_silent_day(vector: Bench) -> None:
    put_types(vector)
    credited(vector)
    vector.run("path_ends")
    cells = vector.run("path_cells")
    paths = {row.path: (row.conversions, row.nulls) for row in cells.itertuples()}
    # c5's touch of 17 December lies outside its conversion's lookback: silence, and a null path of its own.
    assert paths["social"] == (0, 1)
    assert paths["display > email > direct"] == (1, 0)
    assert paths["direct"] == (1, 0)  # direct, direct: a repeat is one step
    assert cells["conversions"].sum() == 5
    assert cells["bucket"].between(0, 19).all()


def test_a_young_path_is_in_neither_count(vector: Bench) -> None:
    vector.clock("2026-01-10")  # 24 days after the touch: not yet known to be lost
    vector.run("path_ends")
    assert vector.ask("select count(*) from warehouse.journeys.path_ends where customer_id = 'c5'").iloc[0, 0] == 0


def test_paths_and_the_linear_rule_count_the_same_conversions(bench: Bench) -> None:
    credit_market(bench, *market(6))
    bench.run("path_ends")
    cells = bench.run("path_cells")
    walked = cells.astype({"value": float}).groupby(["conversion_type"])[["conversions", "value"]].sum()
    linear = bench.ask(
        """
        select conversion_type, sum(credit)::double as conversions, sum(value)::double as value
        from warehouse.journeys.credits where model = 'linear' and channel <> 'unattributed' group by all
        """
    ).set_index("conversion_type")
    pd.testing.assert_frame_equal(walked.astype(float), linear.sort_index(), rtol=1e-9)
    assert cells.groupby("conversion_type")["nulls"].sum().gt(0).all()
    assert cells["bucket"].nunique() > 10


def test_a_lost_path_of_a_buyer_is_no_lost_first_order(bench: Bench) -> None:
    put_conversions(
        bench,
        pd.DataFrame(
            {"conversion_id": ["v", "w", "x"], "customer_id": ["buyer", "fan", "fan"], "value": 1.0}
        ).assign(occurred_at=["2025-10-01", "2025-10-01", "2025-10-02"]),
    )
    put_touches(
        bench,
        pd.DataFrame({"customer_id": ["buyer", "looker"], "touched_at": "2025-12-01", "channel": ["email", "display"]}),
    )
    credited(bench)
    ends = bench.run("path_ends")
    lost = set(ends[["conversion_type", "customer_id"]].itertuples(index=False, name=None))
    assert lost == {("order", "buyer"), ("order", "looker"), ("first_order", "looker"), ("repeat_order", "buyer")}


TRANSFORMED = """
{% for transforms in [['exposure'], ['first'], ['unique'], ['frequency'], ['remove_if_last_and_not_all'],
    ['remove_if_not_all'], ['remove_if_last_and_not_all', 'exposure', 'frequency'], []] %}
select '{{ transforms | join(',') }}' as transforms, path_id, {{ ordered_text('channel', ',', 'position') }} as path
from (
    with given as (select * from warehouse.raw.steps),
    {{ transformed_paths('given', transforms) }}
    select * from transformed
) as steps
group by path_id
{{ 'union all' if not loop.last }}
{% endfor %}
"""


# As Snowplow's attribution package and Google's document them; A stands for the channel that is dropped.
@pytest.mark.parametrize(
    ("transforms", "path", "expected"),
    [
        ("exposure", "D,A,B,B,C,D,C,C", "D,A,B,C,D,C"),
        ("first", "D,A,B,B,C,D,C,C", "D,A,B,C"),
        ("unique", "D,A,B,B,C,D,C,C", "D,A,B,B,C,D,C,C"),
        ("frequency", "D,A,B,B,C,D,C,C", "D(2),A(1),B(2),C(3)"),
        ("remove_if_last_and_not_all", "A,B,A,A", "A,B"),
        ("remove_if_last_and_not_all", "A,A", "A,A"),
        ("remove_if_not_all", "A,B,A,A", "B"),
        ("remove_if_not_all", "A,A", "A,A"),
        ("remove_if_last_and_not_all,exposure,frequency", "B,B,A,B,A,A", "B(2),A(1)"),
        ("", "A,B,B", "A,B,B"),
    ],
)
def test_a_path_is_transformed_as_its_name_says(
    transformed: dict[tuple[str, str], str], transforms: str, path: str, expected: str
) -> None:
    assert transformed[transforms, path] == expected


@pytest.fixture(scope="module")
def transformed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], str]:
    bench = Bench({})
    paths = ["D,A,B,B,C,D,C,C", "A,B,A,A", "A,A", "B,B,A,B,A,A", "A,B,B"]
    steps = [
        (path, place, "direct" if channel == "A" else channel)
        for path in paths
        for place, channel in enumerate(path.split(","), 1)
    ]
    bench.put("raw.steps", pd.DataFrame(steps, columns=["path_id", "position", "channel"]))
    found = bench.ask(compile_inline(tmp_path_factory.mktemp("dbt"), TRANSFORMED))
    return {(row.transforms, row.path_id): row.path.replace("direct", "A") for row in found.itertuples()}

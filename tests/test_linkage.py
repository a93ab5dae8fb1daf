"""The quality of a clustering against the truth."""

from __future__ import annotations

import csv
from collections import defaultdict
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from journey_pipeline import linkage

VECTORS = Path(__file__).parent / "vectors" / "21_linkage_quality"
MEASURES = {"pairwise": linkage.pairwise, "b_cubed": linkage.b_cubed}
CLUSTERINGS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=30)


def rows(name: str) -> list[dict[str, str]]:
    with (VECTORS / name).open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("expected", rows("expected.csv"), ids=lambda row: row["metric"])
def test_the_published_vector(expected: dict[str, str]) -> None:
    records = rows("input.csv")
    found = MEASURES[expected["metric"]](
        [record["true_entity"] for record in records], [record["predicted_cluster"] for record in records]
    )
    for measure in ("precision", "recall", "f1"):
        assert round(getattr(found, measure), 12) == float(expected[measure])


@given(CLUSTERINGS)
def test_counting_by_sizes_is_counting_pairs(labels: list[tuple[int, int]]) -> None:
    pairs = list(combinations(labels, 2))
    right = sum(one == other for one, other in pairs)
    claimed = sum(one[1] == other[1] for one, other in pairs)
    wanted = sum(one[0] == other[0] for one, other in pairs)
    found = linkage.pairwise(*unzipped(labels))
    assert found.precision == (right / claimed if claimed else None)
    assert found.recall == (right / wanted if wanted else None)
    assert found.f1 == (2 * right / (claimed + wanted) if claimed + wanted else None)


@given(CLUSTERINGS.filter(bool))
def test_b_cubed_is_the_mean_over_records(labels: list[tuple[int, int]]) -> None:
    entities, clusters = defaultdict(set), defaultdict(set)
    for record, (entity, cluster) in enumerate(labels):
        entities[entity].add(record)
        clusters[cluster].add(record)
    precision = np.mean([len(entities[e] & clusters[c]) / len(clusters[c]) for e, c in labels])
    recall = np.mean([len(entities[e] & clusters[c]) / len(entities[e]) for e, c in labels])
    found = linkage.b_cubed(*unzipped(labels))
    assert found.precision == pytest.approx(precision, abs=1e-12)
    assert found.recall == pytest.approx(recall, abs=1e-12)


@given(CLUSTERINGS.filter(bool))
def test_the_truth_itself_is_without_fault(labels: list[tuple[int, int]]) -> None:
    true, _ = unzipped(labels)
    assert linkage.b_cubed(true, [f"cus_{entity}" for entity in true]) == linkage.Quality(1, 1, 1)


def test_what_cannot_be_divided_is_not_a_number() -> None:
    assert linkage.pairwise(["a", "b"], [1, 2]) == linkage.Quality(None, None, None)
    assert linkage.pairwise(["a", "a"], [1, 2]) == linkage.Quality(None, 0, 0)
    assert linkage.b_cubed([], []) == linkage.Quality(None, None, None)


def test_a_million_records_in_one_cluster_need_no_pairs() -> None:
    records = 1_000_000
    found = linkage.pairwise(np.arange(records) // 2, np.zeros(records, np.int64))
    assert found.recall == 1
    assert found.precision == (records // 2) / (records * (records - 1) // 2)


def test_labels_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="one entity and one cluster per record"):
        linkage.pairwise([1, 2], [1])


def unzipped(labels: list[tuple[int, int]]) -> tuple[list[int], list[int]]:
    return [entity for entity, _ in labels], [cluster for _, cluster in labels]

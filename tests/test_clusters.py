"""Clusters: the silhouette is scikit-learn's, groups that are there are found, others are not released."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, silhouette_score

from journey_pipeline import clusters

WIDTH = len(clusters.FEATURES)


def groups(sizes: list[int], seed: int = 1) -> tuple[clusters.Points, clusters.Labels]:
    """Customers around well separated centres, on the scale of logarithms, and who belongs to which."""
    random = np.random.default_rng(seed)
    # Every feature is high in some groups and low in others.
    centres = np.array([[6.0 * (group >> feature % 2 & 1) for feature in range(WIDTH)] for group in range(len(sizes))])
    labels = np.repeat(np.arange(len(sizes)), sizes)
    return np.expm1(centres[labels] + random.uniform(0, 0.8, (len(labels), WIDTH))), labels


def test_the_silhouette_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(5)
    points = random.normal(size=(700, WIDTH))
    labelings = [random.integers(0, k, 700) for k in (2, 5)] + [np.r_[[0], np.ones(699, dtype=np.int64)]]
    found = clusters.silhouettes(points, labelings, batch=128)
    assert found == pytest.approx([silhouette_score(points, labels) for labels in labelings], abs=1e-5)


def test_groups_that_are_there_are_found_and_stable() -> None:
    features, truth = groups([300, 200, 250])
    found = clusters.fit(features)
    chosen = found.quality[found.quality["is_chosen"]].iloc[0]
    assert (chosen["k"], chosen["is_accepted"], chosen["reason"]) == (3, True, None)
    assert chosen["lowest_stability"] > 0.99
    assert adjusted_rand_score(truth, found.label(features)) == 1
    assert set(found.label(features)) == {1, 2, 3}


def test_a_cloud_without_groups_is_not_released() -> None:
    features = np.expm1(np.random.default_rng(2).uniform(1, 3, (900, WIDTH)))
    found = clusters.fit(features)
    chosen = found.quality[found.quality["is_chosen"]].iloc[0]
    assert not chosen["is_accepted"] and chosen["lowest_stability"] < clusters.STABLE
    assert "Jaccard" in chosen["reason"]
    assert set(found.label(features)) == {0} and found.profile().empty


def test_too_few_customers_make_no_clusters() -> None:
    found = clusters.fit(groups([50, 50])[0])
    assert not found.is_accepted and found.quality["reason"].tolist() == [
        "fewer than 200 customers with anything to compare"
    ]
    assert set(found.label(groups([5, 5])[0])) == {0}


def test_names_follow_the_centres_from_week_to_week() -> None:
    """The second week has the same groups in other sizes, one of them new; the old ones keep their names."""
    before = clusters.fit(groups([300, 200, 250])[0])
    features, truth = groups([120, 320, 260, 200], seed=9)
    after = clusters.fit(features, before)
    old = before.label(groups([1, 1, 1])[0])
    names = [set(after.label(features[truth == group])) for group in range(4)]
    assert names == [*({int(name)} for name in old), {4}]


def test_the_same_sample_gives_the_same_clusters() -> None:
    features, _ = groups([300, 200, 250])
    first, second = clusters.fit(features), clusters.fit(features)
    np.testing.assert_array_equal(first.centres, second.centres)
    np.testing.assert_array_equal(first.label(features), second.label(features))


def test_a_profile_is_told_in_the_features_own_units() -> None:
    features, truth = groups([300, 300])
    found = clusters.fit(features)
    table = found.profile().pivot(index="cluster_number", columns="feature", values="centre")
    for group in range(2):
        number = int(found.label(features[truth == group])[0])
        expected = np.expm1(np.log1p(features[truth == group]).mean(axis=0))
        assert table.loc[number, list(clusters.FEATURES)].to_numpy() == pytest.approx(expected, rel=1e-6)

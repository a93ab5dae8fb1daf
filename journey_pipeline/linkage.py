"""How good a clustering of records is against the truth: pairwise and B-cubed precision, recall and F1.

Holds measures that need labelled records. Add a measure here when it compares two partitions of the same records.
Must not be here: how the clusters came about (`identity`, `matching`), SQL, names of people.

Both follow from the sizes of the groups alone, so no pair of records is ever formed. B-cubed is the headline: one large
wrong cluster has many pairs and decides the pairwise numbers by itself. Sources: Bagga and Baldwin 1998 (B-cubed);
Menestrina, Whang and Garcia-Molina 2010 (both, compared).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Quality:
    """Shares from 0 to 1; None where there is nothing to divide by (no pair was predicted, no pair is true)."""

    precision: float | None
    recall: float | None
    f1: float | None


def pairwise(true: ArrayLike, predicted: ArrayLike) -> Quality:
    """Judge the pairs of records that a clustering puts together.

    Args:
        true: per record, the entity it really belongs to; any type that sorts.
        predicted: per record, in the same order, the cluster it was put into.

    Raises:
        ValueError: the two are not of one length.
    """
    in_both, in_true, in_predicted = _sizes(true, predicted)
    right, wanted, claimed = (int((n * (n - 1) // 2).sum()) for n in (in_both[0], in_true, in_predicted))
    return Quality(_share(right, claimed), _share(right, wanted), _share(2 * right, claimed + wanted))


def b_cubed(true: ArrayLike, predicted: ArrayLike) -> Quality:
    """Judge each record by its cluster: the mean share of it that belongs to the record's entity, and the reverse.

    Arguments and errors are those of `pairwise`.
    """
    (in_both, entity, cluster), in_true, in_predicted = _sizes(true, predicted)
    records = int(in_both.sum())
    if not records:
        return Quality(None, None, None)
    squared = in_both.astype(float) ** 2
    precision = float((squared / in_predicted[cluster]).sum()) / records
    recall = float((squared / in_true[entity]).sum()) / records
    return Quality(precision, recall, 2 * precision * recall / (precision + recall))


def _sizes(
    true: ArrayLike, predicted: ArrayLike
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], NDArray[np.int64], NDArray[np.int64]]:
    """Size, entity and cluster of each overlap; sizes of the entities; sizes of the clusters."""
    true, predicted = np.asarray(true), np.asarray(predicted)
    if true.shape != predicted.shape or true.ndim != 1:
        raise ValueError(
            f"expected one entity and one cluster per record, found shapes {true.shape} and {predicted.shape}; "
            "pass two flat arrays in the same order of records"
        )
    entity, in_true = _numbered(true)
    cluster, in_predicted = _numbered(predicted)
    overlap, in_both = np.unique(entity * max(len(in_predicted), 1) + cluster, return_counts=True)
    of_entity, of_cluster = np.divmod(overlap, max(len(in_predicted), 1))
    return (in_both.astype(np.int64), of_entity, of_cluster), in_true, in_predicted


def _numbered(labels: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    _, number, size = np.unique(labels, return_inverse=True, return_counts=True)
    return number.astype(np.int64), size.astype(np.int64)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None

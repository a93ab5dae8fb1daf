"""How sure credit is: the delete-a-group jackknife over buckets of customers.

Holds: the standard error of summed credit (100 buckets, from two sums) and of refitted credit (20 buckets, from the
replicates), the interval both give, and when the data cannot tell.
Add here: another statistic of the same replicates.
Must not be here: a model, the released table. A sampling interval holds no causal bias.
Sources: Tukey 1958; Chamandy et al. 2012 for hashing customers to buckets; Kish 1965 for the effective number.
"""

import numpy as np

from journey_pipeline.conversion import Z95, Bools, Floats, Numbers, ratio

BUCKETS = 100
# Measured on Poisson counts with a mean of 1 to 50: from three groups on the 95 % interval holds the mean in 91 to 99
# of 100 samples, below that in as few as 84.
MIN_GROUPS = 3


def summed_error(total: Numbers, sum_of_squares: Numbers, buckets: int = BUCKETS) -> Floats:
    """Standard error of a total of customer-level credit.

    Customers are hashed into G buckets with sums T_g; T is their sum and S = sum of T_g^2 (empty buckets
    count as 0, so S needs only the buckets that occur). The replicate without bucket g, scaled back to the
    whole, is t_g = (T - T_g) G / (G - 1). Their mean is T and t_g - T = (T - G T_g) / (G - 1), hence
        se^2 = (G - 1)/G * sum (t_g - T)^2
             = (G - 1)/G * (G^2 S - G T^2) / (G - 1)^2
             = G/(G - 1) * (S - T^2 / G).
    One group-by with T and S is all the jackknife needs. It holds sampling error only, not causal bias.
    """
    t, squares = np.asarray(total, float), np.asarray(sum_of_squares, float)
    return np.asarray(np.sqrt(buckets / (buckets - 1) * np.clip(squares - t**2 / buckets, 0, None)), float)


def replicated_error(replicates: Floats, of_total: bool = True) -> Floats:
    """Standard error of a statistic that was made anew without each bucket in turn (along the last axis).

    `of_total`: it is a total and grows with the customers, so each replicate is scaled by G / (G - 1).
    NaN when there are fewer than two replicates.
    """
    groups = replicates.shape[-1]
    if groups < 2:
        return np.full(replicates.shape[:-1], np.nan)
    scaled = replicates * (groups / (groups - 1)) if of_total else replicates
    spread = scaled - scaled.mean(axis=-1, keepdims=True)
    return np.asarray(np.sqrt((groups - 1) / groups * (spread**2).sum(axis=-1)), float)


def interval(total: Numbers, error: Numbers, z: float = Z95) -> tuple[Floats, Floats]:
    """Both ends of total +- z errors; what is not negative has no negative end. NaN where the error is."""
    t, half = np.asarray(total, float), z * np.asarray(error, float)
    return np.where(t >= 0, np.clip(t - half, 0, None), t - half), t + half


def jackknife_interval(
    total: Numbers, sum_of_squares: Numbers, buckets: int = BUCKETS, z: float = Z95
) -> tuple[Floats, Floats]:
    """Interval of a total of customer-level credit, see `summed_error`."""
    return interval(total, summed_error(total, sum_of_squares, buckets), z)


def effective_groups(total: Numbers, sum_of_squares: Numbers) -> Floats:
    """Number of equally large groups that would vary as these do: (sum)^2 / sum of squares; 0 without any."""
    return np.nan_to_num(ratio(np.asarray(total, float) ** 2, sum_of_squares))


def can_tell(groups: Numbers) -> Bools:
    """Whether enough groups of customers stand behind a number for an interval to mean anything."""
    # Squares arrive rounded: three equal groups must be three.
    return np.asarray(np.asarray(groups, float) >= MIN_GROUPS - 1e-3, np.bool_)

"""How many times likelier a macro-conversion is with a micro-conversion than without.

Belongs here: ratios of risks among those observed. Does not belong here: ratios of randomised effects
(`randomised.py`), and what follows from either (`values.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from orchestration.statistics import differences

Z = stats.norm.ppf(1 - differences.ALPHA / 2)
# Below these a ratio of risks says nothing.
LEAST_SUBSCRIBERS, LEAST_EVENTS = 30, 10


@dataclass(frozen=True)
class Ratio:
    """A ratio with its 95 % interval; NaN where it cannot be told."""

    value: float = np.nan
    lo: float = np.nan
    hi: float = np.nan


def stratified_ratio(strata: pd.DataFrame) -> Ratio:
    """Ratio of risks with and without the exposure, by Mantel and Haenszel over strata; interval by Greenland and
    Robins (1985). Strata that hold one side only compare nothing and drop out. NaN with too little data."""
    sums = strata.groupby("stratum")[["n_with", "x_with", "n_without", "x_without"]].sum().astype(float)
    sums = sums[(sums["n_with"] > 0) & (sums["n_without"] > 0)]
    n, x, n_0, x_0 = (sums[name].to_numpy() for name in sums.columns)
    if min(n.sum(), n_0.sum()) < LEAST_SUBSCRIBERS or x.sum() + x_0.sum() < LEAST_EVENTS:
        return Ratio()
    total = n + n_0
    exposed, unexposed = (x * n_0 / total).sum(), (x_0 * n / total).sum()
    if not (exposed > 0 and unexposed > 0):
        return Ratio()
    spread = ((n * n_0 * (x + x_0) - x * x_0 * total) / total**2).sum() / (exposed * unexposed)
    half = Z * np.sqrt(spread)
    log = np.log(exposed / unexposed)
    return Ratio(*np.exp([log, log - half, log + half]))


def e_value(ratio: Ratio) -> float:
    """How strongly something unmeasured would have to go with both, as a ratio of risks, to explain the lower bound
    away (VanderWeele and Ding 2017); 1 where the interval holds 1 already."""
    if not ratio.lo > 1:
        return np.nan if np.isnan(ratio.value) else 1.0
    return ratio.lo + np.sqrt(ratio.lo * (ratio.lo - 1))

"""How to share out the next spend among what has been tried.

Belongs here: turning uncertain returns into shares. Does not belong here: what came back (int_campaign_returns).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

# Draws of the returns; a fixed seed, so that the same evidence gives the same shares.
_DRAWS, _SEED = 10_000, 0
# So many are held in memory at once: campaigns may be thousands.
_AT_ONCE = 500
# Campaigns without a spread of their own (no or one order) are as uncertain as this many times the others' median.
_UNKNOWN = 2.0
LEAST_CAMPAIGNS = 2


def shares(returns: pd.DataFrame) -> pd.DataFrame:
    """Each campaign's share of the next spend: the probability that its return is the best (Thompson 1933).

    `returns` has `campaign_key`, `spend`, `basis_revenue` and `basis_standard_error`. Returns per unit of spend are
    drawn towards their common mean by how much of their spread is noise (empirical Bayes). `regret_suggested` and
    `regret_equal` are what a unit of spend is expected to miss of the best campaign's return when it is shared out so,
    or equally. Shares are NaN with a single campaign, or where nothing tells campaigns apart.
    """
    rows = returns.sort_values("campaign_key").reset_index(drop=True)
    spend = rows["spend"].to_numpy(dtype=float)
    value = rows["basis_revenue"].to_numpy(dtype=float) / spend
    error = rows["basis_standard_error"].to_numpy(dtype=float) / spend
    nothing = rows[["campaign_key"]].assign(suggested_share=np.nan, regret_suggested=np.nan, regret_equal=np.nan)
    if len(rows) < LEAST_CAMPAIGNS or not (error > 0).any():
        return nothing
    error = np.where(error > 0, error, _UNKNOWN * np.median(error[error > 0]))
    mean, spread = drawn_together(value, error)
    generator = np.random.default_rng(_SEED)
    wins, best, drawn = np.zeros(len(rows)), 0.0, np.zeros(len(rows))
    for _ in range(_DRAWS // _AT_ONCE):
        draws = generator.normal(mean, spread, size=(_AT_ONCE, len(rows)))
        wins += np.bincount(draws.argmax(axis=1), minlength=len(rows))
        best += draws.max(axis=1).sum() / _DRAWS
        drawn += draws.sum(axis=0) / _DRAWS
    share = wins / _DRAWS
    return rows[["campaign_key"]].assign(
        suggested_share=share,
        regret_suggested=best - (share * drawn).sum(),
        regret_equal=best - drawn.mean(),
    )


def drawn_together(value: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Posterior mean and deviation of values that vary about a common mean (DerSimonian and Laird 1986)."""
    weight = error**-2.0
    common = (weight * value).sum() / weight.sum()
    heterogeneity = (weight * (value - common) ** 2).sum()
    freedom = weight.sum() - (weight**2).sum() / weight.sum()
    # Where one value is known so much better than all others that it has all the weight, the others tell nothing.
    between = max(0.0, (heterogeneity - (len(value) - 1)) / freedom) if freedom > 0 else 0.0
    precision = 1 / (error**2 + between)
    common = (precision * value).sum() / precision.sum()
    kept = between / (between + error**2)
    return common + kept * (value - common), np.sqrt(kept * error**2 + (1 - kept) ** 2 / precision.sum())

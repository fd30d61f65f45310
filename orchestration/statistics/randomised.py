"""What an extra micro-conversion brings in, by randomised experiments that moved it.

Belongs here: ratios of two randomised effects, which arms may be used for one, several arms as one. Does not belong
here: what was merely observed (`ratios.py`), and what follows (`values.py`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_effectsize

from orchestration.statistics import differences, experiments
from orchestration.statistics.ratios import Ratio, Z

# First-stage F below which a ratio of effects is not to be trusted (Staiger and Stock 1997).
LEAST_FIRST_STAGE = 10.0
# Two micro-conversions are steps of one path where so many of those with the rarer one have the other too (ours).
NESTED_SHARE = 0.8
# One-sided level at which macro-conversions are said to have come another way (ours).
ANOTHER_WAY_ALPHA = 0.05
_ARM = ["experiment", "variant"]
_PAIR = ["micro_conversion", "macro_conversion"]
COLUMNS = [
    *_ARM, *_PAIR, "ratio", "standard_error", "first_stage", "is_moved", "is_usable", "effect", "macro_effect", "error",
    "macro_error", "chance_error", "angle", "attributed", "attributed_error", "covariance", "weight", "control_share",
]  # fmt: skip


def effect_ratios(metrics: pd.DataFrame, overlaps: pd.DataFrame) -> pd.DataFrame:
    """Randomised effect on the macro- by that on the micro-conversion, per experiment, arm and pair (Wald).

    `metrics` and `overlaps` as `values.values` has them. The standard error is the delta method's, with the covariance
    that subscribers who did both bring in. `is_moved` where both arms hold enough subscribers and macro-conversions and
    the arm moved the micro-conversion clearly enough. `is_usable` where besides nothing shows that the arm works
    another way: it moved no other micro-conversion that is not a step of the same path, and macro-conversions did not
    rise among those without the micro-conversion (the testable side of an instrument's exclusion: Kitagawa 2015, in
    the shares of those without it, so that it has power where the micro-conversion does nothing).

    `ratio` is NaN where the micro-conversion did not move at all. `error`, `macro_error` and `covariance` are of the
    sampling of the two effects, `chance_error` of the macro-effect's were there none; `angle` is the macro-effect as a
    difference of angles (Cohen's h), and `attributed`, with `attributed_error`, that on what those with the
    micro-conversion add to the rate of those without; `weight` is what both arms' sizes make of a difference's
    precision, and `control_share` the part of its error that the control brings in, as a correlation.
    """
    arms = _effects(metrics)
    is_macro = arms["is_macro"].astype(bool)
    moved = arms[~is_macro & (arms["first_stage"] >= LEAST_FIRST_STAGE)]
    pairs = arms[~is_macro].merge(arms[is_macro], on=_ARM, suffixes=("", "_macro"))
    if pairs.empty:
        return pd.DataFrame(columns=COLUMNS).astype({"is_moved": bool, "is_usable": bool})
    n, n_0, x, x_0, y, y_0, effect, macro_effect, error, macro_error = (
        pairs[name].to_numpy(dtype=float)
        for name in ("n", "n_control", "successes", "successes_control", "successes_macro", "successes_control_macro",
                     "effect", "effect_macro", "error", "error_macro")
    )  # fmt: skip
    with_both, with_both_0 = (_both(pairs, overlaps, name) for name in ("variant", "control"))
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = (with_both / n - x / n * y / n) / n + (with_both_0 / n_0 - x_0 / n_0 * y_0 / n_0) / n_0
        ratio = np.where(effect != 0, macro_effect / effect, np.nan)
        variance = macro_error**2 + ratio**2 * error**2 - 2 * ratio * covariance
        standard_error = np.sqrt(np.maximum(variance, 0)) / np.abs(effect)
        pooled_rate = (y + y_0) / (n + n_0)
        chance_error = np.sqrt(pooled_rate * (1 - pooled_rate) * (1 / n + 1 / n_0))
        angle = proportion_effectsize(y / n, y_0 / n_0)
        added, added_variance = _attributed(x, y, with_both, n)
        added_0, added_variance_0 = _attributed(x_0, y_0, with_both_0, n_0)
        elsewhere = differences.rate_difference(y - with_both, n - x, y_0 - with_both_0, n_0 - x_0).statistic
        events = experiments.events_to_expect(y, n, y_0, n_0)
    # Where nobody is without the micro-conversion, nothing shows that it came by it.
    attributed_error = np.sqrt(added_variance + added_variance_0)
    came_another_way = np.nan_to_num(np.sign(effect) * elsewhere) > stats.norm.ppf(1 - ANOTHER_WAY_ALPHA)
    came_another_way |= ~(attributed_error > 0)
    is_moved = (
        (np.minimum(n, n_0) >= experiments.LEAST_SUBSCRIBERS)
        & (events >= experiments.LEAST_EVENTS)
        & (pairs["first_stage"].to_numpy() >= LEAST_FIRST_STAGE)
        & (standard_error > 0)
    )
    found = pairs.rename(columns={"conversion": _PAIR[0], "conversion_macro": _PAIR[1]}).assign(
        ratio=ratio,
        standard_error=standard_error,
        is_moved=is_moved,
        is_usable=is_moved & ~came_another_way & ~_has_rival(pairs, moved, overlaps),
        macro_effect=macro_effect,
        macro_error=macro_error,
        chance_error=chance_error,
        angle=angle,
        attributed=added - added_0,
        attributed_error=attributed_error,
        covariance=covariance,
        weight=n * n_0 / (n + n_0),
        control_share=np.sqrt(n / (n + n_0)),
    )
    return found.sort_values([*_ARM, *_PAIR])[COLUMNS].reset_index(drop=True)


def pooled(arms: pd.DataFrame) -> Ratio:
    """Ratios of several arms as one, each weighted by its precision; arms share the noise of a common control."""
    if arms.empty:
        return Ratio()
    ratio, error, effect = (arms[name].to_numpy(dtype=float) for name in ("ratio", "standard_error", "effect"))
    weight = error**-2
    value = (weight * ratio).sum() / weight.sum()
    half = Z * np.sqrt(_variance_of_sum(arms, weight * error * np.sign(effect))) / weight.sum()
    return Ratio(value, value - half, value + half)


def p_value_of_nothing(arms: pd.DataFrame) -> float:
    """How likely macro-effects that go with the micro-effects so far would be, were there none at all (one-sided).

    The least favourable of three tests. Rare events are skewed: the score test believes too readily in a small arm with
    many, that of angles in a small control with few. And an arm may raise everybody's chance: the third is of what
    those with the micro-conversion add to it, which stays as it was then. NaN without an arm.
    """
    if arms.empty:
        return np.nan
    effect, error, attributed_error, weight = (
        arms[name].to_numpy(dtype=float) for name in ("effect", "chance_error", "attributed_error", "weight")
    )
    tests = []
    for macro, deviation in (("macro_effect", error), ("angle", weight**-0.5), ("attributed", attributed_error)):
        dose = effect / deviation**2
        sum_of_effects = (dose * arms[macro].to_numpy(dtype=float)).sum()
        tests.append(sum_of_effects / np.sqrt(_variance_of_sum(arms, dose * deviation)))
    return float(stats.norm.sf(np.min(tests)))


def _variance_of_sum(arms: pd.DataFrame, deviations: NDArray) -> float:
    """Variance of a sum of terms, a term per arm, of these signed deviations: terms of one experiment are correlated by
    their common control (Dunnett 1955)."""
    share = arms["control_share"].to_numpy(dtype=float)
    common = pd.Series(deviations * share).groupby(arms["experiment"].to_numpy()).sum()
    return float((deviations**2 * (1 - share**2)).sum() + (common**2).sum())


def _attributed(x: NDArray, y: NDArray, both: NDArray, n: NDArray) -> tuple[NDArray, NDArray]:
    """An arm's macro-conversions per subscriber beyond those at the rate of subscribers without the micro-conversion,
    and its variance by the delta method (over the four kinds of subscriber)."""
    without, y_without = (n - x) / n, y - both
    rate, rate_without = y / n, y_without / (n - x)
    kinds = (
        (both / n, 1 - rate),
        ((x - both) / n, -rate),
        (y_without / n, 1 - rate - (1 - rate_without) / without),
        ((n - x - y_without) / n, -rate + rate_without / without),
    )
    return rate - rate_without, sum(share * deviation**2 for share, deviation in kinds) / n


def _effects(metrics: pd.DataFrame) -> pd.DataFrame:
    """Each arm and conversion beside the control: effect, its error, and the F of its move."""
    is_control = metrics["is_control"].fillna(False).astype(bool)
    controls = metrics[is_control].rename(columns={"variant": "control"})
    keys = ["experiment", "conversion"]
    arms = metrics[~is_control].merge(
        controls[[*keys, "control", "n", "successes"]], on=keys, suffixes=("", "_control")
    )
    found = differences.rate_difference(*(arms[name] for name in ("successes", "n", "successes_control", "n_control")))
    return arms.assign(
        effect=found.effect, error=found.standard_error, first_stage=np.nan_to_num(found.statistic) ** 2
    ).drop(columns="is_control")


def _both(pairs: pd.DataFrame, overlaps: pd.DataFrame, arm: str, other: str = "conversion_macro") -> NDArray:
    """How many subscribers of `arm` did both conversions of each pair."""
    keys = ["experiment", arm, "conversion", other]
    known = overlaps.rename(columns={"variant": arm, "other_conversion": other})
    return pairs[keys].merge(known, how="left", on=keys)["subscribers_with_both"].fillna(0).to_numpy(dtype=float)


def _has_rival(pairs: pd.DataFrame, moved: pd.DataFrame, overlaps: pd.DataFrame) -> NDArray:
    """Whether the pair's arm moved another micro-conversion that is not a step of the same path."""
    micros = pairs[[*_ARM, "conversion", "successes"]].drop_duplicates()
    others = micros.merge(moved[[*_ARM, "conversion", "successes"]], on=_ARM, suffixes=("", "_other"))
    others = others[others["conversion"] != others["conversion_other"]]
    rarer = NESTED_SHARE * others[["successes", "successes_other"]].min(axis=1).to_numpy(dtype=float)
    together = _both(others, overlaps, "variant", "conversion_other")
    rivals = others[~((together >= rarer) & (rarer > 0))]
    keys = [*_ARM, "conversion"]
    return pd.MultiIndex.from_frame(pairs[keys]).isin(pd.MultiIndex.from_frame(rivals[keys]))

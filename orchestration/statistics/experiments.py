"""What an experiment shows: every metric of every arm against the control.

Belongs here: which test fits which metric, when a figure counts as shown, and why a row carries no verdict. Does not
belong here: the formulas (`differences.py`, `posteriors.py`) and who did what when
(`dbt_project/models/intermediate/int_experiment_metrics.sql`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from orchestration.statistics import differences, posteriors
from orchestration.statistics.multiplicity import holm

# GrowthBook's alarm of a sample ratio: its p-value, and the subscribers that every arm should have by then. Should: an
# arm that hardly anybody was assigned to is what the alarm is for.
SRM_ALPHA, SRM_LEAST = 0.001, 8
# Below these neither a test nor an interval by normal approximation is to be trusted.
LEAST_SUBSCRIBERS, LEAST_EVENTS = 30, 5
# From so large a share of explained variance on the subscriber's past is worth an adjustment.
LEAST_VARIANCE_REDUCTION = 0.01
_AT_THE_END = "at the end, p-values adjusted for the number of tests"
_SO_FAR = "so far, p-values valid at every look adjusted for the number of tests"


def results(metrics: pd.DataFrame) -> pd.DataFrame:
    """A row per experiment, metric and arm other than the control, compared with the control.

    `metrics` has a row per experiment, metric and arm: `is_control` (None where no arm is known to be it), `is_mean`,
    `assigned` and `share` (intended share of the assignments, whatever they sum to), `n` subscribers measured,
    `successes`, the sums `sum_y`, `sum_yy` of the outcome, `sum_x`, `sum_xx`, `sum_xy` with the same outcome before the
    assignment, and `is_closed`. Returns the columns of int_experiment_inferences; effects are absolute differences.
    """
    rows = _paired(metrics.assign(is_control=metrics["is_control"].fillna(False).astype(bool)))
    rows = rows.assign(**_comparison(rows))
    rows["p_adjusted"] = holm(rows["p_value"], rows["experiment"])
    rows["verdict_p_value"] = holm(_deciding(rows), rows["experiment"])
    rows = rows.drop(columns=["adjusted_p_value", "always_valid_p_value", "adjusted_always_valid_p_value"])
    rows = rows.merge(_sample_ratios(metrics), how="left", on="experiment")
    rows = rows.join(_best(metrics), on=["experiment", "metric", "variant"])
    verdicts = [_verdict(row) for row in rows.itertuples()]
    rows["verdict"], rows["reason"] = zip(*verdicts, strict=True) if verdicts else ((), ())
    return rows.sort_values(["experiment", "metric", "variant"])


def sample_ratio_p_value(counts: np.ndarray, shares: np.ndarray) -> float:
    """Chi-square goodness of fit of assignments to their intended shares; NaN where an arm should have fewer than the
    least number."""
    if len(counts) < 2:
        return np.nan
    if min(shares) <= 0:
        return 0.0 if np.sum(counts) >= len(counts) * SRM_LEAST else np.nan  # an arm was to have none and has
    expected = np.sum(counts) * shares / np.sum(shares)
    return float(stats.chisquare(counts, expected).pvalue) if min(expected) >= SRM_LEAST else np.nan


def events_to_expect(
    successes: ArrayLike, n: ArrayLike, successes_0: ArrayLike, n_0: ArrayLike, *, is_mean: bool = False
) -> NDArray:
    """How many events the smaller of two arms would have without a difference; of a rate the rarer of yes and no."""
    both, events = n + n_0, successes + successes_0
    return (events if is_mean else np.minimum(events, both - events)) * np.minimum(n, n_0) / both


def _deciding(rows: pd.DataFrame) -> pd.Series:
    """The p-value that a verdict rests on, before it is adjusted for others: of the effect narrowed by the past where
    there is one, valid at every look while somebody may look at a result that goes on. NaN where nothing is tested."""
    at_the_end = rows["adjusted_p_value"].fillna(rows["p_value"])
    so_far = rows["adjusted_always_valid_p_value"].fillna(rows["always_valid_p_value"])
    return at_the_end.where(rows["is_closed"].astype(bool), so_far).where(rows["p_value"].notna())


def _paired(metrics: pd.DataFrame) -> pd.DataFrame:
    """Each arm beside its experiment's control, whose columns end in `_control`."""
    controls = metrics[metrics["is_control"]].rename(columns={"variant": "control"})
    wanted = ["n", "successes", "sum_y", "sum_yy", "sum_x", "sum_xx", "sum_xy"]
    controls = controls[["experiment", "metric", "control", *wanted]]
    arms = metrics[~metrics["is_control"]]
    return arms.merge(controls, how="left", on=["experiment", "metric"], suffixes=("", "_control"))


def _comparison(rows: pd.DataFrame) -> dict[str, np.ndarray]:
    def part(name: str) -> np.ndarray:
        return rows[name].to_numpy(dtype=float)

    n, n_0 = part("n"), part("n_control")
    is_mean = rows["is_mean"].to_numpy(dtype=bool)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean, mean_0 = part("sum_y") / n, part("sum_y_control") / n_0
        # Of a rate the variance is p (1 - p), of a mean the sample's.
        variance, variance_0 = (
            np.where(is_mean, (part(f"sum_yy{arm}") - total**2 * size) / (size - 1), total * (1 - total))
            for arm, total, size in (("", mean, n), ("_control", mean_0, n_0))
        )
    of_rates = differences.rate_difference(part("sum_y"), n, part("sum_y_control"), n_0) if not is_mean.all() else None
    of_means = differences.mean_difference(mean, variance, n, mean_0, variance_0, n_0)

    def chosen(name: str) -> np.ndarray:
        means = getattr(of_means, name)
        return means if of_rates is None else np.where(is_mean, means, getattr(of_rates, name))

    effect, standard_error = chosen("effect"), chosen("standard_error")
    standard_error = np.where(is_mean, standard_error, _never_too_small(rows, standard_error))
    half = differences.always_valid_half_width(standard_error, n + n_0)
    always_valid_p_value = differences.always_valid_p_value(effect, standard_error, n + n_0)
    relative = differences.relative_difference(mean, variance, n, mean_0, variance_0, n_0)
    return {
        "mean": mean,
        "mean_control": mean_0,
        "effect": effect,
        "effect_lo": chosen("lo"),
        "effect_hi": chosen("hi"),
        "relative_effect": relative.effect,
        "relative_effect_lo": relative.lo,
        "relative_effect_hi": relative.hi,
        "z": chosen("statistic"),
        "p_value": chosen("p_value"),
        # What holds at every look holds at this one: it claims no more than what is meant for one look.
        "always_valid_lo": np.minimum(effect - half, chosen("lo")),
        "always_valid_hi": np.maximum(effect + half, chosen("hi")),
        "always_valid_p_value": np.maximum(always_valid_p_value, chosen("p_value")),
        "minimum_detectable_effect": _positive(differences.minimum_detectable_effect(variance_0, n, n_0)),
        **_adjusted(rows, effect, variance, variance_0),
    }


def _never_too_small(rows: pd.DataFrame, standard_error: np.ndarray) -> np.ndarray:
    """A rate's standard error, or the pooled one if that is larger, where an arm has hardly anybody with or without.

    What such an arm varies by is not known from it: of nobody's conversions it would be nothing at all.
    """
    x, n, x_0, n_0 = (rows[name].to_numpy(dtype=float) for name in ("sum_y", "n", "sum_y_control", "n_control"))
    fewest = np.min([x, n - x, x_0, n_0 - x_0], axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = (x + x_0) / (n + n_0)
        error = np.sqrt(np.maximum(pooled * (1 - pooled), 0) * (1 / n + 1 / n_0))
    return np.where(fewest < LEAST_EVENTS, np.maximum(standard_error, error), standard_error)


def _adjusted(rows: pd.DataFrame, effect: np.ndarray, variance: np.ndarray, variance_0: np.ndarray) -> dict:
    """The effect adjusted for the subscribers' past (CUPED), where that narrows its interval enough to be worth it.

    theta = cov(y, x) / var(x) within the arms; the variance falls by the squared correlation.
    """
    arms = {}
    for arm, plain in (("", variance), ("_control", variance_0)):
        size, y, x, xx, xy = (
            rows[f"{name}{arm}"].to_numpy(dtype=float) for name in ("n", "sum_y", "sum_x", "sum_xx", "sum_xy")
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            arms[arm] = size, plain, x / size, (xx - x**2 / size) / (size - 1), (xy - x * y / size) / (size - 1)
    (n, variance, past, past_variance, covariance) = arms[""]
    (n_0, variance_0, past_0, past_variance_0, covariance_0) = arms["_control"]
    with np.errstate(divide="ignore", invalid="ignore"):
        theta = (covariance * (n - 1) + covariance_0 * (n_0 - 1)) / (
            past_variance * (n - 1) + past_variance_0 * (n_0 - 1)
        )
        spread, spread_0 = (
            v - 2 * theta * c + theta**2 * pv
            for v, c, pv in ((variance, covariance, past_variance), (variance_0, covariance_0, past_variance_0))
        )
        plain_error, error = variance / n + variance_0 / n_0, np.maximum(spread / n + spread_0 / n_0, 0)
        reduction = 1 - error / plain_error
    helps = (reduction >= LEAST_VARIANCE_REDUCTION) & (np.minimum(n, n_0) >= LEAST_SUBSCRIBERS)
    adjusted = np.where(helps, effect - theta * (past - past_0), np.nan)
    standard_error = np.sqrt(error)
    half = stats.norm.ppf(1 - differences.ALPHA / 2) * standard_error
    always = differences.always_valid_half_width(standard_error, n + n_0)
    with np.errstate(divide="ignore", invalid="ignore"):
        p_value = 2 * stats.norm.sf(np.abs(adjusted) / standard_error)
    return {
        "adjusted_effect": adjusted,
        "adjusted_effect_lo": adjusted - half,
        "adjusted_effect_hi": adjusted + half,
        "adjusted_always_valid_lo": adjusted - always,
        "adjusted_always_valid_hi": adjusted + always,
        "adjusted_p_value": p_value,
        "adjusted_always_valid_p_value": differences.always_valid_p_value(adjusted, standard_error, n + n_0),
        "variance_reduction": np.where(helps, reduction, np.nan),
    }


def _sample_ratios(metrics: pd.DataFrame) -> pd.DataFrame:
    arms = metrics.drop_duplicates(["experiment", "variant"])
    found = [
        (experiment, sample_ratio_p_value(group["assigned"].to_numpy(float), group["share"].to_numpy(float)))
        for experiment, group in arms.groupby("experiment")
    ]
    return pd.DataFrame(found, columns=["experiment", "srm_p_value"])


def _best(metrics: pd.DataFrame) -> pd.DataFrame:
    """Probability of being the best arm, and expected loss, where every arm has been measured."""
    found = {}
    for (experiment, metric), arms in metrics.groupby(["experiment", "metric"]):
        n, y, yy = (arms[name].to_numpy(dtype=float) for name in ("n", "sum_y", "sum_yy"))
        if len(arms) < 2 or n.min() < 2 or y.sum() == 0:
            continue
        if arms["is_mean"].iloc[0]:
            variance = (yy - y**2 / n) / (n - 1)
            if variance.min() <= 0:
                continue
            beliefs = [posteriors.of_mean(*arm) for arm in zip(y / n, variance, n, strict=True)]
        else:
            beliefs = [posteriors.of_rate(*arm) for arm in zip(y, n, strict=True)]
        for variant, best, loss in zip(arms["variant"], *posteriors.best_and_loss(beliefs), strict=True):
            found[experiment, metric, variant] = best, loss
    index = pd.MultiIndex.from_tuples(list(found), names=["experiment", "metric", "variant"])
    return pd.DataFrame(list(found.values()), index=index, columns=["probability_best", "expected_loss"])


def _verdict(row) -> tuple[str | None, str]:
    """A row's verdict and why.

    While subscribers' windows are open somebody looks at a result that goes on: then only what is valid at every look
    counts. Once all are closed the test at the end counts. Both are adjusted for the number of tests, and where the
    subscribers' past narrows the effect, the narrowed one decides in both.
    """
    if pd.isna(row.control):
        return None, "no arm is known to be the control"
    if row.srm_p_value < SRM_ALPHA:
        return "invalid_sample_ratio", "assignments differ from the intended shares by more than chance"
    smaller = min(row.n, row.n_control)
    if smaller < LEAST_SUBSCRIBERS:
        return "too_little_data", f"fewer than {LEAST_SUBSCRIBERS} subscribers measured in an arm"
    events = events_to_expect(row.successes, row.n, row.successes_control, row.n_control, is_mean=row.is_mean)
    if events < LEAST_EVENTS or pd.isna(row.p_value):
        return "too_little_data", f"fewer than {LEAST_EVENTS} events to be expected in an arm"
    is_narrowed = not pd.isna(row.adjusted_effect)
    how = _AT_THE_END if row.is_closed else _SO_FAR
    if is_narrowed:
        how += "; the effect is narrowed by the subscribers' past"
    if not row.verdict_p_value < differences.ALPHA:
        return "no_difference_shown", how
    effect = row.adjusted_effect if is_narrowed else row.effect
    return ("better" if effect > 0 else "worse"), how


def _positive(values: np.ndarray) -> np.ndarray:
    return np.where(values > 0, values, np.nan)

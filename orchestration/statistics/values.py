"""Does a micro-conversion lead anywhere? Evidence by its strength, and a verdict.

Belongs here: ratios of risks, ratios of randomised effects, spikes without an echo, and which of them decides. Does not
belong here: who did what when (dbt models int_conversion_associations, int_experiment_overlaps, int_conversion_weeks).
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from orchestration.statistics import charts, differences, experiments

_Z = stats.norm.ppf(1 - differences.ALPHA / 2)
# A driver is claimed at one in two hundred, not one in forty: every micro-conversion is tried, and a false driver moves
# budgets (ours).
_Z_OF_A_DRIVER = stats.norm.ppf(1 - 0.005)
# Below these a ratio of risks says nothing.
LEAST_SUBSCRIBERS, LEAST_EVENTS = 30, 10
# A placebo ratio within these bounds is as good as none (ours).
PLACEBO_BAND = 0.8, 1.25
# First-stage F below which a ratio of effects is not to be trusted (Staiger and Stock 1997).
LEAST_FIRST_STAGE = 10.0
# Two micro-conversions are steps of one path where so many of those with the rarer one have the other too (ours).
NESTED_SHARE = 0.8
# Macro-conversions per extra micro-conversion below which the micro-conversion is not worth moving (ours).
SMALLEST_RATIO = 0.05
# Past experiments from which on a micro-conversion's quality as a proxy can be told (PROXIMA, arXiv 2604.14352).
LEAST_EXPERIMENTS = 8
# Weeks that a series must have, and spikes without an echo that make a micro-conversion a vanity.
LEAST_WEEKS, VANITY_SPIKES = 12, 2


@dataclass(frozen=True)
class Ratio:
    """A ratio with its 95 % interval; NaN where it cannot be told."""

    value: float = np.nan
    lo: float = np.nan
    hi: float = np.nan


def values(
    associations: pd.DataFrame, metrics: pd.DataFrame, overlaps: pd.DataFrame, weeks: pd.DataFrame
) -> pd.DataFrame:
    """A row per micro- and macro-conversion that anything is known of.

    `associations`: exposure, outcome, exposure_is_macro, stratum, n_with, x_with, n_without, x_without. `metrics`:
    int_experiment_conversion_counts, experiment, variant, conversion, is_control, is_macro, n, successes. `overlaps`:
    experiment, variant, conversion, other_conversion, subscribers_with_both. `weeks`: conversion, is_macro, week_on,
    recipients, subscribers. Returns the columns of int_micro_conversion_evidence.
    """
    forward = associations[~associations["exposure_is_macro"].astype(bool)]
    arms = effect_ratios(metrics, overlaps)
    pairs = {*zip(forward["exposure"], forward["outcome"], strict=True)}
    pairs |= {*zip(arms["micro_conversion"], arms["macro_conversion"], strict=True)}
    echoes = _Echoes(weeks)
    rows = []
    for micro, macro in sorted(pairs):
        strata = forward[(forward["exposure"] == micro) & (forward["outcome"] == macro)]
        backward = associations[(associations["exposure"] == macro) & (associations["outcome"] == micro)]
        measured = arms[(arms["micro_conversion"] == micro) & (arms["macro_conversion"] == macro)]
        usable = measured[measured["is_usable"]]
        n, x, n_0, x_0 = (strata[name].sum() for name in ("n_with", "x_with", "n_without", "x_without"))
        crude, adjusted = stratified_ratio(strata.assign(stratum="all")), stratified_ratio(strata)
        placebo, incremental = stratified_ratio(backward), pooled(usable)
        spikes = echoes.missing(micro, macro)
        grade, verdict, reason = judged(crude, adjusted, placebo, incremental, spikes)
        rows.append(
            {
                "micro_conversion": micro, "macro_conversion": macro, "subscribers_with": n, "subscribers_without": n_0,
                "rate_with": x / n if n else np.nan, "rate_without": x_0 / n_0 if n_0 else np.nan,
                "association_ratio": crude.value, "association_ratio_lo": crude.lo, "association_ratio_hi": crude.hi,
                "adjusted_ratio": adjusted.value, "adjusted_ratio_lo": adjusted.lo, "adjusted_ratio_hi": adjusted.hi,
                "incremental_ratio": incremental.value, "incremental_ratio_lo": incremental.lo,
                "incremental_ratio_hi": incremental.hi, "experiment_arms": len(usable),
                "placebo_ratio": placebo.value, "placebo_ratio_lo": placebo.lo, "placebo_ratio_hi": placebo.hi,
                "e_value": e_value(adjusted), "spikes_without_echo": spikes, **proxy_quality(measured),
                "incremental_ratios": _as_json(usable),
                "evidence_grade": grade, "verdict": verdict, "reason": reason,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


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
    half = _Z * np.sqrt(spread)
    log = np.log(exposed / unexposed)
    return Ratio(*np.exp([log, log - half, log + half]))


def e_value(ratio: Ratio) -> float:
    """How strongly something unmeasured would have to go with both, as a ratio of risks, to explain the lower bound
    away (VanderWeele and Ding 2017); 1 where the interval holds 1 already."""
    if not ratio.lo > 1:
        return np.nan if np.isnan(ratio.value) else 1.0
    return ratio.lo + np.sqrt(ratio.lo * (ratio.lo - 1))


def effect_ratios(metrics: pd.DataFrame, overlaps: pd.DataFrame) -> pd.DataFrame:
    """Randomised effect on the macro- by that on the micro-conversion, per experiment, arm and pair (Wald).

    The standard error is the delta method's, with the covariance that subscribers who did both bring in. `is_usable`
    where both arms hold enough subscribers and macro-conversions, and the arm moved the micro-conversion clearly
    enough and no other one that is not a step of the same path: else the effect on the macro-conversion may have gone
    another way. `ratio` is NaN where the micro-conversion did not move at all. `weight` is what both arms' sizes make
    of a difference's precision; `error`, `macro_error` and `covariance` are those of the two effects' sampling.
    """
    columns = ["experiment", "variant", "micro_conversion", "macro_conversion", "ratio", "standard_error"]
    columns += ["first_stage", "is_usable", "effect", "macro_effect", "error", "macro_error", "covariance", "weight"]
    keys = ["experiment", "variant", "conversion", "other_conversion"]
    both = overlaps.set_index(keys)["subscribers_with_both"].to_dict()
    found = []
    for experiment, arms in metrics.groupby("experiment"):
        controls = arms[arms["is_control"].fillna(False).astype(bool)].set_index("conversion")
        if controls.empty:
            continue
        control = controls["variant"].iloc[0]
        for variant, arm in arms[arms["variant"] != control].groupby("variant"):
            arm = arm.set_index("conversion")
            n, n_0 = arm["n"].iloc[0], controls["n"].iloc[0]
            effects = differences.rate_difference(arm["successes"], n, controls.loc[arm.index, "successes"], n_0)
            stage = dict(zip(arm.index, np.nan_to_num(effects.statistic) ** 2, strict=True))
            effect = dict(zip(arm.index, effects.effect, strict=True))
            error = dict(zip(arm.index, effects.standard_error, strict=True))
            micros = [name for name in arm.index if not arm.loc[name, "is_macro"]]
            moved = [name for name in micros if stage[name] >= LEAST_FIRST_STAGE]
            for micro in micros:
                rivals = [
                    other
                    for other in moved
                    if other != micro and not _is_nested(both, (experiment, variant), micro, other)
                ]
                for macro in (name for name in arm.index if arm.loc[name, "is_macro"]):
                    covariance = sum(
                        (both.get((experiment, name, micro, macro), 0) / size - _rate(rows, micro) * _rate(rows, macro))
                        / size
                        for name, rows, size in ((variant, arm, n), (control, controls, n_0))
                    )
                    ratio = effect[macro] / effect[micro] if effect[micro] else np.nan
                    variance = error[macro] ** 2 + ratio**2 * error[micro] ** 2 - 2 * ratio * covariance
                    standard_error = np.sqrt(max(variance, 0)) / abs(effect[micro]) if effect[micro] else np.nan
                    events = experiments.events_to_expect(
                        arm.loc[macro, "successes"], n, controls.loc[macro, "successes"], n_0
                    )
                    is_enough = min(n, n_0) >= experiments.LEAST_SUBSCRIBERS and events >= experiments.LEAST_EVENTS
                    usable = is_enough and micro in moved and not rivals and standard_error > 0
                    found.append(
                        (experiment, variant, micro, macro, ratio, standard_error, stage[micro], usable, effect[micro],
                         effect[macro], error[micro], error[macro], covariance, n * n_0 / (n + n_0) if n + n_0 else 0.0)
                    )  # fmt: skip
    return pd.DataFrame(found, columns=columns).astype({"is_usable": bool})


def pooled(arms: pd.DataFrame) -> Ratio:
    """Ratios of several arms as one, each weighted by its precision."""
    if arms.empty:
        return Ratio()
    weights = 1 / arms["standard_error"].to_numpy(dtype=float) ** 2
    value = (weights * arms["ratio"].to_numpy(dtype=float)).sum() / weights.sum()
    half = _Z / np.sqrt(weights.sum())
    return Ratio(value, value - half, value + half)


def proxy_quality(arms: pd.DataFrame) -> dict[str, float]:
    """How well the effects on the micro-conversion foretold those on the macro-conversion, over past experiments.

    `arms` are rows of `effect_ratios` of one pair. `proxy_experiments` counts experiments; from LEAST_EXPERIMENTS on,
    `proxy_sign_agreement` is the share of arms whose two effects had the same sign, and `proxy_correlation` the
    correlation of the effects, arms weighted by their size. Chance moves both effects of an arm together, since the
    same subscribers had both; that part is taken off (Tripuraneni and others 2023). NaN where nothing but chance is
    left of either effect's spread.
    """
    arms = arms[arms["error"].gt(0) & arms["macro_error"].gt(0)]
    number = arms["experiment"].nunique()
    if number < LEAST_EXPERIMENTS:
        return {"proxy_experiments": number, "proxy_sign_agreement": np.nan, "proxy_correlation": np.nan}
    weight = arms["weight"] / arms["weight"].sum()
    micro, macro = (arms[name] - (weight * arms[name]).sum() for name in ("effect", "macro_effect"))
    together = (weight * (micro * macro - arms["covariance"])).sum()
    spread, macro_spread = (
        (weight * (effect**2 - arms[error] ** 2)).sum() for effect, error in ((micro, "error"), (macro, "macro_error"))
    )
    is_told = spread > 0 and macro_spread > 0
    return {
        "proxy_experiments": number,
        "proxy_sign_agreement": (np.sign(arms["effect"]) == np.sign(arms["macro_effect"])).mean(),
        "proxy_correlation": np.clip(together / np.sqrt(spread * macro_spread), -1, 1) if is_told else np.nan,
    }


def _as_json(arms: pd.DataFrame) -> str | None:
    """Each arm's ratio and standard error, as a JSON list; None without one."""
    if arms.empty:
        return None
    return json.dumps(arms[["experiment", "variant", "ratio", "standard_error"]].to_dict("records"))


def judged(
    crude: Ratio, adjusted: Ratio, placebo: Ratio, incremental: Ratio, spikes: int
) -> tuple[str | None, str, str]:
    """Grade of the evidence, verdict, and why. Only a randomised effect makes a driver, and a clear one."""
    is_randomised = not np.isnan(incremental.value)
    is_matched = not np.isnan(adjusted.value) and _passes(placebo)
    grade = "A" if is_randomised else "B" if is_matched else None if np.isnan(crude.value) else "C"
    if incremental.value - _Z_OF_A_DRIVER / _Z * (incremental.value - incremental.lo) > 0:
        return grade, "driver", "where experiments moved it, the macro-conversion moved with it"
    if incremental.hi < SMALLEST_RATIO:
        return grade, "vanity", "experiments moved it, and what came of it is too little to matter"
    if spikes >= VANITY_SPIKES:
        return grade, "vanity", "it rose more than once and the macro-conversion did not follow"
    if is_randomised:
        return grade, "unproven", "experiments moved it, and what came of it is not known well enough"
    if adjusted.lo > 1:
        why = "among alike subscribers those with it convert more" + ("" if is_matched else ", and already did before")
        return grade, "indicator", why
    if np.isnan(crude.value):
        return grade, "unproven", "too little data"
    return grade, "unproven", "among alike subscribers those with it are not shown to convert more"


class _Echoes:
    """Weekly rates of conversions, and which rises of one were not followed by another."""

    def __init__(self, weeks: pd.DataFrame):
        measured = weeks[weeks["recipients"] > 0].sort_values("week_on")
        self._weeks = {name: rows.reset_index(drop=True) for name, rows in measured.groupby("conversion")}

    def missing(self, micro: str, macro: str) -> int:
        """How many rises of the micro-conversion's rate the macro-conversion did not follow; 0 where it may have.

        A rise begins where the control chart leaves its upper limit. All rises are judged together, that week and the
        next: they have no echo where even the upper bound of the macro-conversions beyond the usual is below
        SMALLEST_RATIO of the micro-conversions beyond the usual.
        """
        if micro not in self._weeks or macro not in self._weeks or len(self._weeks[micro]) < LEAST_WEEKS:
            return 0
        causes, outcomes = self._weeks[micro], self._weeks[macro].set_index("week_on")
        x, n = causes["subscribers"].to_numpy(dtype=float), causes["recipients"].to_numpy(dtype=float)
        y = outcomes["subscribers"].reindex(causes["week_on"]).fillna(0).to_numpy(dtype=float)
        rate, errors = charts.rate_errors(x, n)
        averages, _, upper = charts.ewma(x / n, rate, errors)
        above = averages > upper
        before = np.concatenate([[False], above[:-1]])
        begins = above & ~before
        after = begins | np.concatenate([[False], begins[:-1]])
        usual = ~(above | before)
        if not begins.any() or not usual.any():
            return 0
        risen = (x[begins] - n[begins] * x[usual].sum() / n[usual].sum()).sum()
        change = differences.rate_difference(y[after].sum(), n[after].sum(), y[usual].sum(), n[usual].sum())
        return int(begins.sum()) if change.hi * n[after].sum() < SMALLEST_RATIO * risen else 0


def _passes(placebo: Ratio) -> bool:
    """Whether the micro-conversion does not follow the macro-conversion, as it would if something else lay behind."""
    near = PLACEBO_BAND[0] <= placebo.value <= PLACEBO_BAND[1]
    return bool(near or placebo.lo <= 1 <= placebo.hi)


def _is_nested(both: dict, arm: tuple[str, str], one: str, other: str) -> bool:
    rarer = min(both.get((*arm, one, one), 0), both.get((*arm, other, other), 0))
    return both.get((*arm, one, other), 0) >= NESTED_SHARE * rarer > 0


def _rate(rows: pd.DataFrame, conversion: str) -> float:
    return rows.loc[conversion, "successes"] / rows.loc[conversion, "n"]

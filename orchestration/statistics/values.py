"""Does a micro-conversion lead anywhere? Evidence by its strength, and a verdict.

Belongs here: which evidence decides, and spikes without an echo. Does not belong here: ratios of risks (`ratios.py`)
and of randomised effects (`randomised.py`), past experiments as a whole (`proxies.py`), and who did what when (dbt
models int_conversion_associations, int_experiment_overlaps, int_experiment_segment_counts, int_conversion_weeks).
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from orchestration.statistics import charts, differences, proxies, randomised
from orchestration.statistics.multiplicity import holm
from orchestration.statistics.ratios import Ratio, e_value, stratified_ratio

# How likely it may be that any of all micro-conversions that do nothing is called a driver, however many are tried: a
# false one moves budgets (ours).
DRIVER_ALPHA = 0.001
# A placebo ratio within these bounds is as good as none (ours).
PLACEBO_BAND = 0.8, 1.25
# Macro-conversions per extra micro-conversion below which the micro-conversion is not worth moving (ours).
SMALLEST_RATIO = 0.05
# Weeks that a series must have, and spikes without an echo that make a micro-conversion a vanity.
LEAST_WEEKS, VANITY_SPIKES = 12, 2


def values(
    associations: pd.DataFrame,
    metrics: pd.DataFrame,
    overlaps: pd.DataFrame,
    weeks: pd.DataFrame,
    segments: pd.DataFrame,
) -> pd.DataFrame:
    """A row per micro- and macro-conversion that anything is known of.

    `associations`: exposure, outcome, exposure_is_macro, stratum, n_with, x_with, n_without, x_without. `metrics`:
    int_experiment_conversion_counts, experiment, variant, conversion, is_control, is_macro, n, successes. `overlaps`:
    experiment, variant, conversion, other_conversion, subscribers_with_both. `weeks`: conversion, is_macro, week_on,
    recipients, subscribers. `segments`: see `proxies.fragility`. Returns the columns of int_micro_conversion_evidence.
    """
    forward = associations[~associations["exposure_is_macro"].astype(bool)]
    arms = randomised.effect_ratios(metrics, overlaps)
    of_pair = dict(list(arms.groupby(["micro_conversion", "macro_conversion"])))
    pairs = sorted({*zip(forward["exposure"], forward["outcome"], strict=True), *of_pair})
    measured = {pair: of_pair.get(pair, arms[:0]) for pair in pairs}
    usable = {pair: rows[rows["is_usable"]] for pair, rows in measured.items()}
    by_chance = [randomised.p_value_of_nothing(usable[pair]) for pair in pairs]
    chances = dict(zip(pairs, holm(pd.Series(by_chance, dtype=float)), strict=True))
    echoes = _Echoes(weeks)
    rows = []
    for micro, macro in pairs:
        strata = forward[(forward["exposure"] == micro) & (forward["outcome"] == macro)]
        backward = associations[(associations["exposure"] == macro) & (associations["outcome"] == micro)]
        n, x, n_0, x_0 = (strata[name].sum() for name in ("n_with", "x_with", "n_without", "x_without"))
        crude, adjusted = stratified_ratio(strata.assign(stratum="all")), stratified_ratio(strata)
        placebo, incremental = stratified_ratio(backward), randomised.pooled(usable[micro, macro])
        spikes = echoes.missing(micro, macro)
        set_aside = int(measured[micro, macro]["is_moved"].sum()) - len(usable[micro, macro])
        grade, verdict, reason = judged(crude, adjusted, placebo, incremental, chances[micro, macro], spikes)
        if set_aside and not len(usable[micro, macro]):
            reason += "; experiments that moved it may have worked another way"
        rows.append(
            {
                "micro_conversion": micro, "macro_conversion": macro, "subscribers_with": n, "subscribers_without": n_0,
                "rate_with": x / n if n else np.nan, "rate_without": x_0 / n_0 if n_0 else np.nan,
                "association_ratio": crude.value, "association_ratio_lo": crude.lo, "association_ratio_hi": crude.hi,
                "adjusted_ratio": adjusted.value, "adjusted_ratio_lo": adjusted.lo, "adjusted_ratio_hi": adjusted.hi,
                "incremental_ratio": incremental.value, "incremental_ratio_lo": incremental.lo,
                "incremental_ratio_hi": incremental.hi, "incremental_p_adjusted": chances[micro, macro],
                "experiment_arms": len(usable[micro, macro]), "experiment_arms_set_aside": set_aside,
                "placebo_ratio": placebo.value, "placebo_ratio_lo": placebo.lo, "placebo_ratio_hi": placebo.hi,
                "e_value": e_value(adjusted), "spikes_without_echo": spikes, **proxies.quality(measured[micro, macro]),
                "incremental_ratios": _as_json(usable[micro, macro]),
                "evidence_grade": grade, "verdict": verdict, "reason": reason,
            }
        )  # fmt: skip
    found = pd.DataFrame(rows)
    return found.merge(proxies.fragility(segments, arms), how="left") if rows else found


def _as_json(arms: pd.DataFrame) -> str | None:
    """Each arm's ratio and standard error, as a JSON list; None without one."""
    if arms.empty:
        return None
    return json.dumps(arms[["experiment", "variant", "ratio", "standard_error"]].to_dict("records"))


def judged(
    crude: Ratio, adjusted: Ratio, placebo: Ratio, incremental: Ratio, chance: float, spikes: int
) -> tuple[str | None, str, str]:
    """Grade of the evidence, verdict, and why. Only a randomised effect makes a driver, and a clear one: `chance` is
    its p-value, adjusted for all that were tried."""
    is_randomised = not np.isnan(incremental.value)
    is_matched = not np.isnan(adjusted.value) and _passes(placebo)
    grade = "A" if is_randomised else "B" if is_matched else None if np.isnan(crude.value) else "C"
    if incremental.lo > 0 and chance < DRIVER_ALPHA:
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

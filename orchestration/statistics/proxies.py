"""Did effects on a micro-conversion foretell those on a macro-conversion, over past experiments and in each segment?

Belongs here: what many experiments say of a proxy. Does not belong here: what one of them shows (`randomised.py`), and
what a micro-conversion is worth (`values.py`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from orchestration.statistics import differences, experiments

# Past experiments from which on a micro-conversion's quality as a proxy can be told (PROXIMA, arXiv 2604.14352).
LEAST_EXPERIMENTS = 8


def quality(arms: pd.DataFrame) -> dict[str, float]:
    """How well the effects on the micro-conversion foretold those on the macro-conversion.

    `arms` are rows of `randomised.effect_ratios` of one pair. `proxy_experiments` counts experiments; from
    LEAST_EXPERIMENTS on, `proxy_sign_agreement` is the share of arms whose two effects had the same sign, and
    `proxy_correlation` the correlation of the effects, arms weighted by their size. Chance moves both effects of an arm
    together, since the same subscribers had both; that part is taken off (Tripuraneni and others 2023). NaN where
    nothing but chance is left of either effect's spread.
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


def fragility(segments: pd.DataFrame, arms: pd.DataFrame) -> pd.DataFrame:
    """Segments in which the effects on a pair's two conversions go the other way than overall, per pair.

    `segments` has a row per `experiment`, `variant`, `segment` (of the subscriber when the experiment began) and pair
    of `micro_conversion` and `macro_conversion`, with `is_control`, `n`, `micro_successes`, `macro_successes` and
    `both_successes`. The product of the two effects, less what chance makes of it as in `quality`, is averaged over
    experiments: above 0 they go together. It is told of a segment where at least LEAST_EXPERIMENTS experiments reached
    it and its mean leaves out 0 (t test, 5 %), and overall, by `arms` of `randomised.effect_ratios`, likewise. Returns,
    per pair of which that much can be told, `proxy_segments` (in how many segments it can), `proxy_fragility` (the
    share of them that go the other way: PROXIMA's sign flips, but for those of chance) and `proxy_fragile_segments`
    (their names).
    """
    pair = ["micro_conversion", "macro_conversion"]
    ways = {segment: _ways(rows, pair) for segment, rows in _products(segments).groupby("segment")}
    overall = _ways(arms.assign(product=arms["effect"] * arms["macro_effect"] - arms["covariance"]), pair)
    found = []
    for key, way in overall[overall != 0].items():
        told = {segment: ways[segment].get(key, 0) for segment in ways}
        told = {segment: its_way for segment, its_way in told.items() if its_way != 0}
        if told:
            fragile = sorted(segment for segment, its_way in told.items() if its_way != way)
            found.append((*key, len(told), len(fragile) / len(told), ", ".join(fragile) or None))
    return pd.DataFrame(found, columns=[*pair, "proxy_segments", "proxy_fragility", "proxy_fragile_segments"])


def _products(segments: pd.DataFrame) -> pd.DataFrame:
    """The product of both effects per arm, segment and pair, less what chance makes of it, and its weight."""
    keys = ["experiment", "segment", "micro_conversion", "macro_conversion"]
    counts = ["n", "micro_successes", "macro_successes", "both_successes"]
    is_control = segments["is_control"].fillna(False).astype(bool)
    arms = segments[~is_control].merge(segments.loc[is_control, [*keys, *counts]], on=keys, suffixes=("", "_control"))
    arms = arms[arms[["n", "n_control"]].min(axis=1) >= experiments.LEAST_SUBSCRIBERS]
    (n, x, y, both), (n_0, x_0, y_0, both_0) = (
        [arms[f"{name}{side}"].to_numpy(dtype=float) for name in counts] for side in ("", "_control")
    )
    covariance = (both / n - x / n * y / n) / n + (both_0 / n_0 - x_0 / n_0 * y_0 / n_0) / n_0
    product = (x / n - x_0 / n_0) * (y / n - y_0 / n_0) - covariance
    return arms[keys].assign(product=product, weight=n * n_0 / (n + n_0))


def _ways(products: pd.DataFrame, pair: list[str]) -> pd.Series:
    """1 where the pair's effects go together, -1 where they go opposite ways, 0 where that cannot be told."""
    rows = products.assign(weighted=products["product"] * products["weight"])
    each = rows.groupby([*pair, "experiment"])[["weighted", "weight"]].sum()
    mean = (each["weighted"] / each["weight"]).groupby(level=pair).agg(["mean", "std", "count"])
    with np.errstate(divide="ignore", invalid="ignore"):
        t = mean["mean"] / (mean["std"] / np.sqrt(mean["count"]))
        is_told = np.abs(t) > stats.t.ppf(1 - differences.ALPHA / 2, mean["count"] - 1)
    return np.sign(mean["mean"]).where(is_told & (mean["count"] >= LEAST_EXPERIMENTS), 0).astype(int)

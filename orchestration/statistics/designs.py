"""What a design choice does to the click rate: randomised within a campaign's variants, else observed across campaigns.

Belongs here: which comparison fits which feature, and when it may be made. Does not belong here: what a mail's features
are (int_campaign_designs) and what a position draws (`positions.py`).
"""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.regression.linear_model import WLS
from statsmodels.stats.meta_analysis import combine_effects

from orchestration.statistics import differences
from orchestration.statistics.multiplicity import benjamini_hochberg

FEATURES = (
    "subject_length",
    "subject_question",
    "subject_emoji",
    "subject_personalised",
    "subject_number",
    "cta_position",
    "lead_element",
)
ELEMENT_TYPE = "element_type"
# Below these neither a test nor an interval by normal approximation is to be trusted.
LEAST_DELIVERED, LEAST_CLICKS = 30, 5
# Across campaigns: how many must have a level, and how many more there must be than coefficients.
LEAST_CAMPAIGNS, LEAST_FREEDOM = 5, 5
_COLUMNS = ["effect", "effect_lo", "effect_hi", "p_value", "evidence", "contrasts", "changed_along"]


def effects(designs: pd.DataFrame, element_types: pd.DataFrame) -> pd.DataFrame:
    """A row per feature and level, with what the level does to the human click rate.

    `designs` has a row per `campaign_key` and `variant` with `campaign_type`, `sent_from_at`, `delivered`,
    `human_unique_clicks` and the FEATURES (None where unknown); `element_types` a row per `campaign_key` and
    `element_type` with `delivered`, `human_unique_clicks` and `expected_clicks`. Effects are absolute differences of
    the click rate: of a level from its feature's `reference_level`, of an element type from what its positions draw.
    Evidence from within campaigns stands before that across them. `p_adjusted` is Benjamini and Hochberg's, over all
    effects. NaN where nothing can be compared.
    """
    designs = designs.sort_values(["campaign_key", "variant"]).reset_index(drop=True)
    found = [_levels(designs, feature) for feature in FEATURES]
    rows = pd.concat([frame for frame in found if len(frame)] or [_levels(designs, FEATURES[0])], ignore_index=True)
    across = _across(designs, rows)
    chosen = []
    for row in rows.itertuples():
        within = None if row.level == row.reference_level else _within(designs, row)
        chosen.append(within or across.get((row.feature, row.level)) or dict.fromkeys(_COLUMNS))
    rows = pd.concat([rows, pd.DataFrame(chosen, columns=_COLUMNS, index=rows.index)], axis=1)
    types = _types(element_types)
    rows = pd.concat([frame for frame in (rows, types) if len(frame)] or [rows], ignore_index=True)
    for name in ("effect", "effect_lo", "effect_hi", "p_value"):
        rows[name] = rows[name].astype(float)
    rows["p_adjusted"] = benjamini_hochberg(rows["p_value"])
    return rows.sort_values(["feature", "level"])


def _levels(designs: pd.DataFrame, feature: str) -> pd.DataFrame:
    """How often each level was sent; the reference is `no`, else the level most delivered."""
    known = designs[designs[feature].notna()]
    rows = known.groupby(feature).agg(
        campaigns=("campaign_key", "nunique"),
        delivered=("delivered", "sum"),
        human_unique_clicks=("human_unique_clicks", "sum"),
    )
    rows = rows.sort_index().rename_axis("level").reset_index()
    rows.insert(0, "feature", feature)
    is_no = rows["level"] == "no"
    reference = None if rows.empty else "no" if is_no.any() else rows["level"][rows["delivered"].idxmax()]
    return rows.assign(reference_level=reference)


def _within(designs: pd.DataFrame, row) -> dict | None:
    """The level against the reference among the arms of each campaign that has both, all such campaigns together.

    Arms that differ in this feature alone stand before others; with others, `changed_along` names what changed too. One
    campaign: Newcombe's interval and the score test; several: random effects (DerSimonian and Laird 1986).
    """
    strata = []
    others = [feature for feature in FEATURES if feature != row.feature]
    compared = designs[(designs["variant"] != "") & designs[row.feature].isin([row.level, row.reference_level])]
    compared = compared[compared.groupby("campaign_key")[row.feature].transform("nunique") == 2]
    for _, arms in compared.groupby("campaign_key"):
        treated, control = (arms[arms[row.feature] == level] for level in (row.level, row.reference_level))
        parts = [int(arm[name].sum()) for arm in (treated, control) for name in ("human_unique_clicks", "delivered")]
        if min(parts[1], parts[3]) < LEAST_DELIVERED or parts[0] + parts[2] < LEAST_CLICKS:
            continue
        changed = [name for name in others if set(treated[name].dropna()) != set(control[name].dropna())]
        strata.append((changed, parts))
    strata = [stratum for stratum in strata if not stratum[0]] or strata
    if not strata:
        return None
    changed = sorted({name for names, _ in strata for name in names})
    x, n, x_0, n_0 = (np.array(part, dtype=float) for part in zip(*(parts for _, parts in strata), strict=True))
    if len(strata) == 1:
        one = differences.rate_difference(x, n, x_0, n_0)
        values = (one.effect[0], one.lo[0], one.hi[0], one.p_value[0])
    else:
        # One click more on either side: an arm without a click has a variance too (Agresti and Caffo 2000).
        rate, rate_0 = (x + 1) / (n + 2), (x_0 + 1) / (n_0 + 2)
        variance = rate * (1 - rate) / (n + 2) + rate_0 * (1 - rate_0) / (n_0 + 2)
        values = _combined(x / n - x_0 / n_0, variance)
    return dict(zip(_COLUMNS, (*values, "randomised", len(strata), ", ".join(changed) or None), strict=True))


def _across(designs: pd.DataFrame, rows: pd.DataFrame) -> dict[tuple[str, str], dict]:
    """All levels at once: the click rate regressed on the features, the campaign's type and time.

    Least squares weighted by the delivered messages, its errors robust and clustered by campaign. A level has an effect
    where enough campaigns have it and its reference, and the other columns do not say the same.
    """
    used = designs[designs["delivered"] >= LEAST_DELIVERED]
    if used.empty:
        return {}
    age = (used["sent_from_at"] - used["sent_from_at"].min()).dt.total_seconds().to_numpy()
    columns = {("", "constant"): np.ones(len(used)), ("", "time"): age / max(age.max(), 1.0)}
    for feature in (*FEATURES, "campaign_type"):
        values = used[feature].fillna("")
        reference = rows.loc[rows["feature"] == feature, "reference_level"]
        dropped = reference.iloc[0] if len(reference) else sorted(values.unique())[0]
        for level in sorted(set(values.unique()) - {dropped}):
            columns[feature, level] = (values == level).to_numpy(dtype=float)
    matrix = np.column_stack(list(columns.values()))
    rank = np.linalg.matrix_rank(matrix)
    campaigns = used["campaign_key"].astype("category").cat.codes.to_numpy()
    if used["campaign_key"].nunique() - rank < LEAST_FREEDOM:
        return {}
    weights = used["delivered"].to_numpy(dtype=float)
    rate = used["human_unique_clicks"].to_numpy(dtype=float) / weights
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = WLS(rate, matrix, weights=weights / weights.mean()).fit(
            cov_type="cluster", cov_kwds={"groups": campaigns}, use_t=True
        )
        bounds = fit.conf_int(differences.ALPHA)
    having = {
        (feature, level): used.loc[used[feature] == level, "campaign_key"].nunique()
        for feature, level in zip(rows["feature"], rows["level"], strict=True)
    }
    found = {}
    for number, key in enumerate(columns):
        reference = rows.loc[(rows["feature"] == key[0]) & (rows["level"] == key[1]), "reference_level"]
        if reference.empty or min(having[key], having.get((key[0], reference.iloc[0]), 0)) < LEAST_CAMPAIGNS:
            continue
        if np.linalg.matrix_rank(np.delete(matrix, number, axis=1)) == rank or not fit.bse[number] > 0:
            continue
        values = (fit.params[number], *bounds[number], fit.pvalues[number])
        found[key] = dict(zip(_COLUMNS, (*values, "observational", having[key], None), strict=True))
    return found


def _types(element_types: pd.DataFrame) -> pd.DataFrame:
    """What elements of a type draw beyond their positions, per delivered message and element.

    The ratio of sums over campaigns, its error by linearisation over them (Cochran 1977, section 6.3).
    """
    rows = []
    for level, of_type in element_types.sort_values("campaign_key").groupby("element_type"):
        delivered = of_type["delivered"].to_numpy(dtype=float)
        clicks = of_type["human_unique_clicks"].to_numpy(dtype=float)
        beyond = clicks - of_type["expected_clicks"].to_numpy(dtype=float)
        row = {
            "feature": ELEMENT_TYPE,
            "level": level,
            "campaigns": len(of_type),
            "delivered": int(delivered.sum()),
            "human_unique_clicks": int(clicks.sum()),
            "reference_level": "position",
        }
        if len(of_type) >= LEAST_CAMPAIGNS and clicks.sum() >= LEAST_CLICKS:
            effect = beyond.sum() / delivered.sum()
            count = len(of_type)
            squares = ((beyond - effect * delivered) ** 2).sum() * count / (count - 1)
            error = np.sqrt(squares) / delivered.sum()
            if error > 0:
                values = _by_t(effect, error, count - 1)
                row |= dict(zip(_COLUMNS, (*values, "observational", count, None), strict=True))
        rows.append(row)
    names = ["feature", "level", "campaigns", "delivered", "human_unique_clicks", "reference_level", *_COLUMNS]
    return pd.DataFrame(rows, columns=names)


def _combined(effect: np.ndarray, variance: np.ndarray) -> tuple[float, float, float, float]:
    """Random effects; fixed ones where the effects differ by no more than chance, since no spread is negative."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pooled = combine_effects(effect, variance, method_re="dl")
    if pooled.tau2 > 0:
        return _normal(float(pooled.mean_effect_re), float(pooled.sd_eff_w_re))
    return _normal(float(pooled.mean_effect_fe), float(pooled.sd_eff_w_fe))


def _normal(effect: float, error: float) -> tuple[float, float, float, float]:
    half = stats.norm.ppf(1 - differences.ALPHA / 2) * error
    return effect, effect - half, effect + half, 2 * stats.norm.sf(abs(effect) / error)


def _by_t(effect: float, error: float, freedom: int) -> tuple[float, float, float, float]:
    half = stats.t.ppf(1 - differences.ALPHA / 2, freedom) * error
    return effect, effect - half, effect + half, 2 * stats.t.sf(abs(effect) / error, freedom)

"""What many tests at once do to a p-value.

Belongs here: adjusting. Does not belong here: which tests make a family.
"""

from __future__ import annotations

import gc

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests


def holm(p_values: pd.Series, families: pd.Series | None = None) -> pd.Series:
    """p-values adjusted by Holm (1979) within their families, all as one where none are given; NaN is no test.

    Below a level at which one family in so many shows anything by chance.
    """
    return _adjusted(p_values, families, "holm")


def benjamini_hochberg(p_values: pd.Series, families: pd.Series | None = None) -> pd.Series:
    """The same by Benjamini and Hochberg (1995): below a level, so many of what is shown are by chance."""
    return _adjusted(p_values, families, "fdr_bh")


def _adjusted(p_values: pd.Series, families: pd.Series | None, method: str) -> pd.Series:
    adjusted = pd.Series(np.nan, index=p_values.index)
    tested = p_values.dropna()
    # statsmodels collects garbage at each call, of the whole process: a second each where Dagster and dbt are loaded.
    gc.freeze()
    try:
        for _, family in tested.groupby(families if families is not None else np.zeros(len(tested))):
            adjusted[family.index] = multipletests(family, method=method)[1]
    finally:
        gc.unfreeze()
    return adjusted

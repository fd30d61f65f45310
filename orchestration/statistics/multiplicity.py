"""What many tests at once do to a p-value.

Belongs here: adjusting. Does not belong here: which tests make a family.
"""

from __future__ import annotations

import gc

import numpy as np
import pandas as pd
from statsmodels.stats.multitest import multipletests


def holm(p_values: pd.Series, families: pd.Series | None = None) -> pd.Series:
    """p-values adjusted by Holm (1979) within their families, all as one where none are given; NaN is no test."""
    adjusted = pd.Series(np.nan, index=p_values.index)
    tested = p_values.dropna()
    # statsmodels collects garbage at each call, of the whole process: a second each where Dagster and dbt are loaded.
    gc.freeze()
    try:
        for _, family in tested.groupby(families if families is not None else np.zeros(len(tested))):
            adjusted[family.index] = multipletests(family, method="holm")[1]
    finally:
        gc.unfreeze()
    return adjusted

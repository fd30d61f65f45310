"""p-values of many tests."""

import gc

import numpy as np
import pandas as pd
import pytest

from orchestration.statistics.multiplicity import holm


def test_each_family_is_adjusted_by_itself_and_what_was_not_tested_stays_so():
    p_values = pd.Series([0.01, 0.04, np.nan, 0.04], index=[3, 1, 2, 0])
    adjusted = holm(p_values, pd.Series(["a", "a", "a", "b"], index=[3, 1, 2, 0]))
    assert adjusted.loc[[3, 1, 0]].tolist() == pytest.approx([0.02, 0.04, 0.04])
    assert np.isnan(adjusted[2])


def test_without_families_all_tests_are_one():
    assert holm(pd.Series([0.01, 0.02, 0.03])).tolist() == pytest.approx([0.03, 0.04, 0.04])


def test_garbage_is_collected_as_before():
    frozen = gc.get_freeze_count()
    holm(pd.Series([0.5]))
    with pytest.raises(TypeError):
        holm(pd.Series(["no number"]))
    assert gc.get_freeze_count() == frozen

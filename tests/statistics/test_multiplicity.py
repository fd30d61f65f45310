"""p-values of many tests."""

import gc

import numpy as np
import pandas as pd
import pytest

from orchestration.statistics.multiplicity import benjamini_hochberg, holm


def test_each_family_is_adjusted_by_itself_and_what_was_not_tested_stays_so():
    p_values = pd.Series([0.01, 0.04, np.nan, 0.04], index=[3, 1, 2, 0])
    adjusted = holm(p_values, pd.Series(["a", "a", "a", "b"], index=[3, 1, 2, 0]))
    assert adjusted.loc[[3, 1, 0]].tolist() == pytest.approx([0.02, 0.04, 0.04])
    assert np.isnan(adjusted[2])


# The worked example of Benjamini and Hochberg (1995), section 4: fifteen outcomes of a trial of thrombolysis.
TRIAL = pd.Series(
    [
        0.0001,
        0.0004,
        0.0019,
        0.0095,
        0.0201,
        0.0278,
        0.0298,
        0.0344,
        0.0459,
        0.3240,
        0.4262,
        0.5719,
        0.6528,
        0.7590,
        1.0,
    ]
)


def test_the_published_fifteen_are_rejected_as_published():
    """At 5 %: Bonferroni 3, Holm 3, Benjamini and Hochberg 4 (methods.md, section 2.6)."""
    assert (15 * TRIAL < 0.05).sum() == 3
    stepped_down, stepped_up = holm(TRIAL), benjamini_hochberg(TRIAL)
    assert list(stepped_down[:5]) == pytest.approx([0.0015, 0.0056, 0.0247, 0.114, 0.2211], abs=1e-9)
    assert (stepped_down < 0.05).tolist() == [True] * 3 + [False] * 12
    # 15/i times the i-th, and none above those that follow: the sixth to eighth are one.
    assert list(stepped_up[:8]) == pytest.approx(
        [0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.0638571, 0.0638571, 0.0645], abs=1e-7
    )
    assert (stepped_up < 0.05).tolist() == [True] * 4 + [False] * 11


def test_without_families_all_tests_are_one():
    assert holm(pd.Series([0.01, 0.02, 0.03])).tolist() == pytest.approx([0.03, 0.04, 0.04])


def test_garbage_is_collected_as_before():
    frozen = gc.get_freeze_count()
    holm(pd.Series([0.5]))
    with pytest.raises(TypeError):
        holm(pd.Series(["no number"]))
    assert gc.get_freeze_count() == frozen

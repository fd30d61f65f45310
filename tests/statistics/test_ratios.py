"""Ratios of risks among those observed."""

import numpy as np
import pandas as pd
import pytest

from orchestration.statistics import ratios


def test_a_ratio_over_strata_undoes_what_the_strata_explain():
    strata = pd.DataFrame(
        [("engaged", 900, 90, 100, 10), ("dormant", 100, 1, 900, 9)],
        columns=["stratum", "n_with", "x_with", "n_without", "x_without"],
    )
    assert ratios.stratified_ratio(strata.assign(stratum="all")).lo > 2
    assert ratios.stratified_ratio(strata).value == pytest.approx(1)


def test_the_interval_of_a_ratio_is_katzs_where_there_is_one_stratum():
    one = pd.DataFrame([("all", 100, 30, 200, 20)], columns=["stratum", "n_with", "x_with", "n_without", "x_without"])
    found = ratios.stratified_ratio(one)
    error = np.sqrt(1 / 30 - 1 / 100 + 1 / 20 - 1 / 200)
    assert [found.value, found.lo, found.hi] == pytest.approx(3 * np.exp([0, -1.959964 * error, 1.959964 * error]))


def test_few_subscribers_or_events_give_no_ratio():
    columns = ["stratum", "n_with", "x_with", "n_without", "x_without"]
    assert np.isnan(ratios.stratified_ratio(pd.DataFrame([("all", 29, 20, 100, 20)], columns=columns)).value)
    assert np.isnan(ratios.stratified_ratio(pd.DataFrame([("all", 100, 2, 100, 2)], columns=columns)).value)

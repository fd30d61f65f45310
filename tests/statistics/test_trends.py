"""Trends, forecasts and goals: golden figures, and series whose future is known (methods.md, section 2.9)."""

import numpy as np
import pandas as pd
import pymannkendall
import pytest
from statsforecast.models import AutoETS, HoltWinters, Naive, SeasonalNaive

from orchestration.statistics import forecasts, goals, trends
from orchestration.statistics.forecasts import DAYS, Rhythm

# Monthly airline passengers, 1949 to 1960 (Box and Jenkins), in thousands.
PASSENGERS = np.fromstring(
    """112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114 140 145 150 178 163
    172 178 199 199 184 162 146 166 171 180 193 181 183 218 230 242 209 191 172 194 196 196 236 235 229 243 264 272 237
    211 180 201 204 188 235 227 234 264 302 293 259 229 203 229 242 233 267 269 270 315 364 347 312 274 237 278 284 277
    317 313 318 374 413 405 355 306 271 306 315 301 356 348 355 422 465 467 404 347 305 336 340 318 362 348 363 435 491
    505 404 359 310 337 360 342 406 396 420 472 548 559 463 407 362 405 417 391 419 461 472 535 622 606 508 461 390
    432""",
    sep=" ",
)
MONTHS = Rhythm("MS", season=12, horizon=12, most=144, least=24)


def days_of(metric, numerators, denominators=None, *, start="2026-01-05", as_of="2026-12-31", settles=0, scope="all"):
    """Rows of int_metric_days."""
    dates, total = pd.date_range(start, periods=len(numerators)), np.asarray(numerators, dtype=float)
    return pd.DataFrame(
        {
            "metric": metric, "scope": scope, "day_on": dates, "is_rate": denominators is not None,
            "settles_in_days": settles, "as_of_on": pd.Timestamp(as_of), "numerator": total,
            "denominator": np.nan if denominators is None else np.asarray(denominators, dtype=float),
        }
    )  # fmt: skip


def test_mann_kendall_and_sen_on_the_passengers():
    found = pymannkendall.original_test(PASSENGERS)
    assert [found.s, found.var_s, found.z, found.Tau, found.slope] == pytest.approx(
        [8327, 335164.333333, 14.38161, 0.808761, 2.451216], rel=1e-6
    )
    seasonal = pymannkendall.seasonal_test(PASSENGERS, period=12)
    assert [seasonal.s, seasonal.var_s, seasonal.z] == pytest.approx([784, 2550, 15.50571], rel=1e-6)


def test_the_long_run_allows_for_neighbours_that_go_together():
    z, slope = trends.long_run(PASSENGERS)
    assert slope == pytest.approx(2.451216, abs=1e-6)
    assert z != pytest.approx(14.38161, abs=0.1)
    independent = np.random.default_rng(1).normal(size=60)
    assert trends.long_run(independent)[0] == pytest.approx(pymannkendall.original_test(independent).z)


def test_what_a_newsletter_of_every_other_week_gains_is_told_per_week():
    week = np.arange(280) // 7
    sent = np.where(week % 2 == 0, 10_000, 0)
    found = trends.results(days_of("r_rate", sent * (0.01 + 0.001 * week), sent))
    assert len(found) == 20
    assert found["sen_slope"].to_numpy() == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("model", "mae", "mase"),
    [
        (SeasonalNaive(12), 47.833, 1.5709),
        (HoltWinters(12, "M"), 19.721, 0.6477),
        (AutoETS(season_length=12), 35.612, 1.1695),
        (Naive(), 76.0, 2.4959),
    ],
)
def test_the_back_test_of_the_passengers(model, mae, mase):
    """One fold, the last twelve months."""
    mean = model.forecast(PASSENGERS[:-12], 12)["mean"]
    assert np.abs(mean - PASSENGERS[-12:]).mean() == pytest.approx(mae, abs=6e-4)
    assert forecasts.backtest(model, PASSENGERS, MONTHS, folds=1)[0] == pytest.approx(mase, abs=5e-5)


def test_a_jump_is_up_a_steady_rate_in_control_and_thin_weeks_say_too_little():
    generator = np.random.default_rng(2)
    sent = np.full(280, 500)
    steady = days_of("steady_rate", generator.binomial(sent, 0.05), sent)
    jump = days_of("jump_rate", generator.binomial(sent, np.where(np.arange(280) < 210, 0.05, 0.08)), sent)
    thin = days_of("thin_rate", np.zeros(280), np.ones(280))
    found = trends.results(pd.concat([steady, jump, thin]))
    last = found.groupby("metric").last()["status"]
    assert last.to_dict() == {"jump_rate": "up", "steady_rate": "in_control", "thin_rate": "too_little_data"}
    assert set(found[found["metric"] == "steady_rate"]["status"]) == {"in_control"}
    assert found[found["metric"] == "jump_rate"]["sen_slope"].iloc[0] > 0
    assert (found["ewma_lo"].dropna() >= 0).all()


def test_series_too_short_to_read_say_so_however_many_there_are():
    days = pd.concat([days_of("r_rate", [1] * 21, [50] * 21, scope=f"campaign_type={n}") for n in range(3)])
    found = trends.results(pd.concat([days, days_of("r_rate", [0] * 7, [0] * 7, scope="all")]))
    assert found["scope"].value_counts().to_dict() == {f"campaign_type={n}": 3 for n in range(3)}
    assert set(found["status"]) == {"too_little_data"}
    assert found[["ewma", "ewma_lo", "trend_z"]].isna().all(axis=None)
    assert trends.results(days_of("r_rate", [0] * 70, [0] * 70)).empty


def test_weeks_that_may_still_move_are_left_out_and_silent_weeks_of_a_total_are_nought():
    rate = days_of("r_rate", [1] * 28, [50] * 28, as_of="2026-02-05", settles=7)
    found = trends.results(rate)
    assert found["period_start_on"].max() == pd.Timestamp("2026-01-19")
    total = days_of("orders", [3], start="2026-01-05", as_of="2026-02-05")
    later = days_of("orders", [4], start="2026-01-26", as_of="2026-02-05")
    assert trends.results(pd.concat([total, later]))["numerator"].tolist() == [3, 0, 0, 4]


def test_orders_that_run_dry_while_mail_goes_on_are_down():
    opened = days_of("open_rate", [20] * 140, [100] * 140, as_of="2026-06-01")
    orders = np.random.default_rng(8).poisson(5, size=112)
    found = trends.results(pd.concat([opened, days_of("orders", orders, as_of="2026-06-01")]))
    last = found[found["metric"] == "orders"].tail(4)
    assert last["numerator"].tolist() == [0, 0, 0, 0]
    assert last["status"].tolist()[-1] == "down"
    alone = trends.results(days_of("orders", orders, as_of="2026-06-01"))
    assert alone["period_start_on"].max() == pd.Timestamp("2026-04-20")  # nothing at all was recorded after it


def test_a_week_of_which_the_records_hold_a_part_is_no_whole_one_of_a_total():
    orders = days_of("orders", [5] * 60, start="2026-01-08", as_of="2026-03-10")
    assert set(trends.results(orders)["numerator"]) == {35}
    later = days_of("orders", [5] * 58, start="2026-01-10", as_of="2026-03-10")
    mail = days_of("r_rate", [1] * 60, [50] * 60, start="2026-01-08", as_of="2026-03-10")
    known_before = days_of("new_subscribers", [1] * 8, start="2025-11-24", as_of="2026-03-10")
    found = trends.results(pd.concat([later, mail, known_before])).groupby("metric")["period_start_on"].min()
    assert found["orders"] == pd.Timestamp("2026-01-12")
    assert found["r_rate"] == pd.Timestamp("2026-01-05")
    rare = days_of("orders", [2] + [0] * 20 + [2], start="2026-01-08", as_of="2026-03-10")
    assert trends.results(rare[rare["numerator"] > 0])["numerator"].tolist() == [0, 0, 2]
    from_the_start = days_of("orders", [5] * 58, start="2026-01-16", as_of="2026-03-10")  # mail went out all that week
    found = trends.results(pd.concat([from_the_start, mail])).groupby("metric")["numerator"].first()
    assert found["orders"] == 15


def test_only_what_beats_the_naive_forecast_is_published():
    generator = np.random.default_rng(3)
    season = np.tile([20, 30, 40, 50, 40, 10, 5], 40)
    noisy = generator.poisson(season).astype(float)
    found = forecasts.best(noisy[-182:], DAYS)
    assert found["beats_naive"]
    assert found["mase"] < found["naive_mase"]
    assert 0.85 <= found["coverage"] <= 1
    assert (np.abs(found["forecast"] - season[:28]) < 8).all()
    exact = forecasts.best(np.tile([1.0, 2, 3, 4, 5, 6, 8], 30) + np.repeat(np.arange(30), 7), DAYS)
    walk = generator.normal(size=182).cumsum() + 100
    for found in (exact, forecasts.best(walk, Rhythm("7D", season=1, horizon=8, most=104, least=26))):
        assert found["beats_naive"] == (not np.isnan(found["forecast"]).any())


def test_a_series_without_a_scale_has_no_error_and_no_forecast():
    found = forecasts.results(days_of("orders", [0] * 199 + [1], as_of="2026-07-24"))
    assert (len(found), found["beats_naive"].any()) == (28, False)
    assert found[["mase", "naive_mase", "forecast"]].isna().all(axis=None)


def test_short_series_have_no_forecast():
    assert forecasts.results(days_of("orders", [5] * 60)).empty


GOAL = {"goal": "g", "metric": "orders", "scope": "all", "target": 100.0, "period": "month", "starts_on": "2026-01-01"}


def progress(days, as_of, **changes):
    return goals.results(pd.DataFrame([{**GOAL, "as_of_on": as_of, **changes}]), days).set_index("period_start_on")


def test_a_period_that_has_ended_is_reached_or_missed():
    days = days_of("orders", [4] * 59, start="2026-01-01", as_of="2026-03-01")
    found = progress(days, "2026-03-01", target=120)
    assert found["actual"].tolist() == [124, 112]
    assert found["status"].tolist() == ["reached", "missed"]
    assert found["probability_of_reaching"].tolist() == [1, 0]


@pytest.mark.parametrize(("beyond", "status"), [(-40, "on_track"), (0, "at_risk"), (40, "off_track")])
def test_a_running_period_is_projected_from_the_days_before(beyond, status):
    orders = np.random.default_rng(4).poisson(4, size=46)
    days = days_of("orders", orders, start="2025-12-01", as_of="2026-01-16")
    projected = orders[31:].sum() + 16 * orders.mean()
    found = progress(days, "2026-01-16", target=projected + beyond).iloc[-1]
    assert (found["actual"], found["projected"]) == (orders[31:].sum(), pytest.approx(projected))
    assert found["status"] == status


def test_a_total_that_has_reached_its_target_stays_so():
    orders = np.append(np.zeros(40), [0, 0, 0, 0, 100, 0])
    days = days_of("orders", orders, start="2025-12-01", as_of="2026-01-16")
    found = progress(days, "2026-01-16", target=100).iloc[-1]
    assert (found["actual"], found["probability_of_reaching"], found["status"]) == (100, 1, "on_track")


def test_probabilities_of_reaching_a_total_are_calibrated():
    generator = np.random.default_rng(5)
    said, came = [], []
    for _ in range(150):
        orders = generator.poisson(4, size=77)
        days = days_of("orders", orders[:62], start="2025-11-15", as_of="2026-01-16")
        found = progress(days, "2026-01-16", target=float(generator.integers(105, 145))).iloc[-1]
        said.append(found["probability_of_reaching"])
        came.append(orders[47:].sum() + generator.poisson(4) >= found["target"])
    said, came = np.array(said), np.array(came)
    assert ((said - came) ** 2).mean() < 0.2
    assert said.mean() == pytest.approx(came.mean(), abs=0.08)


def test_a_rate_that_is_to_stay_low_is_reached_below_its_target():
    days = days_of("complaint_rate", [0] * 31, [500] * 31, start="2026-01-01", as_of="2026-02-01")
    found = progress(days, "2026-02-01", metric="complaint_rate", target=0.001).iloc[0]
    assert (found["status"], found["actual_lo"]) == ("reached", 0)
    high = days_of("complaint_rate", [2] * 31, [500] * 31, start="2026-01-01", as_of="2026-02-01")
    assert progress(high, "2026-01-20", metric="complaint_rate", target=0.001).iloc[0]["status"] == "off_track"


def test_what_was_not_measured_or_lies_before_all_data_says_so():
    days = days_of("orders", [4] * 31, start="2026-03-01", as_of="2026-04-01")
    found = progress(days, "2026-04-01")
    assert found["status"].tolist() == ["too_little_data", "too_little_data", "reached"]
    assert found["actual"].isna().tolist() == [True, True, False]
    # Somebody who signed up long ago does not make the months before the first mail months without an order.
    old = days_of("new_subscribers", [1], start="2020-01-01", as_of="2026-04-01")
    assert progress(pd.concat([days, old]), "2026-04-01")["status"].tolist() == found["status"].tolist()
    assert progress(days, "2026-04-01", metric="sign_ups")["status"].unique().tolist() == ["too_little_data"]


def test_a_rate_of_a_few_messages_is_neither_reached_nor_missed():
    days = days_of("click_rate", [1] * 10, [2] * 10, start="2026-01-01", as_of="2026-02-01")
    found = progress(days, "2026-02-01", metric="click_rate", target=0.1).iloc[0]
    assert (found["actual"], found["status"]) == (0.5, "too_little_data")


def test_a_rate_lies_in_its_interval_to_the_last_digit():
    days = days_of("complaint_rate", np.zeros(59), np.full(59, 100), start="2026-01-01", as_of="2026-03-01")
    found = goals.progress(
        days, pd.Timestamp("2026-02-01"), pd.Timestamp("2026-03-01"), pd.Timestamp("2026-03-01"), 0.001, True, True
    )
    assert found["actual_lo"] <= found["actual"] == 0


def test_a_rate_is_not_missed_while_its_responses_come_in():
    """Of ten sent each day all but the last week's have had their clicks: 30 %, and a target of 27 %."""
    clicks = [3] * 86 + [1] * 7
    for as_of, status in (("2026-02-01", "on_track"), ("2026-02-08", "missed")):
        days = days_of("click_rate", clicks, [10] * 93, start="2025-10-31", as_of=as_of, settles=7)
        found = progress(days, as_of, metric="click_rate", target=0.27)
        assert found.loc[pd.Timestamp("2026-01-01"), "status"] == status, as_of


def test_no_complaint_so_far_is_on_track_and_a_few_messages_without_one_are_not():
    """0 of 31,000 in 62 days: 0 of 15,500 more are likely, one in a thousand is not."""
    for sent, status in ((500, "on_track"), (4, "at_risk")):
        days = days_of("complaint_rate", [0] * 62, [sent] * 62, start="2025-12-01", as_of="2026-02-01")
        found = progress(days, "2026-01-16", metric="complaint_rate", target=0.001).iloc[-1]
        assert (found["projected"], found["status"]) == (0, status), sent


def test_probabilities_of_reaching_a_rate_are_calibrated():
    generator = np.random.default_rng(6)
    said, came = [], []
    for _ in range(150):
        sent = generator.integers(20, 60, size=77)
        clicks = generator.binomial(sent, 0.05)
        days = days_of("click_rate", clicks[:62], sent[:62], start="2025-11-15", as_of="2026-01-16")
        found = progress(days, "2026-01-16", metric="click_rate", target=float(generator.uniform(0.04, 0.06))).iloc[-1]
        coming = 16 * sent[6:62].mean()
        total = clicks[47:62].sum() + generator.binomial(int(coming), 0.05)
        said.append(found["probability_of_reaching"])
        came.append(total / (sent[47:62].sum() + int(coming)) >= found["target"])
    said, came = np.array(said), np.array(came)
    assert ((said - came) ** 2).mean() < 0.2
    assert said.mean() == pytest.approx(came.mean(), abs=0.08)


@pytest.mark.parametrize("mistake", [{"period": "fortnight"}, {"target": None}, {"starts_on": None}], ids=str)
def test_a_goal_that_cannot_be_read_is_named(mistake):
    with pytest.raises(
        ValueError,
        match=r"goal 'g' in goals\.csv needs a target, a first day and a period of week, month, quarter, year",
    ):
        progress(days_of("orders", [4] * 31, start="2026-01-01"), "2026-02-01", **mistake)

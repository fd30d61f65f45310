"""How well a campaign goes down, apart from whom and when it was sent to.

Belongs here: telling what a campaign does to responses from what its hours do. Does not belong here: counting responses
(int_send_chances) and choosing hours (int_send_effects, send_time).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

# Spreads begin at these variances of log odds, which weigh as much as so many campaigns or slots (ours): with a
# handful of campaigns nothing else tells how much campaigns differ.
_BEGIN, _BEGIN_WEIGHT = 0.1, 2.0
_ROUNDS, _SETTLED = 500, 1e-9
# No campaign is so disliked that a response to it could not be expected.
_LEAST = 0.05


def appeals(chances: pd.DataFrame) -> pd.DataFrame:
    """Responses to each campaign and day of its sends, in multiples of those explained by recipients and hours.

    `chances` has `campaign_key`, `sent_on`, `hour_of_week`, `responses`, `expected_responses` (by the recipients' own
    rates) and `information` (the variance of responses by chance). Log odds ratios of campaigns, their days, hours
    of the day and of days of the week are fitted at once, each drawn towards 0 by how much its kind varies (a ridge
    fitted by cyclic descent, its variances by expectation and maximisation). So a campaign that was sent at one hour
    shares what it does with the other campaigns of that hour, and one that was sent at many is compared within itself.
    """
    rows = chances.sort_values(["campaign_key", "sent_on", "hour_of_week"]).reset_index(drop=True)
    sends = rows[["campaign_key", "sent_on"]].drop_duplicates().reset_index(drop=True)
    send = rows.groupby(["campaign_key", "sent_on"], sort=True).ngroup().to_numpy()
    campaign = pd.factorize(rows["campaign_key"])[0]
    hour_of_week = rows["hour_of_week"].to_numpy(dtype=int)
    excess = (rows["responses"] - rows["expected_responses"]).to_numpy(dtype=float)
    information = rows["information"].to_numpy(dtype=float)
    of_campaign, of_send, _, _ = fitted(excess, information, [campaign, send, hour_of_week % 24, hour_of_week // 24])
    effect = of_campaign[pd.factorize(sends["campaign_key"])[0]] + of_send
    expected = np.bincount(send, rows["expected_responses"].to_numpy(dtype=float))
    explained = effect * np.bincount(send, information) / expected
    return sends.assign(appeal=np.round(np.maximum(1 + explained, _LEAST), 6))


def fitted(excess: np.ndarray, information: np.ndarray, groups: list[np.ndarray]) -> list[np.ndarray]:
    """Effects of each grouping on the log odds, where a row's excess is about its information times their sum."""
    known = [np.bincount(group, information) for group in groups]
    effects = [np.zeros(len(each)) for each in known]
    spreads = [_BEGIN] * len(groups)
    total = np.zeros(len(excess))
    for _ in range(_ROUNDS):
        moved = 0.0
        for number, group in enumerate(groups):
            unexplained = np.bincount(group, excess - information * (total - effects[number][group]))
            precision = known[number] + 1 / spreads[number]
            effect = unexplained / precision
            total += (effect - effects[number])[group]
            moved = max(moved, float(np.abs(effect - effects[number]).max()))
            effects[number] = effect
            seen = known[number] > 0
            spreads[number] = float(
                ((effect**2 + 1 / precision)[seen].sum() + _BEGIN * _BEGIN_WEIGHT) / (seen.sum() + _BEGIN_WEIGHT)
            )
        if moved < _SETTLED:
            break
    return effects

"""What a link of an e-mail draws by where it stands.

Belongs here: how position and mail explain clicks. Does not belong here: who clicked what (int_element_clicks) and what
is made of the difference (content_elements).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

_ROUNDS, _TOLERANCE = 1_000, 1e-10
# With one link there is nothing to share the mail's clicks out over.
LEAST_LINKS = 2


def expectations(elements: pd.DataFrame) -> pd.DataFrame:
    """The click rate that each link's position alone would give it, and how many other campaigns say so.

    `elements` has `campaign_key`, `variant`, `link_key`, `position`, `delivered` (> 0) and `human_unique_clicks`.
    Clicks are taken to be as many as the mail (campaign and variant) draws in general times what the position does:
    both are fitted together, by maximum likelihood of a Poisson model with two factors. A mail's own clicks are then
    shared out over its positions as the mails of *other* campaigns have them, so that no link is compared with itself.
    NaN where no other campaign has a link at the position that anybody clicked, or fewer than two links of the mail can
    be compared so.
    """
    rows = elements.sort_values(["campaign_key", "variant", "link_key"]).reset_index(drop=True)
    clicks, delivered = (rows[name].to_numpy(dtype=float) for name in ("human_unique_clicks", "delivered"))
    mail = rows.groupby(["campaign_key", "variant"], sort=False).ngroup().to_numpy()
    position = rows["position"].astype("category").cat.codes.to_numpy()
    cell = rows.groupby(["campaign_key", "position"], sort=False).ngroup().to_numpy()

    level = _levels(clicks, delivered, mail, position)
    exposure = delivered * level[mail]
    with np.errstate(divide="ignore", invalid="ignore"):
        others = np.bincount(position, clicks)[position] - np.bincount(cell, clicks)[cell]
        draw = others / (np.bincount(position, exposure)[position] - np.bincount(cell, exposure)[cell])
    campaigns = rows.groupby("position")["campaign_key"].transform("nunique").to_numpy() - 1
    is_comparable = (campaigns > 0) & (others > 0) & np.isfinite(draw)
    draw = np.where(is_comparable, draw, 0.0)
    is_shared = is_comparable & (np.bincount(mail, is_comparable)[mail] >= LEAST_LINKS)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = draw / np.bincount(mail, draw * delivered)[mail]
        expected = share * np.bincount(mail, np.where(is_comparable, clicks, 0.0))[mail]
    return rows[["campaign_key", "variant", "link_key"]].assign(
        expected_click_rate=np.where(is_shared, np.minimum(expected, 1.0), np.nan),
        compared_campaigns=np.where(is_shared, campaigns, 0),
    )


def _levels(clicks: np.ndarray, delivered: np.ndarray, mail: np.ndarray, position: np.ndarray) -> np.ndarray:
    """How much each mail draws, by iterative proportional fitting of the two factors."""
    of_mail, of_position = np.bincount(mail, clicks), np.bincount(position, clicks)
    draw = np.ones(len(of_position))
    level = np.zeros(len(of_mail))
    for _ in range(_ROUNDS):
        before = level
        with np.errstate(divide="ignore", invalid="ignore"):
            level = np.nan_to_num(of_mail / np.bincount(mail, delivered * draw[position]))
            draw = np.nan_to_num(of_position / np.bincount(position, delivered * level[mail]))
        if np.allclose(level, before, rtol=_TOLERANCE, atol=0):
            break
    return level

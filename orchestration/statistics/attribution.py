"""Credit that no single conversion shows: what a campaign's absence would cost on the paths of all subscribers.

Belongs here: the Markov chain. Does not belong here: rules for one conversion, and the Shapley value, which for sets of
campaigns is an equal share of each conversion among its campaigns (`campaign_attribution.sql`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

START, CONVERSION = "start", "conversion"


def conversion_probability(transitions: pd.DataFrame) -> float:
    """How likely a path of the chain is to end in a conversion; see `removals` for the argument."""
    return _chain(transitions)[3]


def removals(transitions: pd.DataFrame) -> pd.DataFrame:
    """Removal effect of each campaign in the first-order Markov chain, exactly.

    `transitions` has `from_state`, `to_state` and `moves`; states are campaigns, `start`, `conversion`, and `none`,
    where a path ends without one. Returns `campaign_key`, `removal_effect` (share of the conversions that is lost where
    steps to the campaign end) and `share` (of the sum of all effects); empty where nothing converts.

    With N = (I - Q)^-1 the expected visits, a path ever reaches c with probability N[start, c] / N[c, c], and converts
    from there with probability h[c]: their product is what is lost without c. One inverse serves all campaigns.
    """
    states, visits, converts, total = _chain(transitions)
    columns = ["campaign_key", "removal_effect", "share"]
    if not total > 0:
        return pd.DataFrame(columns=columns)
    start = states.index(START)
    lost = visits[start] / np.diag(visits) * converts / total
    effects = pd.DataFrame({"campaign_key": states, "removal_effect": lost}).drop(index=start)
    return effects.assign(share=effects["removal_effect"] / effects["removal_effect"].sum())[columns]


def _chain(transitions: pd.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray, float]:
    """States, expected visits N from each to each, conversion probability of each, and that of the start."""
    states = sorted(set(transitions["from_state"]))
    number = pd.Series(range(len(states)), index=states)
    origin = number[transitions["from_state"]].to_numpy()
    count = transitions["moves"].to_numpy(dtype=float)
    totals, moves, wins = np.zeros(len(states)), np.zeros((len(states), len(states))), np.zeros(len(states))
    np.add.at(totals, origin, count)
    stays = transitions["to_state"].isin(states).to_numpy()
    np.add.at(moves, (origin[stays], number[transitions["to_state"][stays]].to_numpy()), count[stays])
    converts = (transitions["to_state"] == CONVERSION).to_numpy()
    np.add.at(wins, origin[converts], count[converts])
    visits = np.linalg.inv(np.eye(len(states)) - moves / totals[:, None])
    chances = visits @ (wins / totals)
    return states, visits, chances, float(chances[number[START]])

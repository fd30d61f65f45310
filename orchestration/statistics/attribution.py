"""Credit that no single conversion shows: what a campaign's absence would cost on the paths of all subscribers.

Belongs here: the Markov chain. Does not belong here: rules for one conversion, and the Shapley value, which for sets of
campaigns is an equal share of each conversion among its campaigns (`campaign_attribution.sql`).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import splu

START, CONVERSION = "start", "conversion"
# States whose returns are solved for together: memory, not time.
_AT_ONCE = 256


def conversion_probability(transitions: pd.DataFrame) -> float:
    """How likely a path of the chain is to end in a conversion; see `removals` for the argument."""
    return _Chain(transitions).total


def removals(transitions: pd.DataFrame) -> pd.DataFrame:
    """Removal effect of each campaign in the first-order Markov chain, exactly.

    `transitions` has `from_state`, `to_state` and `moves`; states are campaigns, `start`, `conversion`, and `none`,
    where a path ends without one. Returns `campaign_key`, `removal_effect` (share of the conversions that is lost where
    steps to the campaign end) and `share` (of the sum of all effects); empty where nothing converts.

    With N = (I - Q)^-1 the expected visits, a path ever reaches c with probability N[start, c] / N[c, c], and converts
    from there with probability h[c]: their product is what is lost without c.
    """
    chain = _Chain(transitions)
    columns = ["campaign_key", "removal_effect", "share"]
    if not chain.total > 0:
        return pd.DataFrame(columns=columns)
    lost = chain.visits_from_start() / chain.returns() * chain.converts / chain.total
    effects = pd.DataFrame({"campaign_key": chain.states, "removal_effect": lost}).drop(index=chain.start)
    return effects.assign(share=effects["removal_effect"] / effects["removal_effect"].sum())[columns]


class _Chain:
    """The chain of `transitions`, solved by one sparse factorisation: most pairs of campaigns never follow each other,
    so thousands stay cheap."""

    def __init__(self, transitions: pd.DataFrame):
        self.states = sorted(set(transitions["from_state"]))
        self.start = self.states.index(START)
        number = pd.Series(range(len(self.states)), index=self.states)
        origin, target = number[transitions["from_state"]].to_numpy(), transitions["to_state"]
        chance = transitions["moves"].to_numpy(dtype=float)
        chance = chance / np.bincount(origin, weights=chance)[origin]
        stays, wins = target.isin(self.states).to_numpy(), (target == CONVERSION).to_numpy()
        shape = (len(self.states), len(self.states))
        moves = sparse.csc_matrix((chance[stays], (origin[stays], number[target[stays]].to_numpy())), shape=shape)
        self._solver = splu(sparse.eye_array(len(self.states), format="csc") - moves)
        #: Probability of a conversion from each state on, and from the start.
        self.converts = self._solver.solve(np.bincount(origin[wins], weights=chance[wins], minlength=len(self.states)))
        self.total = float(self.converts[self.start])

    def visits_from_start(self) -> np.ndarray:
        """Expected visits of a path to each state."""
        return self._solver.solve(np.eye(1, len(self.states), self.start)[0], trans="T")

    def returns(self) -> np.ndarray:
        """Expected visits to each state of a path that is there, this one included."""
        size = len(self.states)
        found = np.empty(size)
        for first in range(0, size, _AT_ONCE):
            block = np.arange(first, min(first + _AT_ONCE, size))
            ones = np.zeros((size, len(block)))
            ones[block, block - first] = 1
            found[block] = self._solver.solve(ones)[block, block - first]
        return found

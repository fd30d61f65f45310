"""How likely a message is to lose its recipient.

Belongs here: inferring a probability from counts of losses in like circumstances. Does not belong here: what counts as
a loss and how circumstances are cut into levels (int_loss_counts).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.linalg import block_diag
from scipy.special import expit, logit

CIRCUMSTANCES = ("engagement_tier", "pressure", "experience")
# The variance of the effects of levels on the log odds (ours): e-fold differences are usual, twentyfold ones are not.
_VARIANCE = 1.0
# How strictly their mean over all messages is held at 0.
_CENTRED = 1e4
_ROUNDS, _SETTLED = 100, 1e-10
# What raises the log odds by less is no reason.
_LEAST_REASON = 0.1


def risks(counts: pd.DataFrame) -> pd.DataFrame:
    """Each circumstance's probability of a loss by the next message, and what raises it most above the account's.

    `counts` has the columns of CIRCUMSTANCES, each a level, with `messages` and `losses`. The hazard of a loss per
    message is a logistic regression on the levels, whose effects are drawn towards 0 (Gaussian prior) and whose
    intercept is not, so that expected losses sum to those seen. `main_reason` is the level that raises the log odds
    most. Probabilities are NaN while nobody was lost.
    """
    rows = counts.sort_values(list(CIRCUMSTANCES)).reset_index(drop=True)
    messages, losses = (rows[name].to_numpy(dtype=float) for name in ("messages", "losses"))
    result = rows[list(CIRCUMSTANCES)].copy()
    if losses.sum() == 0:
        return result.assign(probability=np.nan, account_rate=np.nan, main_reason=None)
    design, penalty, places = [np.ones((len(rows), 1))], [np.zeros((1, 1))], [slice(0, 1)]
    for name in CIRCUMSTANCES:
        codes, names = pd.factorize(rows[name], sort=True)
        share = np.bincount(codes, messages) / messages.sum()
        design.append(np.eye(len(names))[codes])
        # Effects are of single levels and of mean 0 over all messages: what is little known is as the account is.
        penalty.append(np.eye(len(names)) / _VARIANCE + _CENTRED * np.outer(share, share))
        places.append(slice(places[-1].stop, places[-1].stop + len(names)))
    effects = logistic(np.hstack(design), messages, losses, block_diag(*penalty))
    raised = np.column_stack([design[n] @ effects[places[n]] for n in range(1, len(design))])
    strongest = raised.argmax(axis=1)
    reasons = [
        f"{CIRCUMSTANCES[kind]}: {rows[CIRCUMSTANCES[kind]][row]}" if raised[row, kind] > _LEAST_REASON else None
        for row, kind in enumerate(strongest)
    ]
    return result.assign(
        probability=np.round(expit(np.hstack(design) @ effects), 9),
        account_rate=losses.sum() / messages.sum(),
        main_reason=reasons,
    )


def logistic(design: np.ndarray, trials: np.ndarray, successes: np.ndarray, penalty: np.ndarray) -> np.ndarray:
    """Effects of the columns of `design` on the log odds, drawn towards 0 by half the quadratic form of `penalty`.

    The first column is the intercept. Newton's method on the penalised likelihood, which is concave; a step that would
    lower it is halved.
    """
    rate = successes.sum() / trials.sum()
    effects = np.zeros(design.shape[1])
    effects[0] = logit(min(rate, 0.999))

    def likelihood(at: np.ndarray) -> float:
        log_odds = design @ at
        return float((successes * log_odds - trials * np.logaddexp(0, log_odds)).sum() - at @ penalty @ at / 2)

    for _ in range(_ROUNDS):
        chance = expit(design @ effects)
        slope = design.T @ (successes - trials * chance) - penalty @ effects
        curvature = (design.T * (trials * chance * (1 - chance))) @ design + penalty
        step = np.linalg.lstsq(curvature, slope, rcond=None)[0]
        while likelihood(effects + step) < likelihood(effects) and np.abs(step).max() > _SETTLED:
            step = step / 2
        effects = effects + step
        if np.abs(step).max() < _SETTLED:
            break
    return effects

"""Which of several arms is best, and what choosing one may cost: the Bayesian view of an experiment.

Belongs here: probabilities and expected losses under given posteriors. Does not belong here: verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_EDGES = (1e-12, 1e-6, 0.01, 0.2, 0.5, 0.8, 0.99, 1 - 1e-6, 1 - 1e-12)


def of_rate(successes: float, n: float):
    """A rate's posterior from the uniform prior."""
    return stats.beta(1 + successes, 1 + n - successes)


def of_mean(mean: float, variance: float, n: float):
    """A mean's posterior by the central limit theorem, from a flat prior."""
    return stats.norm(mean, np.sqrt(variance / n))


def best_and_loss(posteriors: Sequence) -> tuple[np.ndarray, np.ndarray]:
    """For each independent posterior: the probability that its value is the greatest, and the loss of choosing it.

    The expected loss is by how much the best of the others exceeds it, 0 where none does, in the metric's unit. Both
    are one-dimensional integrals, exact to about 1e-9 by Gauss-Legendre between the posteriors' quantiles:
    P(i is best) = integral of f_i times the product of the others' F; loss of i = integral of F_i (1 - that product).
    Probabilities are of their sum, which is 1 but for that error: none may be above 1.
    """
    edges = np.unique(np.concatenate([posterior.ppf(_EDGES) for posterior in posteriors]))
    half = np.diff(edges)[:, None] / 2
    points = (edges[:-1, None] + half + half * _NODES).ravel()
    weights = (half * _WEIGHTS).ravel()
    below = np.array([posterior.cdf(points) for posterior in posteriors])
    others = np.array([np.prod(np.delete(below, i, axis=0), axis=0) for i in range(len(posteriors))])
    density = np.array([posterior.pdf(points) for posterior in posteriors])
    best = (density * others) @ weights
    return best / best.sum(), (below * (1 - others)) @ weights

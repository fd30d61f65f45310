"""Worlds with one micro-conversion whose role is known, reduced to what `values.values` reads.

Belongs here: how subscribers of such a world act, and how often its role is told. Does not belong here: what is asked
of that (`tests/statistics/test_values.py`, and `tests/benchmarks/test_evidence.py` on worlds of other shapes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from orchestration.statistics import values

STRATA = ["exposure", "outcome", "stratum", "exposure_is_macro", "n_with", "x_with", "n_without", "x_without"]
METRICS = ["experiment", "variant", "is_control", "conversion", "is_macro", "n", "successes"]
OVERLAPS = ["experiment", "variant", "conversion", "other_conversion", "subscribers_with_both"]
SEGMENTS = [
    *("experiment", "variant", "is_control", "segment", "micro_conversion", "macro_conversion", "n"),
    *("micro_successes", "macro_successes", "both_successes"),
]
NO_SEGMENTS = pd.DataFrame(columns=SEGMENTS)
ROLES = ("driver", "confounded", "another way", "spike")
VERDICTS = ("driver", "indicator", "vanity", "unproven")


@dataclass(frozen=True)
class Shape:
    """How large a world is and how strongly things go together; rates are per subscriber."""

    seen: int = 30_000
    arm: int = 20_000
    weekly: int = 6_000
    weeks: int = 40
    bursts: int = 5
    burst: float = 0.10
    engaged: float = 0.3
    micro: float = 0.10
    pushed: float = 0.08
    order: float = 0.02
    order_if_engaged: float = 0.06
    micro_if_engaged: float = 0.25
    order_if_driven: float = 0.15
    # What an arm that works another way as well adds to everybody's chance of an order.
    order_if_mailed: float = 0.015
    # The share of the engaged whose engagement is on record: the rest confounds unseen.
    recorded: float = 0.67

    @classmethod
    def drawn(cls, seed: int) -> Shape:
        """A world of another size and strength."""
        draw = np.random.default_rng((seed, 1)).uniform
        return cls(
            seen=int(draw(8_000, 60_000)),
            arm=int(draw(4_000, 40_000)),
            weekly=int(draw(2_000, 12_000)),
            weeks=int(draw(30, 100)),
            bursts=int(draw(3, 8)),
            burst=draw(0.05, 0.20),
            engaged=draw(0.1, 0.5),
            micro=draw(0.04, 0.30),
            pushed=draw(0.04, 0.15),
            order=draw(0.005, 0.04),
            order_if_engaged=draw(0.02, 0.10),
            micro_if_engaged=draw(0.10, 0.40),
            order_if_driven=draw(0.08, 0.30),
            recorded=draw(0.4, 0.95),
            order_if_mailed=draw(0.0, 0.03),
        )


def confusion(
    seeds: Iterable[int], shape: Callable[[int], Shape] = lambda seed: Shape()
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Verdicts (columns) by planted role (rows), with a randomised experiment on record and without one."""
    randomised = pd.DataFrame(0, index=list(ROLES), columns=list(VERDICTS))
    observed = randomised.copy()
    for role in ROLES:
        for seed in seeds:
            associations, metrics, overlaps, weeks = world(role, seed, shape(seed))
            (verdict,) = values.values(associations, metrics, overlaps, weeks, NO_SEGMENTS)["verdict"]
            randomised.loc[role, verdict] += 1
            (verdict,) = values.values(associations, metrics[:0], overlaps[:0], weeks, NO_SEGMENTS)["verdict"]
            observed.loc[role, verdict] += 1
    return randomised, observed


def world(role: str, seed: int, shape: Shape) -> tuple[pd.DataFrame, ...]:
    """Associations, counts and overlaps of an experiment, and weeks.

    driver: the micro-conversion raises the chance of an order. confounded: engagement raises both. another way:
    engagement raises both, and the experiment's arm raises orders too, by something else. spike: it comes in bursts of
    its own.
    """
    generator = np.random.default_rng(seed)

    def people(n: int, *, push: float = 0.0, extra: float = 0.0, engaged: np.ndarray | None = None) -> pd.DataFrame:
        engaged = generator.random(n) < shape.engaged if engaged is None else engaged
        also = shape.micro_if_engaged * engaged if role in ("confounded", "another way") else 0
        micro = generator.random(n) < shape.micro + push + also
        driven = shape.order_if_driven * micro if role == "driver" else 0
        order = generator.random(n) < shape.order + shape.order_if_engaged * engaged + driven + extra
        return pd.DataFrame({"micro": micro, "order": order, "engaged": engaged})

    rows = []
    seen = people(shape.seen)
    # The placebo looks at a later time, at which the same people act again.
    later = people(shape.seen, engaged=seen["engaged"].to_numpy())
    seen["stratum"] = seen["engaged"] & (generator.random(shape.seen) < shape.recorded)
    for exposure, outcome in (("micro", "order"), ("order", "micro")):
        target = seen["order"] if exposure == "micro" else later["micro"]
        for stratum, group in seen.assign(target=target).groupby("stratum"):
            exposed = group[exposure]
            rows.append(
                (exposure, outcome, str(stratum), exposure == "order", exposed.sum(), group["target"][exposed].sum(),
                 (~exposed).sum(), group["target"][~exposed].sum())
            )  # fmt: skip
    extra = shape.order_if_mailed if role == "another way" else 0.0
    arms = {"A": people(shape.arm, push=shape.pushed, extra=extra), "control": people(shape.arm)}
    experiment = counts("push", {name: arm[["micro", "order"]] for name, arm in arms.items()})
    bursts = np.linspace(8, shape.weeks - 4, shape.bursts).astype(int) if role == "spike" else ()
    weeks = []
    for week in range(shape.weeks):
        crowd = people(shape.weekly, push=shape.burst if week in bursts else 0.0)
        for conversion in ("micro", "order"):
            weeks.append((conversion, conversion == "order", week, shape.weekly, crowd[conversion].sum()))
    return (
        pd.DataFrame(rows, columns=STRATA),
        *experiment,
        pd.DataFrame(weeks, columns=["conversion", "is_macro", "week_on", "recipients", "subscribers"]),
    )


def subscribers(n: int, **done: int) -> pd.DataFrame:
    """A table of n subscribers, of whom the first so many did each."""
    return pd.DataFrame({name: np.arange(n) < number for name, number in done.items()})


def counts(experiment: str, arms: dict[str, pd.DataFrame], *, control: str = "control") -> tuple[pd.DataFrame, ...]:
    """Counts and overlaps of arms; an arm is a table of subscribers, a column per conversion; `order` is the macro."""
    metrics, overlaps = [], []
    for variant, done in arms.items():
        for one in done.columns:
            metrics.append((experiment, variant, variant == control, one, one == "order", len(done), done[one].sum()))
            overlaps += [
                (experiment, variant, one, other, int((done[one] & done[other]).sum())) for other in done.columns
            ]
    return pd.DataFrame(metrics, columns=METRICS), pd.DataFrame(overlaps, columns=OVERLAPS)

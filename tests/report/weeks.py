"""A week made up for tests of words, pictures and the page; a test changes what it is about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

from orchestration.report.figures import Campaign, Figures, Goal, Interval, Move, Result, Step, Week

WEEK_ON = date(2026, 11, 2)


def step(name: str, messages: int, before: int, *, sent: int = 1_000) -> Step:
    return Step(name, messages, before, messages / sent, before / sent, None, None)


def funnel(*messages: int) -> list[Step]:
    names = ("sent", "delivered", "open", "click", "deep_micro_conversion", "macro_conversion")
    return [step(name, n, n + 10) for name, n in zip(names, messages, strict=True)]


def weeks(*values: float, status: str = "in_control") -> list[Week]:
    first = WEEK_ON - timedelta(weeks=len(values) - 1)
    return [
        Week(first + timedelta(weeks=i), value, 1_000 * value, 1_000, value, 0.01, 0.05, status)
        for i, value in enumerate(values)
    ]


def move(metric: str = "human_click_rate", before: float = 0.03, now: float = 0.02, **changes) -> Move:
    ratio = now / before
    made = Move(metric, "all", now, 1_000 * now, 1_000, before, 1_000 * before, 1_000, "in_control")
    return replace(made, **{"ratio": ratio, "ratio_interval": Interval(ratio * 0.9, ratio * 1.1), **changes})


def result(**changes) -> Result:
    made = Result(
        "subject", "subject", "human_click_rate", "B", "A", 500, 510, 0.05, 0.03, 0.02, 0.001, 0.04, "better",
        "at the end", True,
    )  # fmt: skip
    return made._replace(**changes)


def goal(**changes) -> Goal:
    made = Goal(
        "Clicks",
        "human_click_rate",
        date(2026, 11, 1),
        date(2026, 12, 1),
        0.04,
        0.03,
        0.02,
        0.05,
        0.031,
        0.1,
        "off_track",
    )
    return made._replace(**changes)


def week(**changes) -> Figures:
    made = Figures(
        published_at=datetime(2026, 11, 18, 6),
        data_as_of=datetime(2026, 11, 18, 5),
        publication="a-run",
        week_on=WEEK_ON,
        funnel=funnel(1_000, 990, 200, 30, 10, 2),
        funnel_is_closed=False,
        trends={"human_open_rate": weeks(*[0.2] * 10), "human_click_rate": weeks(*[0.03] * 9, 0.02)},
        moves=[move(), move("human_open_rate", 0.2, 0.2)],
        campaigns=[Campaign("Newsletter", "What is new", 990, 30, 2, None, Interval(0.02, 0.04))],
        goals=[goal()],
        experiments=[result()],
        troubles=[],
        failed_checks=[],
        held=[],
        overdue=0,
        stale=[],
    )
    return replace(made, **changes)


def empty(**changes) -> Figures:
    """What a publication without any mail gives."""
    nothing = {
        "week_on": None,
        "funnel": [],
        "trends": {},
        "moves": [],
        "campaigns": [],
        "goals": [],
        "experiments": [],
    }
    return week(**nothing, **changes)

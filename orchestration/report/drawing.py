"""The pictures of a week: which there are, of which figures, and what to say to who cannot see them.

Belongs here: choosing. Does not belong here: drawing (`orchestration.pictures`). Importing this imports matplotlib.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from matplotlib.figure import Figure

from orchestration.pictures import funnel, movers, trend
from orchestration.report import words
from orchestration.report.figures import HEADLINES, Figures


class Picture(NamedTuple):
    """A picture, its name (funnel, trend or movers), and its text for who cannot see it."""

    name: str
    figure: Figure
    alt: str


def pictures(figures: Figures) -> Iterator[Picture]:
    """Those for which there is something to draw."""
    if figures.funnel and figures.funnel[0].messages:
        shares = ", ".join(f"{words.step(step.name).lower()} {words.share(step.share)}" for step in figures.funnel)
        finding = words.funnel_finding(figures.funnel)
        yield Picture("funnel", funnel.draw(figures.funnel), f"Bars by step of the funnel. {finding}. {shares}.")
    measured = [name for name in HEADLINES if any(week.value is not None for week in figures.trends.get(name, []))]
    trends = {name: figures.trends[name] for name in measured}
    if figures.week_on and trends:
        findings = [words.trend_finding(figures, name) for name in trends]
        title = words.trends_finding(figures, list(trends))
        yield Picture("trend", trend.draw(title, trends), f"Rates by week. {'. '.join(findings)}.")
    compared = [move for move in figures.moves if move.ratio is not None]
    if compared:
        alt = f"Changes against the week before, with intervals. {words.movers_finding(compared)}."
        yield Picture("movers", movers.draw(compared), alt)

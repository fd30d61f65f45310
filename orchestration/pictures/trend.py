"""Rates by week, each with its usual range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure

from orchestration.pictures.canvas import COLOURS, card, drawn
from orchestration.report import words
from orchestration.report.figures import Week


@drawn
def draw(title: str, trends: Mapping[str, Sequence[Week]]) -> Figure:
    """A panel per metric, above each other over the same weeks; `title` is the finding."""
    figure = card(title, 0.6 + 1.1 * len(trends))
    panels = figure.subplots(len(trends), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (name, weeks) in zip(panels, trends.items(), strict=True):
        _panel(axes, name, weeks)
    locator = AutoDateLocator(minticks=3, maxticks=7)
    panels[-1].xaxis.set_major_locator(locator)
    panels[-1].xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))
    panels[-1].set_xlabel("week of sending")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower left", ncols=3, frameon=False, columnspacing=1.2, handlelength=1.4
    )
    return figure


def _panel(axes, name: str, weeks: Sequence[Week]) -> None:
    shown = [week for week in weeks if week.value is not None]
    limited = [week for week in weeks if week.lo is not None and week.hi is not None]
    if limited:
        axes.fill_between(
            [week.week_on for week in limited],
            [100 * max(week.lo, 0) for week in limited],
            [100 * week.hi for week in limited],
            color=COLOURS["band"], linewidth=0, label="usual range", step="mid",
        )  # fmt: skip
        axes.plot(
            [week.week_on for week in limited], [100 * week.ewma for week in limited],
            color=COLOURS["now"], linewidth=1.8, label="moving average",
        )  # fmt: skip
    axes.plot(
        [week.week_on for week in shown], [100 * week.value for week in shown],
        color=COLOURS["before"], marker="o", markersize=3.5, linewidth=0, label="each week", clip_on=False,
    )  # fmt: skip
    outside = [week for week in limited if week.status in ("up", "down")]
    axes.scatter(
        [week.week_on for week in outside], [100 * week.ewma for week in outside],
        marker="D", s=26, color=COLOURS["moved"], zorder=3, label="_outside",
    )  # fmt: skip
    axes.set_title(f"{words.metric(name)}, %", loc="left", fontsize="medium", pad=3)
    axes.set_ylim(0, None if any(week.value for week in shown) or limited else 1)
    axes.locator_params(axis="y", nbins=4)
    axes.grid(axis="y", color=COLOURS["line"], linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    if shown and shown[-1] is weeks[-1]:
        newest = shown[-1]
        axes.annotate(
            words.share(newest.value), (newest.week_on, 100 * newest.value), xytext=(6, 0),
            textcoords="offset points", va="center", annotation_clip=False,
        )  # fmt: skip
    axes.margins(x=0.04)

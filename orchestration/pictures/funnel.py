"""The funnel of the week: how many messages came how far, and where the week before stood."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure

from orchestration.pictures.canvas import COLOURS, card, drawn
from orchestration.report import words
from orchestration.report.figures import Step


@drawn
def draw(steps: Sequence[Step]) -> Figure:
    """Bars of the share of the sent messages, by step, from a week's funnel (at least its first step)."""
    figure = card(words.funnel_finding(steps), 2.6)
    axes = figure.add_subplot()
    places = range(len(steps))
    shares = [100 * (step.share or 0) for step in steps]
    axes.barh(places, shares, height=0.62, color=COLOURS["now"])
    known = [(place, 100 * step.share_before) for place, step in zip(places, steps, strict=True) if step.share_before]
    if known:
        at = ([share for _, share in known], [place for place, _ in known])
        # A rim in the card's colour: in a dark theme the mark would not stand out from the bar.
        axes.scatter(*at, marker="|", s=230, linewidths=5.4, color=COLOURS["card"], zorder=3)
        axes.scatter(*at, marker="|", s=230, linewidths=2.4, color=COLOURS["ink"], label="the week before", zorder=3)
    for place, share, step in zip(places, shares, steps, strict=True):
        right = max([share, *(before for at, before in known if at == place)])
        axes.text(right + 2, place, f"{words.count(step.messages)}  ({words.share(step.share)})", va="center")
    axes.set_yticks(places, [words.step(step.name) for step in steps])
    axes.tick_params(axis="y", length=0, labelcolor=COLOURS["ink"])
    axes.invert_yaxis()
    axes.set_xlim(0, 136)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_xlabel("% of the messages sent")
    axes.spines["left"].set_visible(False)
    if known:
        axes.legend(loc="lower right", frameon=False, handletextpad=0.2, borderaxespad=0)
    return figure

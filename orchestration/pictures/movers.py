"""What moved most against the week before, with how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from orchestration.pictures.canvas import COLOURS, card, drawn
from orchestration.report import words
from orchestration.report.figures import Move

MOST = 8
# Beyond a tenth and ten times nobody reads off a figure: the interval runs out of the picture.
_LEAST, _GREATEST = 0.1, 10.0
# The foremost first: one that would come too near to those before it is left out.
_TICKS = (1.0, 0.5, 2.0, 0.25, 4.0, 0.1, 10.0, 0.75, 1.5)
_LEAST_APART = 0.17


@drawn
def draw(moves: Sequence[Move]) -> Figure:
    """Ratios of this week's rates to last week's with their 95 % intervals; `moves` each have one, the surest first."""
    shown = list(moves)[:MOST]
    figure = card(words.movers_finding(list(moves)), 0.8 + 0.33 * len(shown))
    axes = figure.add_subplot()
    axes.axvline(1, color=COLOURS["quiet"], linewidth=1)
    for place, move in enumerate(shown):
        colour = COLOURS["moved"] if move.is_sure else COLOURS["before"]
        axes.plot(
            [max(move.ratio_interval.lo, _LEAST), min(move.ratio_interval.hi, _GREATEST)], [place, place],
            color=colour, linewidth=2, solid_capstyle="butt",
        )  # fmt: skip
        axes.plot(
            min(max(move.ratio, _LEAST), _GREATEST), place, color=colour, marker="D" if move.is_sure else "o",
            markersize=7, markerfacecolor=colour if move.is_sure else COLOURS["card"], markeredgewidth=1.8,
        )  # fmt: skip
        for end, mark, is_beyond in (
            (_LEAST, "<", move.ratio_interval.lo < _LEAST), (_GREATEST, ">", move.ratio_interval.hi > _GREATEST),
        ):  # fmt: skip
            if is_beyond:
                axes.plot(end, place, color=colour, marker=mark, markersize=6)
    axes.set_yticks(range(len(shown)), [name(move) for move in shown])
    axes.tick_params(axis="y", length=0, labelcolor=COLOURS["ink"])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    lo = min([0.8, *(max(move.ratio_interval.lo, _LEAST) for move in shown)])
    hi = max([1.25, *(min(move.ratio_interval.hi, _GREATEST) for move in shown)])
    axes.set_xscale("log")
    axes.set_xlim(lo / 1.08, hi * 1.08)
    axes.set_xticks(_ticks(lo / 1.08, hi * 1.08))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: words.times(ratio) if ratio != 1 else "same"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(axis="x", color=COLOURS["line"], linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines["left"].set_visible(False)
    legend = "against the week before, with 95 % interval\n◆ more than chance explains   ○ may be chance"
    figure.supxlabel(legend, fontsize="medium", color=COLOURS["quiet"])
    return figure


def _ticks(lo: float, hi: float) -> list[float]:
    chosen: list[float] = []
    for tick in _TICKS:
        apart = [abs(math.log(tick / other)) for other in chosen]
        if lo <= tick <= hi and min(apart, default=math.inf) >= _LEAST_APART * math.log(hi / lo):
            chosen.append(tick)
    return sorted(chosen)


def name(move: Move) -> str:
    """A metric and which mail it is of, on a line."""
    of = "" if move.scope == "all" else f", {words.plain(words.scope(move.scope), 16)}"
    return f"{words.metric(move.metric)}{of}"

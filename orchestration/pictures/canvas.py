"""The card that pictures are drawn on, and the SVG and PNG that are made of it.

Belongs here: size, type, ground, and what makes the same figures the same bytes. Does not belong here: what a picture
shows. A picture brings its ground along, so that it reads on whatever page shows it.
"""

from __future__ import annotations

import base64
import io
import re
import textwrap
from collections.abc import Callable
from functools import wraps

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from orchestration.pictures.palette import PALETTE, custom_properties

COLOURS = {role: shades.light for role, shades in PALETTE.items()}
WIDTH_INCHES = 4.9
_TITLE_SIZE, _TEXT_SIZE = 10.5, 9.0
_LETTERS_OF_A_LINE = 54
_DOTS_PER_INCH, _SHADES = 160, 48
_STYLE = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": _TEXT_SIZE,
    # Names come from outside: a dollar in one is no formula.
    "text.parse_math": False,
    "svg.fonttype": "path",
    "svg.hashsalt": "pictures",
    "axes.edgecolor": COLOURS["line"],
    "axes.labelcolor": COLOURS["quiet"],
    "axes.titlecolor": COLOURS["ink"],
    "text.color": COLOURS["ink"],
    "xtick.color": COLOURS["quiet"],
    "ytick.color": COLOURS["quiet"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "figure.facecolor": COLOURS["card"],
    "axes.facecolor": COLOURS["card"],
    "savefig.facecolor": COLOURS["card"],
}
_THEMES = (
    f"<style>:root{{{custom_properties('light')}}} "
    f"@media (prefers-color-scheme: dark){{:root{{{custom_properties('dark')}}}}}</style>"
)
_ROLES = {colour: role for role, colour in COLOURS.items()}


def drawn(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """A decorator for the function that draws a picture: it draws in the style of all."""

    @wraps(draw)
    def in_style(*arguments, **named) -> Figure:
        with matplotlib.rc_context(_STYLE):
            return draw(*arguments, **named)

    return in_style


def card(title: str, height: float) -> Figure:
    """An empty card, so many inches high below its title, the finding."""
    figure = Figure(figsize=(WIDTH_INCHES, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.06)
    lines = textwrap.wrap(title, _LETTERS_OF_A_LINE)
    figure.set_figheight(height + 0.18 * len(lines))
    figure.suptitle("\n".join(lines), x=0.025, ha="left", fontsize=_TITLE_SIZE, fontweight="bold")
    return figure


def svg(figure: Figure) -> str:
    """The picture as SVG, sharp at any size, in the theme of its reader: the same figures, the same bytes."""
    written = io.StringIO()
    with matplotlib.rc_context(_STYLE):
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    text = _tidied(written.getvalue())
    text = re.sub("|".join(_ROLES), lambda colour: f"var(--{_ROLES[colour[0]]})", text)
    return re.sub("<svg[^>]*>", lambda tag: tag[0] + _THEMES, text, count=1)


def png(figure: Figure) -> bytes:
    """The picture on its light card, small enough for an event log (some 20 kB): the same figures, the same bytes."""
    written = io.BytesIO()
    with matplotlib.rc_context(_STYLE):
        figure.set_dpi(_DOTS_PER_INCH)
        drawing = FigureCanvasAgg(figure)
        drawing.draw()
    colours = Image.fromarray(np.asarray(drawing.buffer_rgba())).convert("RGB")
    colours.quantize(_SHADES, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(written, "png")
    return written.getvalue()


def data_uri(picture: str | bytes) -> str:
    """An SVG (text) or PNG (bytes) as the address of an image."""
    kind, data = ("svg+xml", picture.encode()) if isinstance(picture, str) else ("png", picture)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _tidied(text: str) -> str:
    """Less of what matplotlib writes: no comments, no names of groups, no digits that nobody can see."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*">', "<g>", text)
    text = re.sub(r"\b([1-9]\d*\.\d)\d+", r"\1", text)
    text = text.replace("DejaVuSans-Bold-", "b").replace("DejaVuSans-", "g")
    return re.sub(r"\s*\n\s*", "\n", text)

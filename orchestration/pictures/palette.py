"""Colours by their role, on a light card and on a dark one.

Belongs here: every colour of pictures and of the report. Blue, sky blue, vermillion and orange are those of Okabe and
Ito, who chose them so that people with any kind of colour vision tell them apart; no figure is told by its colour
alone. Text reaches a contrast of 4.5 to 1 and marks 3 to 1 on every ground they stand on, in both themes: a test
computes it.
"""

from __future__ import annotations

from typing import NamedTuple


class Shades(NamedTuple):
    """A colour on the light card and on the dark one, as `#rrggbb`."""

    light: str
    dark: str


PALETTE = {
    # grounds
    "page": Shades("#f4f5f7", "#12161c"),
    "card": Shades("#ffffff", "#1b212a"),
    # text
    "ink": Shades("#1b2330", "#e8ebf0"),
    "quiet": Shades("#556070", "#a9b3c2"),
    "link": Shades("#005a9c", "#7cc4f2"),
    "act": Shades("#a33c00", "#ffa36b"),
    # marks
    "line": Shades("#d5dae2", "#38414e"),
    "now": Shades("#0072b2", "#56b4e9"),
    "before": Shades("#748090", "#8e99a8"),
    "moved": Shades("#d55e00", "#e69f00"),
    "band": Shades("#dcebf5", "#20384a"),
}
GROUNDS = ("page", "card")
TEXTS = ("ink", "quiet", "link", "act")
MARKS = ("now", "before", "moved")


def custom_properties(theme: str) -> str:
    """The palette as CSS custom properties of the theme `light` or `dark`."""
    return " ".join(f"--{role}: {getattr(shades, theme)};" for role, shades in PALETTE.items())

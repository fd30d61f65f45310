"""Colours read on every ground they stand on, in both themes, whatever colours one sees."""

from __future__ import annotations

from itertools import combinations

import pytest

from orchestration.pictures.palette import GROUNDS, MARKS, PALETTE, TEXTS

THEMES = ("light", "dark")


def channels(colour: str) -> list[float]:
    """Linear red, green and blue in [0, 1] of `#rrggbb` (WCAG 2.2, relative luminance)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted(
        (0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(channels, (one, other))), reverse=True
    )
    return (lighter + 0.05) / (darker + 0.05)


def without_green(colour: str) -> list[float]:
    """How a colour looks to somebody with deuteranopia (Viénot, Brettel and Mollon 1999), linear."""
    r, g, b = channels(colour)
    return [0.29275 * r + 0.70725 * g, 0.29275 * r + 0.70725 * g, -0.02234 * r + 0.02234 * g + b]


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", GROUNDS)
def test_text_has_a_contrast_of_four_and_a_half_and_marks_of_three(theme, ground):
    below = getattr(PALETTE[ground], theme)
    texts = {role: contrast(getattr(PALETTE[role], theme), below) for role in TEXTS}
    assert min(texts.values()) >= 4.5, texts
    marks = {role: contrast(getattr(PALETTE[role], theme), below) for role in MARKS}
    assert min(marks.values()) >= 3, marks


@pytest.mark.parametrize("theme", THEMES)
def test_lines_and_dots_stand_out_from_the_usual_range(theme):
    band = getattr(PALETTE["band"], theme)
    assert min(contrast(getattr(PALETTE[role], theme), band) for role in MARKS) >= 3


@pytest.mark.parametrize("theme", THEMES)
def test_marks_differ_for_who_sees_no_green(theme):
    for one, other in combinations(MARKS, 2):
        seen = [without_green(getattr(PALETTE[role], theme)) for role in (one, other)]
        assert max(abs(a - b) for a, b in zip(*seen, strict=True)) > 0.1, (one, other)

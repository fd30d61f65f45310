"""Pictures: the same figures are the same bytes, small, and drawn whatever a week holds."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from PIL import Image

from orchestration.pictures import canvas
from orchestration.pictures.palette import PALETTE
from orchestration.report.drawing import pictures
from orchestration.report.figures import Interval
from orchestration.settings import REPOSITORY
from tests.report.weeks import empty, funnel, move, week, weeks

MOST_BYTES = 60_000
HOSTILE = "$\\frac{1}{0}$ <script>alert(1)</script> \x00\x1b--> 💌 \u202e" + "x" * 200


def drawn(figures) -> dict:
    return {picture.name: picture for picture in pictures(figures)}


def test_a_week_has_three_pictures_each_with_a_text_that_says_the_finding():
    found = drawn(week())
    assert list(found) == ["funnel", "trend", "movers"]
    assert "People clicked in 30 of 1,000" in found["funnel"].alt
    assert "Click rate 2.0" in found["trend"].alt
    assert "1 of 2 rates moved more than chance explains" in found["movers"].alt


def test_the_same_figures_are_the_same_bytes():
    first, second = ([(canvas.svg(p.figure), canvas.png(p.figure)) for p in pictures(week())] for _ in range(2))
    assert first == second
    assert not any(word in svg for svg, _ in first for word in ("<dc:date", "<metadata", "<!--"))


def test_a_picture_fits_an_event_log_as_text():
    for picture in pictures(week(moves=[move(scope=f"campaign_type=kind {i}") for i in range(30)])):
        assert len(canvas.data_uri(canvas.png(picture.figure))) < MOST_BYTES, picture.name


def test_a_png_brings_a_light_card_along_and_an_svg_follows_the_theme():
    (picture, *_) = pictures(week())
    image = Image.open(io.BytesIO(canvas.png(picture.figure))).convert("RGBA")
    assert min(image.getpixel((1, 1))) > 250
    svg = canvas.svg(picture.figure)
    assert "prefers-color-scheme: dark" in svg and PALETTE["now"].dark in svg
    body = svg.partition("</style>")[2]
    assert not [shades.light for shades in PALETTE.values() if shades.light in body], "a colour that no theme changes"


@pytest.mark.parametrize(
    "figures",
    [
        week(moves=[move(scope=f"campaign_type={HOSTILE}")]),
        week(moves=[move(ratio=30.0, ratio_interval=Interval(0.01, 900.0))]),
        week(funnel=funnel(1, 0, 0, 0, 0, 0)),
        week(funnel=[replace(step, share_before=None, messages_before=0) for step in week().funnel]),
        week(trends={"human_click_rate": weeks(0.02)}),
        week(trends={"human_click_rate": [replace(w, lo=None, hi=None, ewma=None) for w in weeks(0.0, 0.0)]}),
        week(trends={"human_click_rate": [replace(weeks(0.0)[0], value=None)]}),
    ],
    ids=["hostile names", "far out", "one message", "no week before", "one week", "no limits", "nothing measured"],
)
def test_whatever_a_week_holds_it_is_drawn(figures):
    for picture in pictures(figures):
        ElementTree.fromstring(canvas.svg(picture.figure))
        assert len(canvas.png(picture.figure)) > 1_000


def test_without_mail_there_is_nothing_to_draw():
    assert drawn(empty()) == {}
    assert "funnel" not in drawn(week(funnel=funnel(0, 0, 0, 0, 0, 0)))


def test_no_plotting_library_is_loaded_with_the_code_location():
    asked = "import sys, orchestration.definitions as d; d.build_defs(); print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], cwd=REPOSITORY, capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "False", done.stderr[-2000:]

"""The report: one HTML page that needs no server and no network.

Belongs here: how the page is put together and where it is written. Does not belong here: what it says (`words.py`) and
reads (`figures.py`). Everything that comes from outside is escaped by the template engine.
"""

from __future__ import annotations

import os
from pathlib import Path

import jinja2

from orchestration.pictures.palette import custom_properties
from orchestration.report import ReportError, words
from orchestration.report.figures import HEADLINES, MOST_CAMPAIGNS, MOST_EXPERIMENTS, Figures, read
from orchestration.settings import Settings
from orchestration.sources import SOURCES

FILE_NAME = "report.html"
_TEMPLATES = Path(__file__).parent / "templates"
# A schedule publishes every day.
_HOURS_OF_FRESH_MARTS = 26
_WEEKS_IN_A_TABLE = 8


def write(settings: Settings, target: Path) -> tuple[Path, int]:
    """Write the report of a home's published marts to a file (or into a folder). Returns its path and bytes.

    Raises ReportError where there is nothing to report on, or where the page cannot be written.
    """
    if target.is_dir():
        target = target / FILE_NAME
    if target.resolve().is_relative_to(settings.landing.resolve()):
        raise ReportError(f"{target} lies in the landing zone; the report would be taken for an export.")
    now = settings.now()
    figures = read(settings.marts_path, now=now, sources=SOURCES, stale_after_hours=settings.stale_after_hours)
    hours = (now - figures.published_at).total_seconds() / 3600
    page = render(figures, days_old=int(hours // 24) if hours > _HOURS_OF_FRESH_MARTS else 0).encode()
    draft = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        draft.write_bytes(page)
        os.replace(draft, target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ReportError(
            f"{target} cannot be written ({error.strerror}); name another file: make report TO=<file>."
        ) from error
    return target, len(page)


def render(figures: Figures, *, days_old: int = 0) -> str:
    """The page as HTML. `days_old` tells its readers that the marts are no longer fresh."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["words_metric"] = words.metric
    trend_names = [name for name in HEADLINES if name in figures.trends]
    by_week = {(name, week.week_on): week for name in trend_names for week in figures.trends[name]}
    weeks_on = sorted({week_on for _, week_on in by_week}, reverse=True)[:_WEEKS_IN_A_TABLE]
    experiments: dict[str, list] = {}
    for result in figures.experiments:
        experiments.setdefault(result.experiment, []).append(result)
    return environment.get_template("report.html").render(
        figures=figures,
        words=words,
        pictures=_pictures(figures),
        findings=list(words.findings(figures)),
        alerts=words.alerts(figures),
        trend_names=trend_names,
        trend_rows=[(week_on, [by_week.get((name, week_on)) for name in trend_names]) for week_on in weeks_on],
        campaigns=figures.campaigns[:MOST_CAMPAIGNS],
        experiments=list(experiments.values())[:MOST_EXPERIMENTS],
        more_campaigns=max(len(figures.campaigns) - MOST_CAMPAIGNS, 0),
        more_experiments=max(len(experiments) - MOST_EXPERIMENTS, 0),
        days_old=days_old,
        light=custom_properties("light"),
        dark=custom_properties("dark"),
    )


def _pictures(figures: Figures) -> dict[str, dict[str, str]]:
    """Address and text of each picture by its name; matplotlib is imported only where there is one to draw."""
    if not figures.week_on:
        return {}
    from orchestration.pictures import canvas
    from orchestration.report.drawing import pictures

    return {
        picture.name: {"address": canvas.data_uri(canvas.svg(picture.figure)), "alt": picture.alt}
        for picture in pictures(figures)
    }

"""What the files beside this say: datasets, filters and dashboards, typed and checked.

Belongs here: reading the declarations and refusing what contradicts itself. Does not belong here: how Superset writes
it down (`bundle.py`). No database is needed; whether columns exist is a question to the marts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined

FOLDER = Path(__file__).parent
GRID = 12
KINDS = ("number", "line", "bar", "table", "heatmap")


class DeclarationError(ValueError):
    """A declaration that cannot be shown; the message names the file and what to mend."""


@dataclass(frozen=True)
class Metric:
    """An aggregate over rows of a dataset. A rate is a ratio of sums, so that it holds under every filter."""

    label: str
    sql: str
    # d3's notation; `currency` alone is an amount in the reporting currency.
    format: str = ",d"


@dataclass(frozen=True)
class Dataset:
    """A query on the marts, and the metrics that charts may ask of it. `columns` holds labels where names are terse."""

    name: str
    says: str
    sql: str
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def marts(self) -> frozenset[str]:
        """The marts that it reads."""
        return frozenset(re.findall(r"\bmarts\.marts\.(\w+)", self.sql))

    @cached_property
    def templated(self) -> frozenset[str]:
        """Filters that it honours inside its query rather than by a column."""
        return frozenset(re.findall(r"filter_values\('(\w+)'", self.sql))

    def rendered(self, chosen: Mapping[str, Sequence[str]] | None = None) -> str:
        """The query as DuckDB gets it, with these values chosen in its filters (none by default)."""
        chosen = chosen or {}
        environment = Environment(undefined=StrictUndefined)
        environment.filters["where_in"] = lambda values: (
            "(" + ", ".join("'" + value.replace("'", "''") + "'" for value in values) + ")"
        )
        return environment.from_string(self.sql).render(filter_values=lambda name, **_: chosen.get(name, []))


@dataclass(frozen=True)
class Filter:
    """A filter of a dashboard. Charts honour it by a column of its name, or inside their dataset's query."""

    name: str
    label: str
    says: str
    # Where its choices come from; None for a range of time.
    dataset: str | None = None


@dataclass(frozen=True)
class Chart:
    """A question and the figures that answer it. `show` names metrics, `by` columns, of the dataset."""

    title: str
    kind: str
    dataset: str
    show: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    # Of lines: the unit of time, an ISO duration.
    per: str = "P1W"
    # What colours stand for.
    split: tuple[str, ...] = ()
    where: str | None = None
    sort: str | None = None
    descending: bool = True
    # Of bars: so many are drawn, the first of the order of what they show.
    most: int = 10_000
    width: int = 6
    height: int = 50
    axis: str | None = None
    stacked: bool = False
    says: str | None = None

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Columns whose values a click on the chart passes on as a filter."""
        return self.split if self.kind == "line" else (*self.by, *self.split)


@dataclass(frozen=True)
class Section:
    """Charts under one heading, all of which honour the same filters: the heading says which."""

    heading: str
    charts: tuple[Chart, ...]


@dataclass(frozen=True)
class Dashboard:
    """A page: a name, a question that it answers, filters and sections."""

    name: str
    title: str
    says: str
    filters: tuple[str, ...]
    sections: tuple[Section, ...]
    # Colours of values that mean the same on every chart of the page; the others take theirs from the palette.
    colours: Mapping[str, str] = field(default_factory=dict)

    @property
    def charts(self) -> Iterator[Chart]:
        """Its charts in reading order."""
        return (chart for section in self.sections for chart in section.charts)


@dataclass(frozen=True)
class Declared:
    """Everything that is declared, by name; dashboards in the order in which they are listed."""

    datasets: Mapping[str, Dataset]
    filters: Mapping[str, Filter]
    dashboards: Mapping[str, Dashboard]

    def marts_of(self, dashboard: Dashboard) -> frozenset[str]:
        """The marts behind its charts and the choices of its filters."""
        names = {chart.dataset for chart in dashboard.charts}
        names |= {self.filters[name].dataset for name in dashboard.filters} - {None}
        return frozenset().union(*(self.datasets[name].marts for name in names))


def read(folder: Path = FOLDER) -> Declared:
    """Read every declaration below `folder`. Raises DeclarationError."""
    datasets = {path.stem: _dataset(path) for path in sorted((folder / "datasets").glob("*.yml"))}
    filters_path = folder / "filters.yml"
    filters = {name: _made(Filter, {"name": name, **said}, filters_path) for name, said in _yaml(filters_path).items()}
    dashboards = {}
    for path in sorted((folder / "dashboards").glob("*.yml")):
        dashboard = _dashboard(path)
        _check(dashboard, datasets, filters, path)
        dashboards[dashboard.name] = dashboard
    return Declared(datasets, filters, dashboards)


def _dataset(path: Path) -> Dataset:
    said = _yaml(path)
    metrics = {name: _made(Metric, metric, path) for name, metric in (said.pop("metrics", None) or {}).items()}
    return _made(Dataset, {"name": path.stem, **said, "metrics": metrics}, path)


def _dashboard(path: Path) -> Dashboard:
    said = _yaml(path)
    sections = []
    for section in said.pop("sections", ()):
        charts = tuple(_made(Chart, chart, path) for chart in section["charts"])
        sections.append(Section(section["heading"], charts))
    # `1_overview.yml` is the page `overview`: the number only orders.
    return _made(Dashboard, {"name": path.stem.partition("_")[2], **said, "sections": tuple(sections)}, path)


def _check(dashboard: Dashboard, datasets: Mapping[str, Dataset], filters: Mapping[str, Filter], path: Path) -> None:
    for name in dashboard.filters:
        if name not in filters:
            raise DeclarationError(f"{path.name}: the filter {name!r} is not declared in filters.yml.")
    titles = [chart.title for chart in dashboard.charts]
    if len(set(titles)) < len(titles):
        raise DeclarationError(f"{path.name}: two charts have one title.")
    for chart in dashboard.charts:
        if chart.kind not in KINDS:
            raise DeclarationError(f"{path.name}: {chart.title!r} is of kind {chart.kind!r}, not one of {KINDS}.")
        if chart.dataset not in datasets:
            raise DeclarationError(f"{path.name}: {chart.title!r} reads {chart.dataset!r}, which datasets/ lacks.")
        for metric in chart.show:
            if metric not in datasets[chart.dataset].metrics:
                raise DeclarationError(f"{path.name}: {chart.title!r} shows {metric!r}, no metric of {chart.dataset}.")


def _made(kind: type, said: Mapping[str, Any], path: Path):
    try:
        return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in said.items()})
    except TypeError as error:
        raise DeclarationError(f"{path.name}: {error}.") from None


def _yaml(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text())

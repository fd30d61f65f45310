"""The declarations as Superset's own export: one YAML document for each database, dataset, chart and dashboard.

Belongs here: Superset's words for what is declared. Does not belong here: Superset itself, which is not imported.
Names make the ids, so an import finds what an earlier one made and brings it up to date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import yaml

from bi.declared import GRID, Chart, Dashboard, Dataset, Declared, Filter

VERSION = "1.0.0"
DATABASE = "Published marts"
# The file and its schema share the name, so both are said.
SCHEMA = "marts.marts"
COLOURS = "colour_blind_safe"
SHADES = "colour_blind_safe_blues"
_NAMESPACE = UUID("5c1e9a0e-3a0c-5a53-9a43-7d1e43f2b6a1")
_ROOT = "ROOT_ID"
_TIMES = ("DATE", "TIMESTAMP")
_HEADING_HEIGHT = 10

# Types and descriptions of a dataset's columns, by name: what the marts say of themselves.
Columns = Mapping[str, tuple[str, str | None]]


def files(
    declared: Declared, columns: Mapping[str, Columns], *, marts: Path, currency: str, limits: Mapping[str, Any]
) -> dict[str, str]:
    """The bundle as file name to text.

    `columns` holds those of each dataset, `currency` is the reporting currency, `limits` are settings of DuckDB.
    """
    documents: dict[str, dict] = {
        "metadata.yaml": {"version": VERSION, "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"},
        "databases/marts.yaml": _database(marts, limits),
    }
    for name, dataset in declared.datasets.items():
        documents[f"datasets/marts/{name}.yaml"] = _dataset(dataset, columns[name], currency)
    for name, dashboard in declared.dashboards.items():
        for number, chart in enumerate(dashboard.charts, start=1):
            documents[f"charts/{name}_{number}.yaml"] = _chart(
                dashboard, chart, declared.datasets[chart.dataset], columns[chart.dataset], currency
            )
        documents[f"dashboards/{name}.yaml"] = _dashboard(declared, dashboard, columns)
    return {name: yaml.safe_dump(document, sort_keys=False) for name, document in documents.items()}


def honours(dataset: Dataset, columns: Iterable[str], name: str) -> bool:
    """Whether charts of this dataset, with these columns, follow the filter `name`."""
    return name in columns or name in dataset.templated


def identity(*names: str) -> str:
    """The id of what these names lead to, such as `chart`, dashboard, title."""
    return str(uuid5(_NAMESPACE, "/".join(names)))


def _database(marts: Path, limits: Mapping[str, Any]) -> dict:
    # No file but the marts is within reach of a query, and nothing is fetched.
    config = {"enable_external_access": False, "lock_configuration": True, **limits}
    return {
        "database_name": DATABASE,
        "sqlalchemy_uri": f"duckdb:///{marts}",
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {
            "allows_virtual_table_explore": True,
            "engine_params": {"connect_args": {"read_only": True, "config": config}},
        },
        "uuid": identity("database"),
        "version": VERSION,
    }


def _dataset(dataset: Dataset, columns: Columns, currency: str) -> dict:
    return {
        "table_name": dataset.name,
        "main_dttm_col": next((name for name, (kind, _) in columns.items() if kind in _TIMES), None),
        "description": dataset.says,
        "schema": SCHEMA,
        "sql": dataset.sql,
        "filter_select_enabled": True,
        "metrics": [
            {
                "metric_name": name,
                "verbose_name": metric.label,
                "expression": metric.sql,
                "d3format": _d3(metric.format),
                "currency": {"symbol": currency, "symbolPosition": "prefix"} if metric.format == "currency" else None,
            }
            for name, metric in dataset.metrics.items()
        ],
        "columns": [
            {
                "column_name": name,
                "verbose_name": dataset.columns.get(name) or name.replace("_", " ").capitalize(),
                "is_dttm": kind in _TIMES,
                "is_active": True,
                "type": kind,
                "groupby": True,
                "filterable": True,
                "description": description,
            }
            for name, (kind, description) in columns.items()
        ],
        "uuid": identity("dataset", dataset.name),
        "version": VERSION,
        "database_uuid": identity("database"),
    }


def _chart(dashboard: Dashboard, chart: Chart, dataset: Dataset, columns: Columns, currency: str) -> dict:
    viz_type, own = _PARAMETERS[chart.kind](chart, dataset, currency)
    conditions = []
    if "date" in columns:
        # Without it a range of time has nothing to take hold of.
        conditions.append(
            {
                "clause": "WHERE",
                "comparator": "No filter",
                "expressionType": "SIMPLE",
                "operator": "TEMPORAL_RANGE",
                "subject": "date",
            }
        )
    if chart.where:
        conditions.append({"clause": "WHERE", "expressionType": "SQL", "sqlExpression": chart.where})
    return {
        "slice_name": chart.title,
        "description": chart.says or dataset.says,
        "viz_type": viz_type,
        "params": {
            "viz_type": viz_type,
            "adhoc_filters": conditions,
            "color_scheme": COLOURS,
            "row_limit": 10_000,
            **own,
        },
        "uuid": identity("chart", dashboard.name, chart.title),
        "version": VERSION,
        "dataset_uuid": identity("dataset", dataset.name),
    }


def _number(chart: Chart, dataset: Dataset, currency: str) -> tuple[str, dict]:
    metric = dataset.metrics[chart.show[0]]
    return "big_number_total", {
        "metric": chart.show[0],
        "y_axis_format": _d3(metric.format),
        "currency_format": _currency(metric.format, currency),
        "subheader": chart.axis or metric.label,
        "header_font_size": 0.4,
        "subheader_font_size": 0.15,
    }


def _line(chart: Chart, dataset: Dataset, currency: str) -> tuple[str, dict]:
    return "echarts_timeseries_line", {
        "x_axis": chart.by[0] if chart.by else "date",
        "time_grain_sqla": chart.per,
        "groupby": list(chart.split),
        "x_axis_time_format": "%Y-%m-%d",
        "markerEnabled": True,
        "markerSize": 4,
        **_axes(chart, dataset, currency),
    }


def _bar(chart: Chart, dataset: Dataset, currency: str) -> tuple[str, dict]:
    return "echarts_timeseries_bar", {
        "x_axis": chart.by[0],
        "groupby": list(chart.split),
        "orientation": "horizontal",
        "row_limit": chart.most,
        "stack": "Stack" if chart.stacked else None,
        "show_value": not chart.split and len(chart.show) == 1,
        "x_axis_sort": chart.sort or chart.show[0],
        # Lying bars are drawn from below: the first of an order stands at the top.
        "x_axis_sort_asc": chart.descending,
        "x_axis_sort_series": "name",
        "x_axis_sort_series_ascending": True,
        "xAxisForceCategorical": True,
        **_axes(chart, dataset, currency),
    }


def _axes(chart: Chart, dataset: Dataset, currency: str) -> dict:
    form = dataset.metrics[chart.show[0]].format
    several = len(chart.show) > 1 or bool(chart.split)
    return {
        "metrics": list(chart.show),
        "y_axis_format": _d3(form),
        "currency_format": _currency(form, currency),
        "y_axis_title": chart.axis or dataset.metrics[chart.show[0]].label,
        "y_axis_title_margin": 50 if chart.kind == "line" else 30,
        "y_axis_title_position": "Left",
        "truncateYAxis": False,
        "y_axis_bounds": [None, None],
        "show_legend": several,
        "legendType": "scroll",
        "legendOrientation": "top",
        "rich_tooltip": True,
        "tooltipTimeFormat": "%Y-%m-%d",
    }


def _table(chart: Chart, dataset: Dataset, currency: str) -> tuple[str, dict]:
    return "table", {
        "query_mode": "aggregate",
        "groupby": list(chart.by),
        "metrics": list(chart.show),
        "timeseries_limit_metric": chart.sort or chart.show[0],
        "order_desc": chart.descending,
        "row_limit": 1_000,
        "page_length": 0,
        "table_timestamp_format": "%Y-%m-%d",
        "show_cell_bars": False,
        "color_pn": False,
        "allow_rearrange_columns": False,
        "column_config": {
            name: {
                "d3NumberFormat": _d3(metric.format),
                "d3SmallNumberFormat": _d3(metric.format),
                "currencyFormat": _currency(metric.format, currency),
            }
            for name, metric in dataset.metrics.items()
            if name in chart.show
        },
    }


def _heatmap(chart: Chart, dataset: Dataset, currency: str) -> tuple[str, dict]:
    metric = dataset.metrics[chart.show[0]]
    return "heatmap_v2", {
        "x_axis": chart.by[0],
        "groupby": chart.by[1],
        "metric": chart.show[0],
        "sort_x_axis": "alpha_asc",
        "sort_y_axis": "alpha_asc",
        "normalize_across": "heatmap",
        "legend_type": "continuous",
        "linear_color_scheme": SHADES,
        "show_legend": True,
        "show_percentage": False,
        "show_values": True,
        "value_bounds": [None, None],
        "left_margin": "auto",
        "bottom_margin": "auto",
        "xscale_interval": -1,
        "yscale_interval": -1,
        "y_axis_format": _d3(metric.format),
    }


_PARAMETERS = {"number": _number, "line": _line, "bar": _bar, "table": _table, "heatmap": _heatmap}


def _d3(form: str) -> str:
    return ",.2f" if form == "currency" else form


def _currency(form: str, currency: str) -> dict:
    return {"symbol": currency, "symbolPosition": "prefix"} if form == "currency" else {}


def _dashboard(declared: Declared, dashboard: Dashboard, columns: Mapping[str, Columns]) -> dict:
    # Superset numbers charts anew on import; here their places in the page serve.
    numbers = {chart.title: number for number, chart in enumerate(dashboard.charts, start=1)}

    def deaf_to(names: Iterable[str]) -> list[int]:
        return [
            numbers[chart.title]
            for chart in dashboard.charts
            if not all(honours(declared.datasets[chart.dataset], columns[chart.dataset], name) for name in names)
        ]

    return {
        "dashboard_title": dashboard.title,
        "description": dashboard.says,
        "css": "",
        "slug": dashboard.name.replace("_", "-"),
        "certified_by": "",
        "certification_details": "",
        "published": True,
        "uuid": identity("dashboard", dashboard.name),
        "position": _position(declared, dashboard, columns, numbers),
        "metadata": {
            "color_scheme": COLOURS,
            "label_colors": dict(dashboard.colours),
            "cross_filters_enabled": True,
            "native_filter_configuration": [
                _filter(declared.filters[name], deaf_to([name])) for name in dashboard.filters
            ],
            "chart_configuration": {
                str(numbers[chart.title]): {
                    "id": numbers[chart.title],
                    "crossFilters": {
                        "scope": {
                            "rootPath": [_ROOT],
                            "excluded": sorted({numbers[chart.title], *deaf_to(chart.dimensions)}),
                        },
                        "chartsInScope": [],
                    },
                }
                for chart in dashboard.charts
                if chart.dimensions
            },
            "global_chart_configuration": {"scope": {"rootPath": [_ROOT], "excluded": []}, "chartsInScope": []},
        },
        "version": VERSION,
    }


def _filter(declared: Filter, excluded: list[int]) -> dict:
    common = {
        "id": f"NATIVE_FILTER-{declared.name}",
        "name": declared.label,
        "description": declared.says,
        "type": "NATIVE_FILTER",
        "cascadeParentIds": [],
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "scope": {"rootPath": [_ROOT], "excluded": excluded},
    }
    if declared.dataset is None:
        return {**common, "filterType": "filter_time", "targets": [{}], "controlValues": {}}
    return {
        **common,
        "filterType": "filter_select",
        "targets": [{"column": {"name": declared.name}, "datasetUuid": identity("dataset", declared.dataset)}],
        "controlValues": {
            "multiSelect": True,
            "enableEmptyFilter": False,
            "inverseSelection": False,
            "searchAllOptions": False,
        },
    }


def _position(
    declared: Declared, dashboard: Dashboard, columns: Mapping[str, Columns], numbers: Mapping[str, int]
) -> dict:
    grid: list[str] = []
    placed: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        _ROOT: {"type": "ROOT", "id": _ROOT, "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": grid, "parents": [_ROOT]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": dashboard.title}},
    }

    def row(*children: dict) -> None:
        name = f"ROW-{len(grid) + 1}"
        grid.append(name)
        placed[name] = {
            "type": "ROW",
            "id": name,
            "children": [child["id"] for child in children],
            "parents": [_ROOT, "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for child in children:
            placed[child["id"]] = {**child, "children": [], "parents": [_ROOT, "GRID_ID", name]}

    for index, section in enumerate(dashboard.sections, start=1):
        text = f"### {section.heading}\n{_reach(declared, dashboard, section.charts, columns)}"
        meta = {"width": GRID, "height": _HEADING_HEIGHT, "code": text}
        row({"type": "MARKDOWN", "id": f"MARKDOWN-{index}", "meta": meta})
        for charts in _rows(section.charts):
            row(
                *(
                    {
                        "type": "CHART",
                        "id": f"CHART-{numbers[chart.title]}",
                        "meta": {
                            "chartId": numbers[chart.title],
                            "uuid": identity("chart", dashboard.name, chart.title),
                            "sliceName": chart.title,
                            "width": chart.width,
                            "height": chart.height,
                        },
                    }
                    for chart in charts
                )
            )
    return placed


def _reach(declared: Declared, dashboard: Dashboard, charts: Iterable[Chart], columns: Mapping[str, Columns]) -> str:
    """Which filters of the page move the charts of a section, and which do not, in words."""
    datasets = {chart.dataset for chart in charts}
    heard, unheard = [], []
    for name in dashboard.filters:
        is_heard = all(honours(declared.datasets[dataset], columns[dataset], name) for dataset in datasets)
        (heard if is_heard else unheard).append(declared.filters[name].label)
    said = f"Filtered by {_listed(heard)}." if heard else "No filter of this page applies here."
    return said + (f" Not by {_listed(unheard, 'or')}." if heard and unheard else "")


def _listed(names: list[str], last: str = "and") -> str:
    names = [name.lower() for name in names]
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _rows(charts: Iterable[Chart]) -> list[list[Chart]]:
    rows: list[list[Chart]] = []
    for chart in charts:
        if not rows or sum(c.width for c in rows[-1]) + chart.width > GRID:
            rows.append([])
        rows[-1].append(chart)
    return rows

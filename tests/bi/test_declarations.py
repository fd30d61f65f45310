"""The files of the dashboards, held against what the marts promise; without Superset and in a second or two."""

import re
from contextlib import closing

import duckdb
import pytest
import yaml

from bi import bundle
from bi.declared import FOLDER, GRID, DeclarationError, read
from orchestration.settings import REPOSITORY
from tests.shared import CONTRACT, needs

MODELS = REPOSITORY / "dbt_project" / "models"
TITLES = [
    "Overview and goals",
    "Funnel explorer",
    "Content and links",
    "Experiments",
    "Segments and interests",
    "Deliverability and machine traffic",
    "Value of micro-conversions",
    "Follow-ups",
]
DECLARED = read()
CHARTS = [(page, chart) for page in DECLARED.dashboards.values() for chart in page.charts]


@pytest.fixture(scope="module")
def marts():
    """Empty marts as the models' contracts declare them, under the name that the published file has."""
    with closing(duckdb.connect()) as connection:
        connection.execute("attach ':memory:' as marts")
        connection.execute("create schema marts.marts")
        for path in sorted((MODELS / "marts").rglob("*.yml")):
            for model in yaml.safe_load(path.read_text()).get("models", ()):
                columns = ", ".join(f'"{c["name"]}" {c["data_type"]}' for c in model["columns"])
                connection.execute(f'create table marts.marts."{model["name"]}" ({columns})')
        yield connection


@pytest.fixture(scope="module")
def columns(marts):
    """The columns of each dataset."""
    return {
        name: {row[0]: (row[1], None) for row in marts.execute(f"describe {dataset.rendered()}").fetchall()}
        for name, dataset in DECLARED.datasets.items()
    }


def test_the_eight_dashboards_are_there_and_each_has_filters():
    assert [page.title for page in DECLARED.dashboards.values()] == TITLES
    for page in DECLARED.dashboards.values():
        assert page.says.endswith("?")
        assert {"date", "campaign", "segment", "device", "experiment"} & set(page.filters)
    offered = {name for page in DECLARED.dashboards.values() for name in page.filters}
    assert {"date", "campaign", "segment", "device"} <= offered <= DECLARED.filters.keys()


@pytest.mark.parametrize("name", DECLARED.datasets)
def test_every_metric_of_a_dataset_runs_on_the_marts_as_promised(marts, name):
    dataset = DECLARED.datasets[name]
    for chosen in ({}, {name: ["a", "it's"] for name in dataset.templated}):
        for metric in dataset.metrics.values():
            marts.execute(f"select {metric.sql} from ({dataset.rendered(chosen)})")


@pytest.mark.parametrize(("page", "chart"), CHARTS, ids=[chart.title for _, chart in CHARTS])
def test_every_chart_asks_for_what_its_dataset_has(marts, columns, page, chart):
    dataset = DECLARED.datasets[chart.dataset]
    named = {*chart.by, *chart.split} | ({chart.sort} if chart.sort else set())
    assert named - dataset.metrics.keys() <= columns[chart.dataset].keys()
    assert chart.show
    assert chart.width <= GRID
    if chart.kind == "line":
        assert "date" in columns[chart.dataset]
    marts.execute(f"select 1 from ({dataset.rendered()}) where {chart.where or 'true'}")


def test_every_chart_has_its_question_once_and_every_dataset_is_shown():
    titles = [(page.name, chart.title) for page, chart in CHARTS]
    assert len(set(titles)) == len(titles)
    used = {chart.dataset for _, chart in CHARTS} | {f.dataset for f in DECLARED.filters.values()}
    assert used - {None} == DECLARED.datasets.keys()


def test_the_charts_of_a_section_follow_the_same_filters_so_its_heading_tells_the_truth(columns):
    for page in DECLARED.dashboards.values():
        for section in page.sections:
            followed = {
                frozenset(
                    name
                    for name in page.filters
                    if bundle.honours(DECLARED.datasets[chart.dataset], columns[chart.dataset], name)
                )
                for chart in section.charts
            }
            assert len(followed) == 1, (page.title, section.heading)


def test_every_filter_moves_a_chart_of_its_page_and_has_choices(columns):
    for page in DECLARED.dashboards.values():
        for name in page.filters:
            assert any(bundle.honours(DECLARED.datasets[c.dataset], columns[c.dataset], name) for c in page.charts), (
                page.title,
                name,
            )
            source = DECLARED.filters[name].dataset
            assert source is None or name in columns[source]


def test_a_filter_and_a_click_reach_only_charts_that_can_follow(columns):
    files = bundle.files(DECLARED, columns, marts=FOLDER, currency="USD", limits={})
    for page in DECLARED.dashboards.values():
        charts = dict(enumerate(page.charts, start=1))
        metadata = yaml.safe_load(files[f"dashboards/{page.name}.yaml"])["metadata"]
        for declared in metadata["native_filter_configuration"]:
            name = declared["id"].removeprefix("NATIVE_FILTER-")
            for number, chart in charts.items():
                follows = bundle.honours(DECLARED.datasets[chart.dataset], columns[chart.dataset], name)
                assert (number in declared["scope"]["excluded"]) is not follows
        for number, configured in metadata["chart_configuration"].items():
            excluded = configured["crossFilters"]["scope"]["excluded"]
            for other, chart in charts.items():
                if other not in excluded:
                    for name in charts[int(number)].dimensions:
                        assert bundle.honours(DECLARED.datasets[chart.dataset], columns[chart.dataset], name)


def test_rates_are_ratios_of_sums_and_no_metric_averages_rates():
    for dataset in DECLARED.datasets.values():
        for name, metric in dataset.metrics.items():
            assert not re.search(r"\b(avg|mean|median)\(", metric.sql), (dataset.name, name)
            if metric.format.endswith("%") and name.endswith(("_rate", "_share")) and "sum(" in metric.sql:
                assert "/ nullif(" in metric.sql or "suggested" in name, (dataset.name, name)


def test_colours_that_mean_something_are_told_apart_by_the_colour_blind():
    safe = {"#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#BBBBBB"}
    for page in DECLARED.dashboards.values():
        assert set(page.colours.values()) <= safe
        assert len(set(page.colours.values())) == len(page.colours)


def test_the_exposures_name_the_dashboards_and_the_marts_that_each_reads():
    exposures = yaml.safe_load((MODELS / "exposures.yml").read_text())["exposures"]
    said = {
        e["name"]: (e["label"], {re.fullmatch(r"ref\('(\w+)'\)", ref)[1] for ref in e["depends_on"]}) for e in exposures
    }
    assert said == {page.name: (page.title, set(DECLARED.marts_of(page))) for page in DECLARED.dashboards.values()}
    for exposure in exposures:
        assert exposure["url"].endswith(f"/superset/dashboard/{exposure['name'].replace('_', '-')}/")


@needs(CONTRACT)
def test_every_mart_that_a_dashboard_reads_is_promised():
    promised = yaml.safe_load(CONTRACT.read_text())["marts"].keys()
    assert {mart for dataset in DECLARED.datasets.values() for mart in dataset.marts} <= promised


def test_a_segment_means_those_who_were_in_it_when_the_message_was_sent(marts):
    marts.execute("begin")
    marts.execute("insert into marts.marts.dim_campaigns (campaign_key, campaign_name) values ('c', 'Autumn')")
    for number, day in enumerate((1, 10, 20), start=1):
        marts.execute(
            "insert into marts.marts.fct_messages (message_key, subscriber_key, campaign_key, sent_at) "
            f"values ('m{number}', 's', 'c', timestamp '2026-09-{day:02} 08:00:00')"
        )
    marts.execute(
        "insert into marts.marts.segment_membership (segment, subscriber_key, entered_at, left_at, is_current) values "
        "('engaged', 's', timestamp '2026-09-05', timestamp '2026-09-15', false), "
        "('loyal', 's', timestamp '2026-09-18', null, true)"
    )
    dataset = DECLARED.datasets["messages"]

    def days(*segments):
        rows = marts.execute(f"select day(date) from ({dataset.rendered({'segment': segments})}) order by 1").fetchall()
        return [day for (day,) in rows]

    try:
        assert days() == [1, 10, 20]
        assert days("engaged") == [10]
        assert days("loyal") == [20]
        assert days("engaged", "loyal") == [10, 20]
        assert days("nobody's") == []
    finally:
        marts.execute("rollback")


def test_a_chart_without_its_dataset_is_refused_by_the_name_of_the_file(tmp_path):
    (tmp_path / "datasets").mkdir()
    (tmp_path / "dashboards").mkdir()
    (tmp_path / "filters.yml").write_text("date: {label: Date, says: Days.}")
    page = {
        "title": "A page",
        "says": "Why?",
        "filters": ["date"],
        "sections": [{"heading": "One", "charts": [{"title": "A chart", "kind": "bar", "dataset": "absent"}]}],
    }
    (tmp_path / "dashboards" / "1_page.yml").write_text(yaml.safe_dump(page))
    with pytest.raises(DeclarationError, match=r"1_page\.yml: 'A chart' reads 'absent'"):
        read(tmp_path)


def test_counts_agree_whichever_dataset_a_page_takes_them_from(sampled):
    with closing(duckdb.connect(str(sampled.marts_path), read_only=True)) as connection:

        def figures(name, *metrics):
            dataset = DECLARED.datasets[name]
            said = ", ".join(dataset.metrics[metric].sql for metric in metrics)
            row = connection.execute(f"select {said} from ({dataset.rendered()})").fetchone()
            return [float(figure) for figure in row]

        by_message = figures("messages", "messages", "delivered", "click_rate", "conversion_rate", "revenue")
        by_campaign = figures("campaign_days", "sent", "delivered", "human_click_rate", "conversion_rate", "revenue")
        assert by_message == pytest.approx(by_campaign)
        assert by_message[0] > 0

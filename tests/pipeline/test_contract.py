"""What outsiders rely on: tables, columns and keys of the contract, and the example queries of the README."""

import re

import pytest
import yaml

from orchestration.settings import REPOSITORY
from tests.pipeline.running import published
from tests.shared import CONTRACT, needs

MARTS = [
    "attribution",
    "campaign_attribution",
    "campaign_funnel",
    "campaign_performance",
    "campaign_roi",
    "cohort_retention",
    "content_elements",
    "content_features",
    "data_quality",
    "deliverability_daily",
    "dim_assignments",
    "dim_campaign_variants",
    "dim_campaigns",
    "dim_links",
    "dim_micro_conversions",
    "dim_subscribers",
    "experiment_results",
    "exports",
    "fct_messages",
    "fct_micro_conversions",
    "follow_ups",
    "frequency_fatigue",
    "funnel_daily",
    "goal_progress",
    "machine_traffic_daily",
    "metric_forecasts",
    "metric_trends",
    "micro_conversion_value",
    "new_subscriber_projection",
    "publication",
    "segment_membership",
    "segment_performance",
    "send_time",
    "subscriber_engagement_daily",
    "subscriber_interests",
    "trigger_latency",
    "warmup_plan",
    "unsubscribe_risk",
]


def queries() -> dict[str, str]:
    """The README's SQL by the heading above it."""
    text = (REPOSITORY / "README.md").read_text()
    return {
        heading: sql for heading, sql in re.findall(r"^(\*\*.+?\*\*.*?)\n```sql\n(.+?)```", text, flags=re.S | re.M)
    }


def test_every_promised_mart_is_published_and_filled(sampled):
    tables = {name for (name,) in published(sampled.home, "select table_name from duckdb_tables()")}
    assert set(MARTS) <= tables
    for mart in MARTS:
        assert published(sampled.home, f"select count(*) > 0 from {mart}") == [(True,)], f"{mart} is empty"


@needs(CONTRACT)
@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_has_the_columns_and_the_key_of_the_contract(sampled, mart):
    promised = yaml.safe_load(CONTRACT.read_text())["marts"][mart]
    columns = [
        name
        for (name,) in published(
            sampled.home, f"select column_name from duckdb_columns() where table_name = '{mart}' order by column_index"
        )
    ]
    assert columns[: len(promised["columns"])] == promised["columns"]
    key = ", ".join(promised["key"])
    some_null = " or ".join(f"{column} is null" for column in promised["key"])
    assert published(sampled.home, f"select count(*) from {mart} where {some_null}") == [(0,)]
    assert published(
        sampled.home, f"select count(*) from (select {key} from {mart} group by all having count(*) > 1)"
    ) == [(0,)]


@pytest.mark.parametrize("heading", queries())
def test_an_example_query_of_the_readme_runs_and_answers(sampled, heading):
    statements = [sql for sql in queries()[heading].split(";") if sql.strip()]
    for sql in statements:
        rows = published(sampled.home, sql)
        assert rows or "not success" in sql, f"{heading}: no rows"


def test_the_readme_has_a_query_for_every_mart():
    headings = " ".join(queries())
    assert [mart for mart in MARTS if f"**{mart}**" not in headings] == []


def test_every_published_table_and_column_is_described(sampled):
    assert published(sampled.home, "select table_name from duckdb_tables() where comment is null") == []
    undescribed = "select table_name, column_name from duckdb_columns() where comment is null and not internal"
    assert published(sampled.home, undescribed) == []

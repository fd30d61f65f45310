"""dbt's documentation: complete, and one page that needs no network."""

from __future__ import annotations

from contextlib import closing

import duckdb
import pytest

from orchestration import dbt_docs, relations
from orchestration.cli import main
from orchestration.dbt import PROJECT, Dbt
from orchestration.settings import Settings
from tests import browser

MANIFEST = Dbt(Settings()).manifest


def test_every_column_that_is_built_is_described(sampled):
    with closing(duckdb.connect(str(sampled.warehouse_path), read_only=True)) as connection:
        built = relations.columns(connection)
    nodes = dbt_docs.described(MANIFEST, PROJECT, built)["nodes"].values()
    described = {
        f"{node['schema']}.{node['name']}": {name for name, column in node["columns"].items() if column["description"]}
        for node in nodes
        if node["resource_type"] in ("model", "seed")
    }
    assert len(described) > 100
    assert {table: built[table].keys() ^ columns for table, columns in described.items()} == {
        table: set() for table in described
    }


def test_every_source_and_its_columns_are_described():
    sources = list(MANIFEST["sources"].values())
    assert sources
    assert [s["name"] for s in sources if not s["description"]] == []
    assert [f"{s['name']}.{c['name']}" for s in sources for c in s["columns"].values() if not c["description"]] == []


def test_every_macro_metric_and_semantic_model_is_described():
    ours = [
        macro
        for macro in dbt_docs.described(MANIFEST, PROJECT, {})["macros"].values()
        if macro["package_name"] == "micro_conversions"
    ]
    assert len(ours) > 100
    for one in [*ours, *MANIFEST["metrics"].values(), *MANIFEST["semantic_models"].values()]:
        assert one["description"], one["name"]


def test_a_macro_is_described_by_the_comment_above_it_else_by_that_of_its_file(tmp_path):
    (tmp_path / "a.sql").write_text(
        "{#- What the\n  file is for. -#}\n\n{% macro one(x) -%}\n1\n{%- endmacro %}\n\n"
        "{#- The second. -#}\n{% macro two() %}2{% endmacro %}\n{% test three(model) %}select 1{% endtest %}"
    )
    assert dbt_docs.comments_of(["a.sql", "absent.sql"], tmp_path) == {
        ("a.sql", "one"): "What the file is for.",
        ("a.sql", "two"): "The second.",
        ("a.sql", "three"): "What the file is for.",
    }


@pytest.mark.browser
def test_the_page_shows_a_model_with_its_columns_and_asks_the_network_for_nothing(journeyed, chromium, monkeypatch):
    monkeypatch.setenv("MICRO_CONVERSIONS_HOME", str(journeyed.home))
    assert main(["docs"]) == 0
    page = journeyed.dbt_docs / "index.html"
    assert [path.name for path in page.parent.iterdir()] == ["index.html"]
    with browser.opened(chromium) as watched:
        watched.page.goto(f"{page.as_uri()}#!/model/model.micro_conversions.campaign_performance")
        watched.page.get_by_text("human_unique_opens / open_measurable.").first.wait_for(timeout=30_000)
        assert "One row per campaign, variant and day of sending" in watched.page.inner_text("body")
        watched.page.wait_for_timeout(1_000)
    assert watched.requests == []


def test_before_the_first_run_there_is_nothing_to_document(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MICRO_CONVERSIONS_HOME", str(tmp_path))
    assert main(["docs"]) == 1
    assert "Run `make run` first" in capsys.readouterr().err

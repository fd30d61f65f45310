"""The dbt project tests itself: unit tests of the logic, data tests of keys and relationships on a filled warehouse."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.dbt import PROJECT


def dbt(warehouse: Path, target: Path, *arguments: str) -> subprocess.CompletedProcess:
    environment = {
        **os.environ,
        "MICRO_CONVERSIONS_WAREHOUSE": str(warehouse),
        "MICRO_CONVERSIONS_NOW": "2026-11-18T00:00:00",
        "DO_NOT_TRACK": "1",
    }
    command = [Path(sys.executable).parent / "dbt", *arguments, "--profiles-dir", ".", "--target-path", target]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def warehouse(sampled, tmp_path_factory):
    """A copy of the sampled home's warehouse under its own name, since views name their database."""
    return Path(shutil.copy(sampled.warehouse_path, tmp_path_factory.mktemp("dbt") / "warehouse.duckdb"))


def test_every_unit_test_and_data_test_holds_on_a_filled_warehouse(warehouse, tmp_path):
    result = dbt(warehouse, tmp_path / "target", "test")
    assert result.returncode == 0, result.stdout[-4000:]
    assert "PASS=" in result.stdout


def test_every_model_and_every_column_is_described():
    from orchestration.dbt import Dbt
    from orchestration.settings import Settings

    undescribed = []
    for node in Dbt(Settings()).manifest["nodes"].values():
        if node["resource_type"] in ("model", "seed"):
            undescribed += [node["name"]] if not node["description"] else []
            undescribed += [f"{node['name']}.{c['name']}" for c in node["columns"].values() if not c["description"]]
    assert undescribed == []


def test_every_description_of_a_model_opens_with_the_grain():
    from orchestration.dbt import Dbt
    from orchestration.settings import Settings

    models = [n for n in Dbt(Settings()).manifest["nodes"].values() if n["resource_type"] == "model"]
    assert [m["name"] for m in models if not m["description"].lstrip().lower().startswith("one row")] == []


def test_every_mart_enforces_its_contract():
    from orchestration.dbt import Dbt
    from orchestration.settings import Settings

    marts = [
        n
        for n in Dbt(Settings()).manifest["nodes"].values()
        if n["resource_type"] == "model" and n["schema"] == "marts"
    ]
    assert marts
    assert [m["name"] for m in marts if not m["config"]["contract"]["enforced"]] == []

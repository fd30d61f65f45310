"""Samples and exports of one's own never mix, whoever starts the run."""

import json

import dagster as dg
import pytest

from orchestration import settings as settings_module
from orchestration.demonstration import OtherExportsInDemonstration, prepare
from orchestration.sensors import build_landing_sensor
from orchestration.sources import SOURCES
from tests.payloads import journey, land
from tests.pipeline.running import failure, run, settings_of


@pytest.fixture
def demonstration(tmp_path, monkeypatch):
    """Settings of a demonstration home with one sample."""
    monkeypatch.setattr(settings_module, "DEFAULT_HOME", tmp_path)
    sample = land(tmp_path, "sendgrid/sample.json", journey())
    (tmp_path / "samples.json").write_text(json.dumps({"sendgrid/sample.json": sample.stat().st_size}))
    return settings_of(tmp_path)


def test_a_run_over_samples_alone_goes_on(demonstration):
    prepare(demonstration, print)
    result = run(demonstration, ["raw/sendgrid"])
    assert result.success, failure(result)


def test_a_run_that_finds_other_exports_says_so_and_stops(demonstration):
    land(demonstration.home, "sendgrid/mine.json", journey("me@example.com", "m1"))
    with pytest.raises(OtherExportsInDemonstration, match=r"sendgrid/mine\.json"):
        prepare(demonstration, print)
    result = run(demonstration, ["raw/sendgrid"])
    assert not result.success
    assert "MICRO_CONVERSIONS_HOME" in failure(result)


def test_the_sensor_starts_no_run_for_other_exports_and_says_why(demonstration):
    land(demonstration.home, "sendgrid/mine.json", journey("me@example.com", "m1"))
    sensor = build_landing_sensor(demonstration, SOURCES)
    with dg.instance_for_test() as instance:
        for _ in range(2):
            said = sensor(dg.build_sensor_context(instance=instance))
            assert not said.run_requests
            assert "sendgrid/mine.json" in said.skip_reason.skip_message

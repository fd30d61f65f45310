"""Pictures in the Dagster UI: they stand in the metadata, and whatever goes wrong with them stays theirs."""

from __future__ import annotations

import dagster as dg
import pytest

from orchestration.assets import follow_ups, pictures, published
from orchestration.report import drawing
from tests.pipeline.running import settings_of


def materialised(settings):
    asset = pictures.build_pictures_asset(settings)
    result = dg.materialize([asset], raise_on_error=False)
    (materialisation,) = result.asset_materializations_for_node("published__pictures")
    (check,) = result.get_asset_check_evaluations()
    return result, materialisation.metadata, check


def test_funnel_trend_and_movers_stand_in_the_metadata_as_images_with_a_text(sampled):
    result, metadata, check = materialised(sampled)
    assert result.success and check.passed
    for name in ("funnel", "trend", "movers"):
        told = metadata[name].value
        assert told.startswith("![") and "](data:image/png;base64," in told and len(told) < 60_000
    assert "People clicked in" in metadata["findings"].value


@pytest.mark.parametrize("trouble", ["drawing fails", "nothing is published"])
def test_a_failure_shows_in_the_check_and_fails_no_run(sampled, tmp_path, monkeypatch, trouble):
    def fails(_):
        raise RuntimeError("no ink")

    monkeypatch.setattr(drawing, "pictures", fails)
    settings = sampled if trouble == "drawing fails" else settings_of(tmp_path)
    result, metadata, check = materialised(settings)
    assert result.success and "funnel" not in metadata
    assert not check.passed and check.severity == dg.AssetCheckSeverity.WARN
    assert ("no ink" if trouble == "drawing fails" else "Nothing is published") in check.description


def test_nothing_waits_for_pictures_not_even_a_delivery(sampled):
    asset = pictures.build_pictures_asset(sampled)
    assert asset.asset_deps[pictures.KEY] == {published.KEY, follow_ups.KEY}
    assert not any(spec.blocking for spec in asset.check_specs)

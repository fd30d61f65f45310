"""A published home that many tests read: made once a session from a small world, and never changed."""

import pytest

from orchestration.samples import write_samples
from tests.pipeline.running import failure, run, settings_of


@pytest.fixture(scope="session")
def sampled(tmp_path_factory):
    """Settings of a home whose sample exports were loaded, built and published, with the truth file beside it."""
    from datetime import datetime

    home = tmp_path_factory.mktemp("sampled")
    write_samples(home / "landing", events=6_000, seed=11, truth=home / "truth.parquet")
    settings = settings_of(home, pinned_now=datetime(2026, 11, 18))
    result = run(settings)
    assert result.success, failure(result)
    return settings

"""One home built at once from everything, against which every other arrival is held."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.samples import write_samples
from orchestration.settings import Settings
from tests.equivalence.arrivals import Records, build_marts, records_of, settings_of
from tests.equivalence.runs import land_exports
from tests.pipeline import running
from tests.pipeline.running import failure, run


@pytest.fixture(scope="session")
def at_once(made_once) -> Settings:
    """A home whose exports, one for each source and day, were all loaded in one run into an empty warehouse."""

    def make(home: Path) -> None:
        write_samples(home / "landing", events=1_200, seed=3)
        build_marts(settings_of(home))

    return settings_of(made_once("at-once", make))


@pytest.fixture(scope="session")
def records(at_once) -> Records:
    """The verbatim records of that home by source."""
    return records_of(at_once)


@pytest.fixture(scope="session")
def undisturbed(made_once) -> Settings:
    """A home whose run nobody disturbed."""

    def make(home: Path) -> None:
        land_exports(home)
        result = run(running.settings_of(home))
        assert result.success, failure(result)

    return running.settings_of(made_once("undisturbed", make))

"""A run that fails half-way, for want of room or by a fault, costs nothing but the next run."""

from __future__ import annotations

import resource
import shutil
import signal

import pytest

from orchestration.dbt import PROJECT, Dbt
from orchestration.definitions import build_defs
from tests.equivalence.runs import end_as, land_exports, start
from tests.pipeline.running import failure, run, settings_of


def _room(most_bytes: int):
    """No file of the process may grow beyond that, as on a disk that is full."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))

    return limit


@pytest.mark.timeout(1200)
def test_a_disk_that_is_full_stops_a_run_in_words_and_the_next_one_makes_good(undisturbed, tmp_path):
    settings = settings_of(tmp_path)
    land_exports(tmp_path)
    for most in (3_000_000, 7_000_000):  # a run's end has files of 8 to 26 MB
        process = start(settings, _room(most))
        said = process.communicate()[0].decode()
        assert process.returncode == 1, said[-4_000:]
        assert "Nothing was published" in said
        assert not settings.marts_path.exists()
    end_as(undisturbed, settings)


@pytest.mark.timeout(1200)
def test_a_model_that_fails_stops_a_run_and_the_next_one_makes_good(undisturbed, tmp_path):
    home = tmp_path / "home"
    settings = settings_of(home)
    land_exports(home)
    project = shutil.copytree(PROJECT, tmp_path / "project", ignore=shutil.ignore_patterns("target", "logs"))
    model = project / "models/marts/segments/send_time.sql"
    model.write_text(model.read_text() + "\nwhere 1 / 0 = 'no number'\n")
    failed = run(settings, defs=build_defs(settings=settings, dbt=Dbt(settings, project)))
    assert not failed.success
    assert "send_time" in failure(failed)
    assert not settings.marts_path.exists()
    end_as(undisturbed, settings)

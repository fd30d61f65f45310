"""The default home shows the project on sample exports; any other home holds real ones, and nothing invented.

Belongs here: when samples are written, and that they never mix with exports of one's own, whoever starts the run. Does
not belong here: what the samples hold (`samples/`).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from orchestration.settings import Settings

SEED = 20261101
EVENTS = 60_000


class OtherExportsInDemonstration(RuntimeError):
    """Exports that are not samples lie in the demonstration's landing zone."""


def prepare(settings: Settings, say: Callable[[str], None]) -> None:
    """Write samples into the default home's empty landing zone. Any other home is left as it is.

    Raises OtherExportsInDemonstration where other files lie beside the samples.
    """
    if not settings.is_demonstration:
        return
    if not _files(settings.landing):
        from orchestration.samples import write_samples

        say(f"The landing zone of the demonstration is empty: writing sample exports to {settings.landing}")
        draft = settings.home / "samples.tmp"
        shutil.rmtree(draft, ignore_errors=True)
        write_samples(draft, events=EVENTS, seed=SEED, truth=settings.home / "samples_truth.parquet")
        _inventory(settings).write_text(json.dumps(_files(draft)))
        # Moved in whole: a command that dies while writing leaves an empty landing zone, not half a sample.
        shutil.rmtree(settings.landing, ignore_errors=True)
        os.replace(draft, settings.landing)
    demand_samples_alone(settings)


def demand_samples_alone(settings: Settings) -> None:
    """Raise OtherExportsInDemonstration where other files than the samples lie in the default home's landing zone."""
    if not settings.is_demonstration:
        return
    inventory = _inventory(settings)
    samples = json.loads(inventory.read_text()) if inventory.exists() else {}
    others = [name for name, size in _files(settings.landing).items() if samples.get(name) != size]
    if others:
        raise OtherExportsInDemonstration(
            f"{settings.landing} holds exports that are not samples, for instance {others[0]}. This is the "
            "demonstration's home, and samples must not mix with yours. Give your exports a home of their own: "
            "MICRO_CONVERSIONS_HOME=/path/to/home make run (or write the line into .env), with the files below "
            "/path/to/home/landing/<source>/."
        )


def _inventory(settings: Settings) -> Path:
    return settings.home / "samples.json"


def _files(folder: Path) -> dict[str, int]:
    return {str(p.relative_to(folder)): p.stat().st_size for p in sorted(folder.rglob("*")) if p.is_file()}

"""Wall and CPU seconds of named spans, and children that are measured from outside.

Belongs here: how a figure is taken. Does not belong here: what is run.

A figure is taken in a process of its own, so that no import, cache or heap of one run is another's. CPU seconds are
those of all threads of the process, in user and system mode: they hold where other work on the machine stretches the
wall clock.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.settings import REPOSITORY, Settings


@dataclass(frozen=True)
class Seconds:
    """Seconds by the clock and seconds of computing."""

    wall: float = 0.0
    cpu: float = 0.0

    def __add__(self, other: Seconds) -> Seconds:
        return Seconds(self.wall + other.wall, self.cpu + other.cpu)

    def __sub__(self, other: Seconds) -> Seconds:
        return Seconds(self.wall - other.wall, self.cpu - other.cpu)

    @classmethod
    def now(cls) -> Seconds:
        """Since any one moment of this process: only differences say something."""
        return cls(time.perf_counter(), time.process_time())


@dataclass
class Measured:
    """What a run took, by span: seconds, and the process's peak memory in MB by its end. `facts` are its own words."""

    seconds: dict[str, Seconds] = field(default_factory=lambda: defaultdict(Seconds))
    peak_mb: dict[str, float] = field(default_factory=dict)
    facts: dict[str, object] = field(default_factory=dict)

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Add what the body takes to the span's seconds."""
        begun = Seconds.now()
        try:
            yield
        finally:
            self.seconds[name] += Seconds.now() - begun
            self.peak_mb[name] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6

    def write(self, path: Path) -> None:
        """Hand the figures to the process that asked for them."""
        seconds = {name: (spent.wall, spent.cpu) for name, spent in self.seconds.items()}
        path.write_text(json.dumps({"seconds": seconds, "peak_mb": self.peak_mb, "facts": self.facts}))


def measure(module: str, settings: Settings) -> Measured:
    """Run a module of this package in a process of its own, under these settings, and read the figures it wrote.

    Raises RuntimeError with what the process said where it fails.
    """
    result = settings.home / f"{module}.json"
    environ = {
        "MICRO_CONVERSIONS_HOME": str(settings.home),
        "MICRO_CONVERSIONS_NOW": settings.now().isoformat(),
        "MICRO_CONVERSIONS_SALT": settings.salt,
        "MICRO_CONVERSIONS_MEMORY_LIMIT": f"{settings.memory_limit_mb}MB",
        "MICRO_CONVERSIONS_THREADS": str(settings.threads),
        "MICRO_CONVERSIONS_SETTLE_SECONDS": str(settings.settle_seconds),
    }
    command = [sys.executable, "-m", f"{__package__}.{module}", str(result)]
    child = subprocess.run(command, cwd=REPOSITORY, env={**os.environ, **environ}, capture_output=True, text=True)
    if child.returncode:
        raise RuntimeError(f"{module} failed on {settings.home}:\n{child.stderr[-4_000:]}")
    found = json.loads(result.read_text())
    seconds = {name: Seconds(*pair) for name, pair in found["seconds"].items()}
    return Measured(seconds, found["peak_mb"], found["facts"])

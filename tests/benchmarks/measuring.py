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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from orchestration.settings import REPOSITORY


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
    """What a run took: seconds by span, peak memory of the process in MB, and what it said of itself."""

    seconds: dict[str, Seconds] = field(default_factory=lambda: defaultdict(Seconds))
    peak_mb: float = 0.0
    facts: dict[str, object] = field(default_factory=dict)

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        """Add what the body takes to the span's seconds."""
        begun = Seconds.now()
        try:
            yield
        finally:
            self.seconds[name] += Seconds.now() - begun

    def write(self, path: Path) -> None:
        """Hand the figures to the process that asked for them, with this process's peak memory."""
        peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        seconds = {name: (spent.wall, spent.cpu) for name, spent in self.seconds.items()}
        path.write_text(json.dumps({"seconds": seconds, "peak_mb": peak_kb / 1000, "facts": self.facts}))


def measure(module: str, *arguments: Path | str, environ: Mapping[str, str]) -> Measured:
    """Run `python -m <module> <arguments> <result file>` and read the figures it wrote."""
    result = Path(environ["MICRO_CONVERSIONS_HOME"]) / f"{module.rpartition('.')[2]}.json"
    command = [sys.executable, "-m", module, *map(str, arguments), str(result)]
    subprocess.run(command, cwd=REPOSITORY, env={**os.environ, **environ}, check=True)
    found = json.loads(result.read_text())
    return Measured({name: Seconds(*pair) for name, pair in found["seconds"].items()}, found["peak_mb"], found["facts"])

"""`python -m orchestration.samples`: write sample exports into a landing zone.

Belongs here: arguments and what the terminal shows. Does not belong here: what is written (`write.py`).
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import date
from pathlib import Path

from orchestration.samples import world
from orchestration.samples.write import SOURCES, write_samples


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m orchestration.samples",
        description="Write sample exports of an invented world. The same arguments write the same bytes.",
    )
    parser.add_argument("--events", type=int, default=50_000, help="about so many e-mail events (%(default)s)")
    parser.add_argument("--seed", type=int, default=7, help="which world (%(default)s)")
    parser.add_argument("--out", type=Path, required=True, metavar="LANDING", help="the landing folder to write into")
    parser.add_argument("--truth", type=Path, metavar="FILE.parquet", help="also write what the exports hide")
    parser.add_argument("--start", type=date.fromisoformat, default=world.START, help="first day, UTC (%(default)s)")
    parser.add_argument("--days", type=int, default=world.DAYS, help="length of the window (%(default)s)")
    parser.add_argument(
        "--sources", default=",".join(SOURCES), metavar="A,B", help="which of %(default)s to write (all)"
    )
    parser.add_argument("--file-hours", type=int, metavar="HOURS", help="how long a stretch of time a file covers")
    given = parser.parse_args(arguments)

    begun = time.monotonic()
    try:
        summary = write_samples(
            given.out,
            events=given.events,
            seed=given.seed,
            start=given.start,
            days=given.days,
            sources=[name.strip() for name in given.sources.split(",") if name.strip()],
            file_hours=given.file_hours,
            truth=given.truth,
            progress=lambda text: print(text, file=sys.stderr),
        )
    except ValueError as error:
        parser.error(str(error))
    seconds = time.monotonic() - begun
    print(
        f"{summary.email_events:,} e-mail events ({summary.email_deliveries:,} with repeated ones) and "
        f"{summary.site_events:,} site events of {summary.subscribers:,} subscribers in {len(summary.files):,} files "
        f"below {given.out}: {seconds:.1f} s, {summary.email_events / seconds:,.0f} e-mail events a second"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

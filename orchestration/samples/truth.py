"""Writes what the sample exports hide: who was human, and what was planted.

Belongs here: the truth files that tests and benchmarks compare with. Does not belong here: the exports themselves,
which say nothing of it (`exports.py`).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import duckdb

from orchestration.samples import world
from orchestration.samples.exports import copy
from orchestration.samples.generate import Request, run


def write_truth(connection: duckdb.DuckDBPyConnection, truth: Path, request: Request) -> None:
    """Write `<truth>`, a row per event; beside it `<stem>_subscribers.parquet` and what was planted, `<stem>.json`."""
    run(connection, "truth")
    copy(connection, "select * from truth_events order by all", truth, "format parquet")
    subscribers = truth.with_name(f"{truth.stem}_subscribers.parquet")
    copy(connection, "select * from truth_subscribers order by email", subscribers, "format parquet")
    truth.with_suffix(".json").write_text(json.dumps(_facts(connection, request), indent=2) + "\n")


def _facts(connection: duckdb.DuckDBPyConnection, request: Request) -> dict[str, object]:
    mailshots, read, opened, clicked = connection.execute(
        "select count(*), count(read_at), count(*) filter (where is_open_seen), count(*) filter (where clicks > 0) "
        "from messages where kind in ('newsletter', 'promotion') and fate <> 'dropped'"
    ).fetchone()
    orders = connection.execute(
        "select origin || case when downloads then ', after a download' else '' end, count(*) from orders "
        "where ordered_at < ends_at() group by 1 order by 1"
    ).fetchall()
    experiments = {row[0] for row in connection.execute("select experiment from experiments").fetchall()}
    return {
        "window": {"starts_at": request.starts_at.isoformat(), "ends_at": request.ends_at.isoformat()},
        "driver": {
            "micro_conversion": world.DRIVER,
            "says": "an order after the visit becomes so much likelier through it",
            "added_probability": world.DRIVER_EFFECT,
            "probability_without": world.ORDER_AFTER_VISIT,
        },
        "distraction": {
            "micro_conversion": world.DISTRACTION,
            "says": "the most clicked element of a newsletter; no visit to it ever ends in an order",
        },
        "experiments": {
            e.name: {"truth": e.truth, "control": e.control, "variants": [asdict(v) for v in e.variants]}
            for e in world.EXPERIMENTS
            if e.name in experiments
        },
        "mailshots": {
            "sent": mailshots,
            "read": read,
            "open_recorded": opened,
            "clicked": clicked,
            "says": "read counts people; behind a privacy proxy most of their opens are not recorded as theirs",
        },
        "orders": dict(orders),
        "duplicate_share": world.DUPLICATE_SHARE,
        "late_share": world.LATE_SHARE,
    }

"""`python -m tests.benchmarks.deliver WAREHOUSE URL`: the delivery alone, in a process that may be killed."""

from __future__ import annotations

import sys
from contextlib import closing
from datetime import UTC, datetime

import duckdb

from orchestration.follow_ups.delivery import deliver
from orchestration.follow_ups.webhook import Webhook

if __name__ == "__main__":
    with closing(duckdb.connect(sys.argv[1])) as connection:
        connection.execute("set TimeZone = 'UTC'")
        deliver(connection, Webhook(sys.argv[2]), "benchmark", lambda: datetime.now(UTC).replace(tzinfo=None))

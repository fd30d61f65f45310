"""A world with its machines, classified and held against its truth.

Belongs here: making such a home without gates and publication, and counting verdicts against the truth, those of the
simpler rules that we mean to beat included. Does not belong here: which worlds, and what is asked of the figures.

Mautic, Twenty and `within 10 seconds` are rules of clicks. Mautic's `BotRatioHelper` calls a hit a bot's at two of
three points: within 2 seconds of the send, a listed address, a listed agent. The lists are ours, so that it has the
same to go by.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from orchestration import increments
from orchestration.dbt import Dbt
from orchestration.exports.load import load_source
from orchestration.samples import write_samples
from orchestration.settings import Settings
from orchestration.sources import SOURCES

TARGETS = ("int_event_actors", "int_email_events")
RULES = {
    "ours": "actor = 'machine'",
    "Mautic, 2 of 3 points": "mautic >= 2",
    "within 10 seconds of delivery": "seconds_since_arrival <= 10",
    "Twenty, 3 links in 10 seconds": "burst_links >= 3",
}


@dataclass(frozen=True)
class Score:
    """What a rule says of events, against what they are."""

    rule: str
    found: int
    missed: int
    accused: int

    @property
    def precision(self) -> float:
        """The share of machines among what the rule calls one; 1 where it calls nothing so."""
        return self.found / (self.found + self.accused) if self.found + self.accused else 1.0

    @property
    def recall(self) -> float:
        """The share of machines that the rule finds."""
        return self.found / (self.found + self.missed)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.found / (2 * self.found + self.missed + self.accused)


def classified(home: Path, *, events: int, seed: int, targets=TARGETS, sources=None, **world) -> Settings:
    """A home whose samples are loaded and whose models are built up to the targets; its truth lies beside them."""
    settings = Settings(home=home, pinned_now=datetime(2026, 11, 18), given_salt="a salt for tests", settle_seconds=0.0)
    write_samples(home / "landing", events=events, seed=seed, truth=home / "truth.parquet", **world)
    load(settings)
    build(settings, targets)
    return settings


def load(settings: Settings) -> None:
    """Load whatever is pending, without the first gate."""
    for source in SOURCES.values():
        load_source(source, lambda: closing(duckdb.connect(str(settings.warehouse_path))), settings, "run", _no_audit)


def build(settings: Settings, targets) -> None:
    """Build the targets and all that they are made of."""
    dbt = Dbt(settings)
    names = upstream(dbt.manifest, targets)
    increments.build(dbt, lambda: closing(duckdb.connect(str(settings.warehouse_path))), names)


def upstream(manifest, targets) -> set[str]:
    """Names of the models and seeds that the targets are made of, themselves included."""
    nodes, found = manifest["nodes"], set()
    pending = [key for key, node in nodes.items() if node["name"] in targets and node["resource_type"] == "model"]
    while pending:
        key = pending.pop()
        if key in nodes and key not in found:
            found.add(key)
            pending += nodes[key]["depends_on"].get("nodes", ())
    return {nodes[key]["name"] for key in found}


def hold_against_truth(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A connection with the table `judged`: a row per open and click, what it is and what is said of it."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.execute(f"attach '{settings.warehouse_path}' as warehouse (read_only)")
    connection.execute(_JUDGED.format(truth=settings.home / "truth.parquet"))
    return connection


def score(connection: duckdb.DuckDBPyConnection, rule: str, among: str) -> Score:
    """How a rule of RULES does among the events of `judged` that a condition names."""
    says = f"coalesce({RULES[rule]}, false)"
    counts = connection.execute(
        f"select count(*) filter (is_machine and {says}), count(*) filter (is_machine and not {says}), "
        f"count(*) filter (not is_machine and {says}) from judged where {among}"
    )
    return Score(rule, *counts.fetchone())


def _no_audit(source, profile) -> list:
    return []


# The truth knows events by what they are; of two alike in one message and second it does not matter which is which.
_JUDGED = """
create table judged as
with truth as (
    select
        t.*,
        case event when 'open' then 'opened' else 'clicked' end as event_type,
        row_number() over (
            partition by source, esp_message_id, i.subscriber_key, event, url, occurred_at order by actor
        ) as number,
        md5(source || chr(31) || esp_message_id || chr(31) || i.subscriber_key) as message_key
    from '{truth}' as t
    inner join warehouse.restricted.subscriber_identities as i on t.email = i.email
    where event in ('open', 'click') and source <> 'segment'
),
said as (
    select
        a.*, e.url, e.seconds_since_arrival, e.network_kind, e.agent_kind, e.is_machine as flag, s.burst_links,
        row_number() over (
            partition by a.message_key, a.event_type, e.url, a.occurred_at order by a.actor
        ) as number,
        coalesce((e.seconds_since_arrival <= 2)::int, 0)
        + coalesce((e.network_kind in ('scanner', 'data_center'))::int, 0)
        + coalesce((e.agent_kind in ('scanner', 'program'))::int, 0) as mautic
    from warehouse.intermediate.int_event_actors as a
    inner join warehouse.intermediate.int_opens_and_clicks as e using (event_key)
    left join warehouse.intermediate.int_click_surroundings as s using (event_key)
)
select
    truth.event_type, truth.actor = 'machine' as is_machine, truth.class as true_class,
    said.* exclude (event_type, number)
from truth
inner join said
    on truth.message_key = said.message_key
    and truth.event_type = said.event_type
    and truth.url is not distinct from said.url
    and truth.occurred_at = said.occurred_at
    and truth.number = said.number
"""

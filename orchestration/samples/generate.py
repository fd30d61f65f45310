"""Draws the world of `world.py`: tables of subscribers, messages, events and visits in a DuckDB connection.

Belongs here: in which order the SQL of `sql/` runs, and with which figures. Does not belong here: the figures
(`world.py`) and the files that come of it (`exports.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import astuple, dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb

from orchestration.samples import world

EMAIL_SOURCES = ("sendgrid", "postmark")
_SQL = Path(__file__).parent / "sql"
_STEPS = {
    "subscribers": "drawing subscribers",
    "messages": "drawing messages",
    "human_clicks": "drawing what readers click",
    "email_events": "drawing what ESPs report",
    "visits": "drawing visits and orders",
    "site_calls": "drawing site events",
}
# So many subscribers tell how many events one has on average, to within one in a hundred.
_PILOT_SUBSCRIBERS = 3_000


@dataclass(frozen=True)
class Request:
    """Which stretch of which world: the same request always draws the same rows."""

    events: int
    seed: int
    start: date
    days: int
    sources: tuple[str, ...]
    # The share of subscribers behind Apple's proxy; None for what each domain's own share makes of it.
    privacy_share: float | None = None

    @property
    def starts_at(self) -> datetime:
        """The first moment of the window, UTC."""
        return datetime.combine(self.start, time())

    @property
    def ends_at(self) -> datetime:
        """The first moment after the window, UTC: nothing happens from here on."""
        return self.starts_at + timedelta(days=self.days)

    @property
    def counted_sources(self) -> tuple[str, ...]:
        """The ESPs whose events make up `events`: those asked for, or both where none is."""
        return tuple(s for s in EMAIL_SOURCES if s in self.sources) or EMAIL_SOURCES


def subscribers_for(request: Request) -> int:
    """How many subscribers have the requested number of e-mail events between them.

    Exact to one subscriber up to the pilot's size, within about one in a hundred beyond it. Never less than one.
    """
    with duckdb.connect() as pilot:
        draw_world(pilot, request, _PILOT_SUBSCRIBERS, last="email_events")
        pilot.execute(
            "create table reached as select subscriber_no, sum(count(*)) over (order by subscriber_no) as events "
            "from email_events where list_contains($1, cast(source as varchar)) group by subscriber_no",
            [list(request.counted_sources)],
        )
        total = pilot.execute("select coalesce(max(events), 0) from reached").fetchone()[0]
        if total == 0:
            raise ValueError(f"Nothing is mailed in a window of {request.days} day(s); ask for a longer one.")
        if total < request.events:
            return round(_PILOT_SUBSCRIBERS * request.events / int(total))
        enough = "select min(subscriber_no) from reached where events >= $1"
        return pilot.execute(enough, [request.events]).fetchone()[0]


def draw_world(
    connection: duckdb.DuckDBPyConnection,
    request: Request,
    subscribers: int,
    *,
    last: str = "site_calls",
    progress: Callable[[str], None] = lambda text: None,
) -> None:
    """Make the world's tables, up to and including the step named `last`."""
    connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
    connection.execute(f"create macro seed_key() as hash('seed {request.seed}')")
    set_figures(connection, _figures(request, subscribers))
    run(connection, "draws")
    _declare(connection, request)
    for step, what in _STEPS.items():
        progress(what)
        run(connection, step)
        if step == last:
            return


def run(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    """Run one file of `sql/`."""
    connection.execute((_SQL / f"{name}.sql").read_text())


def set_figures(connection: duckdb.DuckDBPyConnection, figures: Mapping[str, object]) -> None:
    """Give the SQL its figures: each becomes a macro of that name, which every cursor of the database knows."""
    for name, figure in figures.items():
        literal = f"timestamp '{figure}'" if isinstance(figure, datetime) else repr(figure)
        connection.execute(f"create macro {name}() as {literal}")


def _figures(request: Request, subscribers: int) -> dict[str, object]:
    return {
        "subscriber_count": subscribers,
        "starts_at": request.starts_at,
        "ends_at": request.ends_at,
        "window_seconds": request.days * 86_400.0,
        "site": world.SITE,
        "read_scale": world.READ_SCALE,
        "appeal_spread": world.APPEAL_SPREAD,
        "order_after_visit": world.ORDER_AFTER_VISIT,
        "order_after_organic_visit": world.ORDER_AFTER_ORGANIC_VISIT,
        "driver_effect": world.DRIVER_EFFECT,
        "duplicate_share": world.DUPLICATE_SHARE,
        "late_share": world.LATE_SHARE,
        "late_from": world.LATE_HOURS[0],
        "late_to": world.LATE_HOURS[1],
        "single_scan_factor": world.SINGLE_SCAN_FACTOR,
        "slow_burst_share": world.SLOW_BURST_SHARE,
        "proxied_read_share": world.PROXIED_READ_SHARE,
        "prefetch_share": world.PREFETCH_SHARE,
    }


def _declare(connection: duckdb.DuckDBPyConnection, request: Request) -> None:
    """What world.py declares, as macros and tables."""
    choices = {
        "domain": {d.name: d.share for d in world.DOMAINS},
        "engagement": {e.name: e.share for e in world.ENGAGEMENT},
        "device": world.DEVICES,
        "category": world.CATEGORIES,
        "signup_source": world.SIGNUP_SOURCES,
        "time_zone": world.TIME_ZONES,
        "best_hour": world.BEST_HOURS,
    }
    curves = {"open_delay": world.OPEN_DELAY, "scan_delay": world.SCAN_DELAY, "proxy_delay": world.PROXY_DELAY}
    connection.execute(";".join([*map(_choice, choices, choices.values()), *map(_curve, curves, curves.values())]))
    run(connection, "declared")

    mailings = world.mailings(request.start, request.days)
    first_mailing = {m.experiment: m for m in reversed(mailings) if m.experiment}
    experiments = [e for e in world.EXPERIMENTS if e.name in first_mailing]
    _fill(connection, "engagements", ((e.name, e.read, e.click, e.intent) for e in world.ENGAGEMENT))
    _fill(
        connection,
        "domains",
        (
            (
                *(d.name, d.provider, d.scanner, d.scanner_agent, d.scanned),
                d.privacy_proxy if request.privacy_share is None else request.privacy_share,
            )
            for d in world.DOMAINS
        ),
    )
    _fill(connection, "agents", ((a.name, a.user_agent, a.platform, *a.client, *a.system) for a in world.AGENTS))
    _fill(
        connection,
        "experiments",
        ((e.name, e.control, _first_moment(first_mailing[e.name]), e.in_payload) for e in experiments),
    )
    _fill(connection, "variants", (row for e in experiments for row in _arms(e)))
    _fill(connection, "declared_mailings", map(_mailing_row, mailings))
    _fill(connection, "links", (row for m in mailings for row in _link_rows(m)))


def _first_moment(mailing: world.Mailing) -> datetime:
    """Before this no recipient has it: a staggered mailing begins in the easternmost time zone."""
    return mailing.sent_from - timedelta(hours=24) if mailing.is_staggered else mailing.sent_from


def _arms(experiment: world.Experiment) -> Iterable[tuple]:
    begin = 0.0
    for variant in experiment.variants:
        name, share, *effects = astuple(variant)
        yield (experiment.name, name, begin, begin + share, *effects)
        begin += share


def _mailing_row(mailing: world.Mailing) -> tuple:
    after = mailing.after_sign_up
    return (
        *(mailing.mailing_no, mailing.campaign_id, mailing.campaign_name, mailing.kind, mailing.esp, mailing.stream),
        *(mailing.subject, mailing.preheader, mailing.audience, mailing.read_factor, mailing.sent_from),
        after.total_seconds() if after else None,
        *(mailing.is_staggered, mailing.experiment),
        # What the mailing is mainly about; a statement is about nothing.
        next((category for link, category in world.links(mailing) if link.category_rank == 1), None),
    )


def _link_rows(mailing: world.Mailing) -> Iterable[tuple]:
    for number, (link, category) in enumerate(world.links(mailing), start=1):
        path = world.link_path(link, mailing, category)
        yield (
            *(mailing.mailing_no, number, path, link.element, link.element_type, link.position, category),
            *(link.is_hidden, link.pull),
        )


def _fill(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple]) -> None:
    rows = list(rows)
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"insert into {table} values ({marks})", rows)


def _choice(name: str, shares: Mapping[object, float]) -> str:
    """A macro that turns a uniform draw into one of the values, by their shares."""
    cases, reached = [], 0.0
    for value, share in shares.items():
        reached += share
        cases.append(f"when u < {reached:.6f} then {value!r}")
    return f"create macro pick_{name}(u) as case {' '.join(cases)} else {value!r} end"


def _curve(name: str, anchors: Iterable[tuple[float, float]]) -> str:
    """A macro that turns a uniform draw into seconds: the inverse of a distribution given by its quantiles."""
    cases = [
        f"when u < {to} then {low} * pow({high / low}, (u - {begin}) / {to - begin})"
        for (begin, low), (to, high) in pairwise(anchors)
        if to > begin
    ]
    return f"create macro {name}(u) as case {' '.join(cases)} end"

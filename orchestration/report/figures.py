"""The figures of one week, read from the published marts.

Belongs here: which week it is, and what is read of it, as plain records. Does not belong here: words (`words.py`),
pictures, and figures of its own: sums of what the marts hold, and intervals of these sums, is all that is computed.

The week is the newest whole one, from Monday, whose messages have had their time to be answered (`metric_trends` holds
no other); it is held against the week before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import duckdb

from orchestration import freshness
from orchestration.confinement import opened
from orchestration.report import ReportError
from orchestration.sources import Source

# Metrics that say of the same messages what another one says, with another denominator.
_SAID_ELSEWHERE = ("open_rate", "click_rate", "order_rate")
HEADLINES = ("human_open_rate", "human_click_rate", "conversion_rate")
TOTALS = ("orders", "revenue", "new_subscribers")
WEEKS_OF_A_TREND = 26
MOST_CAMPAIGNS, MOST_EXPERIMENTS = 10, 12

_WEEK = """
    select max(period_start_on) from metric_trends where scope = 'all' and denominator > 0
"""
_FUNNEL = """
    with weeks as (
        select sent_on >= $week::date as is_now, step, step_number, sum(messages) as messages
        from funnel_daily where sent_on >= $week::date - 7 and sent_on < $week::date + 7 group by all
    ),
    steps as (
        select step, step_number,
            coalesce(sum(messages) filter (is_now), 0)::bigint as messages,
            coalesce(sum(messages) filter (not is_now), 0)::bigint as messages_before
        from weeks group by all
    )
    select step, messages, messages_before, lag(messages) over (order by step_number) as previous_messages,
        first(messages) over (order by step_number) as sent,
        first(messages_before) over (order by step_number) as sent_before
    from steps order by step_number
"""
_IS_CLOSED = "select bool_and(is_closed) from funnel_daily where sent_on >= $week::date and sent_on < $week::date + 7"
_WEEKS = """
    select metric, period_start_on, numerator, denominator, value, ewma, ewma_lo, ewma_hi, status from metric_trends
    where scope = 'all' and period_start_on <= $week::date and period_start_on > $week::date - 7 * $weeks::integer
    order by metric, period_start_on
"""
_MOVES = """
    select metric, scope, now.value, now.numerator, now.denominator, before.value, before.numerator, before.denominator,
        now.status
    from metric_trends as now
    join metric_trends as before using (metric, scope)
    where now.period_start_on = $week::date and before.period_start_on = $week::date - 7
    order by metric, scope
"""
_CAMPAIGNS = """
    select campaigns.campaign_name, campaigns.subject, sum(days.delivered)::bigint,
        sum(days.human_unique_clicks)::bigint, sum(days.converted_messages)::bigint, sum(days.revenue)
    from campaign_performance as days join dim_campaigns as campaigns using (campaign_key)
    where days.sent_on >= $week::date and days.sent_on < $week::date + 7
    group by campaigns.campaign_key, campaigns.campaign_name, campaigns.subject
    having sum(days.delivered) > 0
    order by 3 desc, 1, campaigns.campaign_key
"""
_GOALS = """
    select goal, metric, period_start_on, period_end_on, target, actual, actual_lo, actual_hi, projected,
        probability_of_reaching, status
    from goal_progress
    qualify row_number() over (partition by goal order by period_start_on desc) = 1
    order by goal
"""
_EXPERIMENTS = """
    select results.experiment, coalesce(campaigns.campaign_name, results.experiment), results.metric, results.variant,
        results.control, results.n, results.n_control, results.mean, results.mean_control, results.effect,
        results.effect_lo, results.effect_hi, results.verdict, results.reason, results.is_closed
    from experiment_results as results
    left join dim_campaigns as campaigns on campaigns.campaign_key = results.experiment
    where results.metric in ('human_click_rate', 'order_rate', 'revenue_per_subscriber')
    order by results.is_closed, 2, results.experiment, results.metric, results.variant
"""
_DELIVERABILITY = """
    select mailbox_provider, bool_or(status = 'breach'), count(*) filter (status <> 'ok'),
        sum(sent)::bigint, sum(hard_bounces)::bigint, sum(delivered)::bigint, sum(complaints)::bigint
    from deliverability_daily where sent_on >= $week::date
    group by all having bool_or(status <> 'ok') order by 2 desc, 4 desc, 1
"""
_CHECKS = """
    select suite, expectation, severity from data_quality where not success and batch = ''
    qualify checked_at = max(checked_at) over (partition by suite)
    order by severity = 'critical' desc, suite, expectation
"""
_HELD = "select source, count(*), max(seen_at) from exports where status = 'quarantined' group by all order by source"
_OVERDUE = """
    select count(*) from follow_ups, publication
    where status = 'due' and due_at < publication.published_at - interval 1 hour
"""


class Interval(NamedTuple):
    """A 95 % interval."""

    lo: float
    hi: float


@dataclass(frozen=True)
class Step:
    """A step of the funnel: messages of the week that reached it, and of the week before.

    `rate` is of those that reached the step before, with its Wilson interval; None at the first and after an empty one.
    """

    name: str
    messages: int
    messages_before: int
    share: float | None
    share_before: float | None
    rate: float | None
    rate_interval: Interval | None


@dataclass(frozen=True)
class Week:
    """A metric in one week: rates in [0, 1] with their parts, totals as they are; limits None with too few weeks."""

    week_on: date
    value: float | None
    numerator: float | None
    denominator: float | None
    ewma: float | None
    lo: float | None
    hi: float | None
    status: str


@dataclass(frozen=True)
class Move:
    """A metric of one scope, this week and the week before.

    `ratio` is this week's rate by last week's, with its interval; None where it cannot be told, and for totals.
    """

    metric: str
    scope: str
    value: float | None
    numerator: float | None
    denominator: float | None
    value_before: float | None
    numerator_before: float | None
    denominator_before: float | None
    status: str
    ratio: float | None = None
    ratio_interval: Interval | None = None

    @property
    def is_sure(self) -> bool:
        """Whether the interval of the ratio leaves out 1: chance alone hardly does that."""
        return self.ratio_interval is not None and not self.ratio_interval.lo <= 1 <= self.ratio_interval.hi


class Campaign(NamedTuple):
    """A campaign's messages of the week."""

    name: str | None
    subject: str | None
    delivered: int
    clicked: int
    converted: int
    revenue: Decimal | None
    click_interval: Interval

    @property
    def click_rate(self) -> float:
        """Messages that a person clicked, of those delivered."""
        return self.clicked / self.delivered


class Goal(NamedTuple):
    """A goal in its newest period; `goal_progress` says what each is."""

    name: str
    metric: str
    period_start_on: date
    period_end_on: date
    target: float
    actual: float | None
    actual_lo: float | None
    actual_hi: float | None
    projected: float | None
    probability: float | None
    status: str


class Result(NamedTuple):
    """A variant against its control; `experiment_results` says what each is."""

    experiment: str
    name: str
    metric: str
    variant: str
    control: str | None
    n: int | None
    n_control: int | None
    mean: float | None
    mean_control: float | None
    effect: float | None
    effect_lo: float | None
    effect_hi: float | None
    verdict: str | None
    reason: str
    is_closed: bool


class Trouble(NamedTuple):
    """A mailbox provider with days on which bounces or complaints came too near to what providers tolerate."""

    provider: str
    is_breach: bool
    days: int
    sent: int
    hard_bounces: int
    delivered: int
    complaints: int


@dataclass(frozen=True)
class Figures:
    """Everything a report says. `week_on` is None where no week can be told of yet; then the rest of it is empty."""

    published_at: datetime
    data_as_of: datetime | None
    publication: str
    week_on: date | None
    funnel: Sequence[Step]
    funnel_is_closed: bool
    trends: Mapping[str, Sequence[Week]]
    moves: Sequence[Move]
    campaigns: Sequence[Campaign]
    goals: Sequence[Goal]
    experiments: Sequence[Result]
    troubles: Sequence[Trouble]
    failed_checks: Sequence[tuple[str, str, str]]
    held: Sequence[tuple[str, int, datetime]]
    overdue: int
    stale: Sequence[tuple[str, datetime]]

    @property
    def week_end_on(self) -> date | None:
        """The week's Sunday."""
        return self.week_on + timedelta(days=6) if self.week_on else None

    def move(self, metric: str) -> Move | None:
        """How a metric of all mail moved, if it was measured in both weeks."""
        return next((move for move in self.moves if (move.metric, move.scope) == (metric, "all")), None)


def read(
    marts: Path, *, now: datetime, sources: Mapping[str, Source] | None = None, stale_after_hours: float = 48
) -> Figures:
    """Read the published marts, which nothing changes. `now` (UTC) is only held against when sources last delivered.

    Raises ReportError where nothing is published, or what is published cannot be read or lacks something.
    """
    if not marts.exists():
        raise ReportError(f"Nothing is published in {marts.parent} yet: `make run` publishes, then `make report`.")
    try:
        with opened(marts, read_only=True) as connection:
            connection.execute("use marts.marts")
            return _read(connection, now, sources or {}, stale_after_hours)
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        reason = str(error).splitlines()[0]
        raise ReportError(
            f"{marts} was published by another version, which lacks something of the report ({reason}): `make run` "
            "publishes it anew."
        ) from error
    except (duckdb.IOException, duckdb.SerializationException, duckdb.InvalidInputException) as error:
        reason = str(error).splitlines()[0]
        raise ReportError(f"{marts} cannot be read ({reason}): `make run` publishes it anew.") from error


def _read(
    connection: duckdb.DuckDBPyConnection, now: datetime, sources: Mapping[str, Source], stale_after_hours: float
) -> Figures:
    def rows(query: str, **values: object) -> list[tuple]:
        # DuckDB refuses a value that its query has no place for.
        return connection.execute(query, {name: v for name, v in values.items() if f"${name}" in query}).fetchall()

    publication = rows("select published_at, data_as_of, run_id from publication")
    if not publication:
        raise ReportError("The published marts do not say when they were published: `make run` publishes them anew.")
    ((week_on,),) = rows(_WEEK)
    of_week = {"week": week_on, "weeks": WEEKS_OF_A_TREND}
    trends: dict[str, list[Week]] = {}
    for metric, period, numerator, denominator, value, *limits, status in rows(_WEEKS, **of_week):
        numbers = (_number(part) for part in (value, numerator, denominator, *limits))
        trends.setdefault(metric, []).append(Week(period, *numbers, status))
    fresh = freshness.of_sources(connection, "exports", stale_after_hours, sources)
    return Figures(
        *publication[0],
        week_on=week_on,
        funnel=[_step(*row) for row in rows(_FUNNEL, **of_week)] if week_on else [],
        funnel_is_closed=bool(rows(_IS_CLOSED, **of_week)[0][0]),
        trends=trends,
        moves=_moves(rows(_MOVES, **of_week)),
        campaigns=[Campaign(*row, _wilson(row[3], row[2])) for row in rows(_CAMPAIGNS, **of_week)],
        goals=[Goal(*(_number(part) for part in row)) for row in rows(_GOALS)],
        experiments=[Result(*(_number(part) for part in row)) for row in rows(_EXPERIMENTS)],
        troubles=[Trouble(*row) for row in rows(_DELIVERABILITY, **of_week)] if week_on else [],
        failed_checks=rows(_CHECKS),
        held=rows(_HELD),
        overdue=rows(_OVERDUE)[0][0],
        stale=[(name, found.newest_at) for name, found in sorted(fresh.items()) if found.is_stale(now)],
    )


def _step(name: str, messages: int, messages_before: int, previous: int | None, sent: int, sent_before: int) -> Step:
    return Step(
        name,
        messages,
        messages_before,
        share=messages / sent if sent else None,
        share_before=messages_before / sent_before if sent_before else None,
        rate=messages / previous if previous else None,
        rate_interval=_wilson(messages, previous) if previous else None,
    )


def _moves(rows: Sequence[tuple]) -> list[Move]:
    """Those that moved most surely first: by how far the ratio is from 1, in widths of its interval."""
    moves = [
        _with_ratio(Move(metric, scope, *(_number(part) for part in numbers), status))
        for metric, scope, *numbers, status in rows
        if metric not in _SAID_ELSEWHERE
    ]
    return sorted(moves, key=lambda move: (-_sureness(move), move.metric, move.scope))


def _with_ratio(move: Move) -> Move:
    """With the ratio of risks where the metric is a share of messages, and there are enough of them."""
    if not move.metric.endswith("_rate") or not (move.numerator and move.numerator_before):
        return move
    import pandas as pd

    from orchestration.statistics.ratios import stratified_ratio

    counts = [(0, move.denominator, move.numerator, move.denominator_before, move.numerator_before)]
    columns = ["stratum", "n_with", "x_with", "n_without", "x_without"]
    ratio = stratified_ratio(pd.DataFrame(counts, columns=columns))
    if math.isnan(ratio.value):
        return move
    return replace(move, ratio=float(ratio.value), ratio_interval=Interval(float(ratio.lo), float(ratio.hi)))


def _sureness(move: Move) -> float:
    if move.ratio is None:
        return -1.0
    width = math.log(move.ratio_interval.hi / move.ratio_interval.lo)
    return abs(math.log(move.ratio)) / width if width else 0.0


def _wilson(part: int, whole: int) -> Interval:
    from statsmodels.stats.proportion import proportion_confint

    lo, hi = (float(bound) for bound in proportion_confint(part, whole, method="wilson"))
    return Interval(min(lo, part / whole), max(hi, part / whole))  # at 0 and 1 rounding would leave the rate outside


def _number(value: object) -> object:
    """None for what is not a number."""
    return None if isinstance(value, float) and math.isnan(value) else value

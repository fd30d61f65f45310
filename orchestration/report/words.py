"""Sentences and numbers for people who send mail and read no statistics.

Belongs here: wording, formats, and which change is said to be one. Does not belong here: reading (`figures.py`) and
how a page looks (`page.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from orchestration.report.figures import Figures, Goal, Interval, Move, Result, Step, Trouble, Week

_METRICS = {
    "human_open_rate": "Open rate",
    "human_click_rate": "Click rate",
    "conversion_rate": "Order rate",
    "unsubscribe_rate": "Unsubscribe rate",
    "complaint_rate": "Complaint rate",
    "bounce_rate": "Bounce rate",
    "revenue_per_delivered": "Revenue per message",
    "revenue_per_subscriber": "Revenue per subscriber",
    "new_subscribers": "New subscribers",
}
_STEPS = {
    "sent": "Sent",
    "delivered": "Delivered",
    "open": "Opened by a person",
    "click": "Clicked by a person",
    "deep_micro_conversion": "Went deeper",
    "macro_conversion": "Ordered or signed up",
}
_NOUNS = {
    "sent": "sending",
    "delivered": "delivery",
    "open": "opening",
    "click": "click",
    "deep_micro_conversion": "deeper step",
    "macro_conversion": "order",
}
GOAL_STATES = {
    "reached": "Reached",
    "missed": "Missed",
    "on_track": "On track",
    "at_risk": "At risk",
    "off_track": "Off track",
    "too_little_data": "Too little data",
}
VERDICTS = {
    "better": "Better",
    "worse": "Worse",
    "no_difference_shown": "No difference shown",
    "too_little_data": "Too little data",
    "invalid_sample_ratio": "Not valid",
    None: "No control known",
}
# Between a number and its sign, so that they stay on one line.
_SPACE = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"


class Alert(NamedTuple):
    """`level` is act or look; `what_next` says what to do about it."""

    level: str
    text: str
    what_next: str


# --- numbers ---------------------------------------------------------------------------------------------------------


def count(value: float | None) -> str:
    """1,234; with one digit where it is no whole number."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.1f}"


def money(value: float | None) -> str:
    """1,234.50, in the currency of the marts."""
    return NOTHING if value is None else f"{value:,.2f}"


def share(value: float | None) -> str:
    """5.4 %; small ones with as many digits as they need, and no more than three."""
    if value is None:
        return NOTHING
    percent = 100 * value
    digits = 0 if percent in (0, 100) else 1 if abs(percent) >= 1 else 2 if abs(percent) >= 0.1 else 3
    return f"{percent:,.{digits}f}{_SPACE}%"


def between(interval: Interval | None) -> str:
    """2.1 to 3.4 %."""
    if interval is None or None in interval:
        return NOTHING
    return f"{share(interval.lo)} to {share(interval.hi)}"


def between_two(lo: float | None, hi: float | None) -> str:
    """The same of two bounds."""
    return between(Interval(lo, hi))


def usual(name: str, week: Week) -> str:
    """A week's control limits."""
    return NOTHING if week.lo is None else f"{amount(name, max(week.lo, 0))} to {amount(name, week.hi)}"


def amount(metric: str, value: float | None) -> str:
    """A metric's value in its own unit."""
    if metric.startswith("revenue"):
        return money(value)
    return share(value) if metric.endswith("_rate") else count(value)


def times(ratio: float | None) -> str:
    """+12 %: this week by last week."""
    if ratio is None:
        return NOTHING
    percent = 100 * (ratio - 1)
    return f"{percent:+,.{0 if abs(percent) >= 10 else 1}f}{_SPACE}%".replace("-", _MINUS)


def day(value: date) -> str:
    """2 November 2026."""
    return f"{value.day} {value:%B %Y}"


def short_day(value: date) -> str:
    """2 Nov 2026."""
    return f"{value.day} {value:%b %Y}".replace(" ", _SPACE)


def moment(value: datetime) -> str:
    """2 November 2026, 14:05 UTC."""
    return f"{day(value)}, {value:%H:%M} UTC"


def days(first: date, last: date) -> str:
    """2 to 8 November 2026, with as much of the first day as is not the last's."""
    if first.year != last.year:
        return f"{day(first)} to {day(last)}"
    return f"{first.day}{'' if first.month == last.month else f' {first:%B}'} to {day(last)}"


# --- names -----------------------------------------------------------------------------------------------------------


def metric(name: str) -> str:
    """A metric in plain words."""
    return _METRICS.get(name) or name.replace("_", " ").capitalize()


def step(name: str) -> str:
    """A step of the funnel in plain words."""
    return _STEPS.get(name) or name.replace("_", " ").capitalize()


def scope(name: str) -> str:
    """Which mail a metric is of."""
    return "all mail" if name == "all" else name.partition("=")[2] or name


def plain(text: str | None, most: int = 60) -> str:
    """A name from outside on one line: what cannot be printed is a space, and what is too long ends in `…`."""
    printable = " ".join("".join(c if c.isprintable() else " " for c in text or "").split())
    return printable if len(printable) <= most else f"{printable[: most - 1].rstrip()}…"


# --- findings --------------------------------------------------------------------------------------------------------


def moved(move: Move) -> str:
    """How a metric moved, and whether chance alone could do that."""
    name, of = metric(move.metric), "" if move.scope == "all" else f" of {plain(scope(move.scope))}"
    now, before = amount(move.metric, move.value), amount(move.metric, move.value_before)
    if move.value is None or move.value_before is None:
        return f"{name}{of} was {now} (the week before: {before})"
    if now == before:
        return f"{name}{of} stayed at {now}"
    direction = "rose" if move.value > move.value_before else "fell"
    said = f"{name}{of} {direction} from {before} to {now}"
    if not move.metric.endswith("_rate"):
        return said
    if move.ratio is None:
        return f"{said}: too few to tell whether that is more than chance"
    return f"{said}: more than chance explains" if move.is_sure else f"{said}: within what chance explains"


def findings(figures: Figures) -> Iterator[str]:
    """The week in a few sentences."""
    if figures.funnel:
        yield funnel_finding(figures.funnel) + "."
    for name in ("human_click_rate", "human_open_rate", "conversion_rate", "orders", "revenue"):
        if move := figures.move(name):
            yield moved(move) + "."
    judged = [goal for goal in figures.goals if goal.status != "too_little_data"]
    if judged:
        good = sum(goal.status in ("reached", "on_track") for goal in judged)
        yield f"{good} of {len(judged)} goals {'is' if good == 1 else 'are'} reached or on track."


def funnel_finding(steps: list[Step]) -> str:
    """Where most messages are lost after they were delivered."""
    sent, by_name = steps[0].messages, {step.name: step for step in steps}
    if not sent:
        return "No message was sent in this week"
    clicked = by_name["click"].messages
    lost = max(pairwise(steps[1:]), key=lambda pair: pair[0].messages - pair[1].messages, default=None)
    said = f"People clicked in {count(clicked)} of {count(sent)} messages sent ({share(clicked / sent)})"
    if lost is None or lost[0].messages == lost[1].messages:
        return said
    return f"{said}; most are lost between {_NOUNS[lost[0].name]} and {_NOUNS[lost[1].name]}"


def trend_finding(figures: Figures, name: str) -> str:
    """A metric's newest week against its usual range."""
    weeks = figures.trends.get(name, [])
    if not weeks or weeks[-1].value is None:
        return f"{metric(name)}: nothing was measured"
    newest = weeks[-1]
    said = f"{metric(name)} {amount(name, newest.value)}"
    if newest.status == "too_little_data" or newest.lo is None:
        return f"{said}: too little data for a usual range"
    said_of = {"up": "has moved up, out of its usual range", "down": "has moved down, out of its usual range"}
    return f"{said}: {said_of.get(newest.status, 'holds within its usual range')}"


def trends_finding(figures: Figures, names: list[str]) -> str:
    """Which of some metrics left their usual range; where none did, how the first of them stands."""
    outside = [name for name in names if figures.trends[name][-1].status in ("up", "down")]
    if outside:
        return "; ".join(trend_finding(figures, name) for name in outside)
    judged = [name for name in names if figures.trends[name][-1].status == "in_control"]
    if len(judged) > 1:
        several = ", ".join(metric(name).lower() for name in judged[:-1])
        return f"{several} and {metric(judged[-1]).lower()} hold within their usual ranges".capitalize()
    return trend_finding(figures, judged[0] if judged else names[0])


def movers_finding(moves: list[Move]) -> str:
    """How many rates moved more than chance explains, and which most."""
    sure = [move for move in moves if move.is_sure]
    if not moves:
        return "No rate can be held against the week before"
    if not sure:
        return "No rate moved more than chance explains"
    several = f"{len(sure)} of {len(moves)} rates moved" if len(sure) > 1 else f"1 of {len(moves)} rates moved"
    first = sure[0]
    of = "" if first.scope == "all" else f" of {plain(scope(first.scope), 30)}"
    before, now = amount(first.metric, first.value_before), amount(first.metric, first.value)
    name = metric(first.metric).lower()
    return f"{several} more than chance explains, most surely the {name}{of}: {before} to {now}"


def difference(found: Result) -> str:
    """A variant less its control: points of a rate, or money."""
    if found.effect is None:
        return NOTHING
    return f"{_signed(found, found.effect)} points" if found.metric.endswith("_rate") else _signed(found, found.effect)


def difference_interval(found: Result) -> str:
    """The 95 % interval of that."""
    if found.effect_lo is None or found.effect_hi is None:
        return ""
    return f"{_signed(found, found.effect_lo)} to {_signed(found, found.effect_hi)}"


def _signed(found: Result, value: float) -> str:
    text = f"{100 * value:+,.1f}" if found.metric.endswith("_rate") else f"{value:+,.2f}"
    return text.replace("-", _MINUS)


def goal_target(goal: Goal) -> str:
    """The target, and on which side of it one wants to be."""
    most = goal.metric in ("unsubscribe_rate", "complaint_rate", "bounce_rate")
    return f"{'at most' if most else 'at least'} {amount(goal.metric, goal.target)}"


def last_day(goal: Goal) -> date:
    """The last day of a goal's period."""
    return goal.period_end_on - timedelta(days=1)


def chance(goal: Goal) -> str:
    """The probability of reaching a goal, without false precision."""
    if goal.probability is None:
        return ""
    if goal.status in ("reached", "missed"):
        return "decided"
    percent = round(100 * goal.probability)
    told = "under 1" if percent < 1 else "over 99" if percent > 99 else str(percent)
    return f"chance {told}{_SPACE}%"


# --- alerts ----------------------------------------------------------------------------------------------------------


def alerts(figures: Figures) -> list[Alert]:
    """What wants somebody, the urgent first."""
    found = [
        *(_of_provider(trouble) for trouble in figures.troubles),
        *_of_goals(figures),
        *_of_metrics(figures),
        *_of_experiments(figures),
        *_of_data(figures),
    ]
    return sorted(found, key=lambda alert: alert.level != "act")


def _of_provider(trouble: Trouble) -> Alert:
    provider = plain(trouble.provider)
    parts = [
        f"{count(trouble.hard_bounces)} of {count(trouble.sent)} messages bounced for good "
        f"({share(trouble.hard_bounces / trouble.sent if trouble.sent else None)})",
        f"{count(trouble.complaints)} of {count(trouble.delivered)} delivered were reported as spam "
        f"({share(trouble.complaints / trouble.delivered if trouble.delivered else None)})",
    ]
    is_over = "is over a provider's limit" if trouble.is_breach else "comes near a provider's limit"
    on = "1 day" if trouble.days == 1 else f"{trouble.days} days"
    return Alert(
        "act" if trouble.is_breach else "look",
        f"{provider} {is_over} on {on}: {'; '.join(parts)}.",
        "Send to engaged subscribers only, and look where these addresses came from.",
    )


def _of_goals(figures: Figures) -> Iterator[Alert]:
    behind = [goal for goal in figures.goals if goal.status in ("off_track", "missed")]
    if behind:
        named = "; ".join(
            f"“{plain(goal.name)}” ({'nothing measured' if goal.actual is None else amount(goal.metric, goal.actual)} "
            f"so far, wanted {goal_target(goal)} until {day(last_day(goal))})"
            for goal in behind
        )
        goals = "goal is" if len(behind) == 1 else "goals are"
        yield Alert("look", f"{len(behind)} {goals} off track or missed: {named}.", "See the goals below.")


def _of_metrics(figures: Figures) -> Iterator[Alert]:
    for name, weeks in figures.trends.items():
        newest = weeks[-1]
        if newest.status in ("up", "down") and newest.week_on == figures.week_on:
            yield Alert(
                "look",
                f"{metric(name)}: {newest.status}, out of the usual range ({usual(name, newest)}), with "
                f"{amount(name, newest.value)} this week.",
                "See which campaigns of the week differ from those before.",
            )


def _of_experiments(figures: Figures) -> Iterator[Alert]:
    for name in dict.fromkeys(r.name for r in figures.experiments if r.verdict == "invalid_sample_ratio"):
        yield Alert(
            "act",
            f"Experiment “{plain(name)}” is not valid: its groups are not as large as they should be.",
            "Do not decide by it; find out how subscribers came into the groups.",
        )


def _of_data(figures: Figures) -> Iterator[Alert]:
    if held := sum(number for _, number, _ in figures.held):
        names = ", ".join(source for source, _, _ in figures.held)
        yield Alert(
            "look",
            f"{count(held)} {'export is' if held == 1 else 'exports are'} held back, not in these figures ({names}).",
            "Ask the data team: each shows with its reason in the Dagster UI.",
        )
    if figures.stale:
        names = ", ".join(f"{source} (since {day(at)})" for source, at in figures.stale)
        yield Alert("look", f"Nothing new has come from {names}.", "Ask the data team whether exports still arrive.")
    if figures.failed_checks:
        critical = sum(severity == "critical" for *_, severity in figures.failed_checks)
        number = len(figures.failed_checks)
        yield Alert(
            "act" if critical else "look",
            f"{count(number)} {'check' if number == 1 else 'checks'} of the data did not turn out as expected.",
            "Ask the data team: the Data Docs show which.",
        )
    if figures.overdue:
        yield Alert(
            "look",
            f"{count(figures.overdue)} {'follow-up was' if figures.overdue == 1 else 'follow-ups were'} due and had "
            "not gone out an hour later.",
            "Ask the data team whether their receiver answers.",
        )

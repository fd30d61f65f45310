"""What is read of the published marts is what they hold; what cannot be read is said so."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import timedelta

import duckdb
import pytest

from orchestration.report import ReportError
from orchestration.report.figures import read
from orchestration.sources import SOURCES
from tests.pipeline.running import published


@pytest.fixture(scope="module")
def figures(sampled):
    return read(sampled.marts_path, now=sampled.now(), sources=SOURCES)


def test_the_week_is_the_newest_whole_one_that_has_had_its_answers(figures, sampled):
    assert figures.week_on.weekday() == 0
    settled = timedelta(days=7)
    assert figures.week_end_on + settled < sampled.now().date() <= figures.week_end_on + settled + timedelta(days=7)


def test_the_funnel_is_that_of_the_messages_of_the_week(figures, sampled):
    ((sent, delivered, sent_before),) = published(
        sampled.home,
        f"""
        select count(*) filter (sent_at >= date '{figures.week_on}'),
            count(delivered_at) filter (sent_at >= date '{figures.week_on}'),
            count(*) filter (sent_at < date '{figures.week_on}')
        from fct_messages
        where sent_at >= date '{figures.week_on}' - 7 and sent_at < date '{figures.week_on}' + 7
        """,
    )
    first, second, *rest = figures.funnel
    assert (first.messages, second.messages, first.messages_before) == (sent, delivered, sent_before)
    counts = [step.messages for step in figures.funnel]
    assert counts == sorted(counts, reverse=True) and len(rest) == 4
    assert second.rate == pytest.approx(delivered / sent)
    assert second.rate_interval.lo <= second.rate <= second.rate_interval.hi


def test_campaigns_of_the_week_add_up_to_what_was_delivered(figures):
    by_name = {step.name: step.messages for step in figures.funnel}
    assert sum(campaign.delivered for campaign in figures.campaigns) == by_name["delivered"]


def test_moves_are_those_of_metric_trends_and_the_surest_come_first(figures, sampled):
    click = figures.move("human_click_rate")
    ((now, before),) = published(
        sampled.home,
        f"""
        select max(value) filter (period_start_on = date '{figures.week_on}'),
            max(value) filter (period_start_on = date '{figures.week_on}' - 7)
        from metric_trends where metric = 'human_click_rate' and scope = 'all'
        """,
    )
    assert (click.value, click.value_before) == (now, before)
    told = [move.ratio is not None for move in figures.moves]
    assert told == sorted(told, reverse=True) and any(told)
    for move in figures.moves:
        if move.ratio is not None:
            assert move.ratio == pytest.approx(move.value / move.value_before)
            assert move.ratio_interval.lo < move.ratio < move.ratio_interval.hi


def test_each_goal_is_told_of_once_in_its_newest_period(figures, sampled):
    newest = published(sampled.home, "select goal, max(period_start_on) from goal_progress group by all order by 1")
    assert [(goal.name, goal.period_start_on) for goal in figures.goals] == newest


def test_nothing_published_yet_says_what_to_do(tmp_path, sampled):
    with pytest.raises(ReportError, match=r"Nothing is published in .* yet: `make run`"):
        read(tmp_path / "marts.duckdb", now=sampled.now())


def test_marts_of_another_version_and_files_that_are_none_are_told_apart_from_a_report(tmp_path, sampled):
    old = tmp_path / "marts.duckdb"
    shutil.copy(sampled.marts_path, old)
    with closing(duckdb.connect(str(old))) as connection:
        connection.execute("drop table marts.marts.goal_progress")
    with pytest.raises(ReportError, match=r"another version.*goal_progress.*make run"):
        read(old, now=sampled.now())
    old.write_bytes(b"no database at all" * 1_000)
    with pytest.raises(ReportError, match=r"cannot be read.*make run"):
        read(old, now=sampled.now())


def test_a_report_changes_nothing_of_the_marts(sampled):
    before = (sampled.marts_path.read_bytes(), sorted(p.name for p in sampled.home.iterdir()))
    read(sampled.marts_path, now=sampled.now())
    assert (sampled.marts_path.read_bytes(), sorted(p.name for p in sampled.home.iterdir())) == before

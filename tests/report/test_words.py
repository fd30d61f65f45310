"""What is said of a week, and what is not."""

from __future__ import annotations

from datetime import date

import pytest

from orchestration.report import words
from orchestration.report.figures import Interval, Trouble
from tests.report.weeks import empty, funnel, goal, move, result, week, weeks


def said(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{MINUS SIGN}", "-")


@pytest.mark.parametrize(
    "value, text",
    [(None, "\N{EN DASH}"), (0, "0 %"), (1, "100 %"), (0.054, "5.4 %"), (0.0068, "0.68 %"), (0.00059, "0.059 %")],
)
def test_a_share_has_the_digits_that_it_needs(value, text):
    assert said(words.share(value)) == text


def test_a_change_is_called_one_only_where_chance_hardly_does_that():
    assert said(words.moved(move())) == "Click rate fell from 3.0 % to 2.0 %: more than chance explains"
    assert words.moved(move(ratio_interval=Interval(0.4, 1.2))).endswith("within what chance explains")
    assert "too few to tell" in words.moved(move(ratio=None, ratio_interval=None))


def test_totals_are_compared_without_a_word_about_chance():
    assert words.moved(move("orders", 8, 5, ratio=None, ratio_interval=None)) == "Orders fell from 8 to 5"
    assert words.moved(move("revenue", 8, 8, ratio=None, ratio_interval=None)) == "Revenue stayed at 8.00"


def test_the_funnel_names_where_most_delivered_mail_is_lost():
    assert said(words.funnel_finding(funnel(1_000, 990, 200, 30, 10, 2))) == (
        "People clicked in 30 of 1,000 messages sent (3.0 %); most are lost between delivery and opening"
    )
    assert "between opening and click" in words.funnel_finding(funnel(1_000, 990, 900, 30, 10, 2))
    assert words.funnel_finding(funnel(1_000, 0, 0, 0, 0, 0)).endswith("(0\N{NO-BREAK SPACE}%)")
    assert words.funnel_finding(funnel(0, 0, 0, 0, 0, 0)) == "No message was sent in this week"


def test_a_week_spans_monday_to_sunday_in_words():
    assert words.days(date(2026, 11, 2), date(2026, 11, 8)) == "2 to 8 November 2026"
    assert words.days(date(2026, 11, 30), date(2026, 12, 6)) == "30 November to 6 December 2026"
    assert words.days(date(2026, 12, 28), date(2027, 1, 3)) == "28 December 2026 to 3 January 2027"


def test_a_quiet_week_has_no_alert_and_urgent_ones_come_first():
    assert words.alerts(week(goals=[])) == []
    troubles = [Trouble("gmail", True, 2, 600, 5, 590, 3)]
    found = words.alerts(week(troubles=troubles, overdue=2))
    assert [alert.level for alert in found] == ["act", "look", "look"]
    assert said(found[0].text).startswith(
        "gmail is over a provider's limit on 2 days: 5 of 600 messages bounced for good"
    )


def test_every_kind_of_trouble_is_told():
    told = "\n".join(
        alert.text
        for alert in words.alerts(
            week(
                trends={"human_click_rate": weeks(0.03, 0.06, status="up")},
                experiments=[result(verdict="invalid_sample_ratio")],
                failed_checks=[("fct_messages", "unique", "critical")],
                held=[("sendgrid", 2, None)],
                stale=[("mailgun", date(2026, 11, 1))],
                overdue=1,
            )
        )
    )
    for part in (
        "Click rate: up",
        "subject",
        "1 check",
        "2 exports",
        "mailgun (since 1 November",
        "1 follow-up",
        "Clicks",
    ):
        assert part in told, part


def test_a_goal_not_to_be_exceeded_is_said_so_and_a_probability_is_not_overstated():
    assert said(words.goal_target(goal(metric="complaint_rate", target=0.001))) == "at most 0.10 %"
    assert said(words.goal_target(goal())) == "at least 4.0 %"
    chances = [said(words.chance(goal(probability=p))) for p in (1e-9, 0.5, 0.9999, None)]
    assert chances == ["chance under 1 %", "chance 50 %", "chance over 99 %", ""]
    assert words.last_day(goal()) == date(2026, 11, 30)


def test_a_difference_of_rates_is_in_points_and_of_money_in_money():
    assert said(words.difference(result())) == "+2.0 points"
    assert said(words.difference_interval(result())) == "+0.1 to +4.0"
    assert said(words.difference(result(metric="revenue_per_subscriber", effect=-0.5))) == "-0.50"
    assert words.difference(result(effect=None)) == words.NOTHING


def test_a_name_from_outside_stays_on_a_line():
    assert words.plain("a\nb\x00c\u202ed") == "a b c d"
    assert words.plain("x" * 70) == "x" * 59 + "…"
    assert words.plain(None) == ""


def test_nothing_is_found_in_a_publication_without_mail():
    assert list(words.findings(empty())) == []

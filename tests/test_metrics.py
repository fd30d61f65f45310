"""Metrics defined once: what MetricFlow answers is what the marts say, to the last digit."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys

import pytest
import yaml

from orchestration.dbt import PROJECT
from orchestration.settings import REPOSITORY
from tests.pipeline.running import published

# What is asked: metrics, how they are grouped, and the same from the marts, its columns in the same order.
QUESTIONS = {
    "campaigns": (
        [
            "sent", "delivered", "bounced_hard", "bounced_soft", "complaints", "unsubscribes", "human_unique_opens",
            "open_measurable", "human_unique_clicks", "human_opened_and_clicked", "conversions", "converted_messages",
            "revenue", "human_open_rate", "human_click_rate", "human_click_to_open_rate", "conversion_rate",
        ],
        ["metric_time__day", "campaign", "message__variant"],
        "select sent_on, campaign_key, variant, {metrics} from campaign_performance",
    ),
    "providers": (
        ["complaint_rate", "bounce_rate", "delivered_complaints"],
        ["metric_time__day", "message__mailbox_provider"],
        "select sent_on, mailbox_provider, complaint_rate, bounce_rate, complaints from deliverability_daily",
    ),
    "segments": (
        [
            "segment_delivered", "segment_human_click_rate", "segment_unsubscribe_rate", "segment_conversion_rate",
            "segment_revenue_per_delivered",
        ],
        ["metric_time__month", "segment_month__segment"],
        "select month_on, segment, delivered, human_click_rate, unsubscribe_rate, conversion_rate, "
        "revenue_per_delivered from segment_performance",
    ),
    "funnel": (
        ["funnel_messages", "funnel_step_rate", "funnel_overall_rate"],
        ["metric_time__day", "funnel_day__step", "funnel_day__device_type"],
        "select sent_on, step, device_type, messages, step_rate, overall_rate from funnel_daily",
    ),
    "whole funnel": (
        ["funnel_messages", "funnel_previous_messages", "funnel_step_rate"],
        ["funnel_day__step"],
        "select step, sum(messages), sum(previous_messages), sum(messages) / nullif(sum(previous_messages), 0) "
        "from campaign_funnel group by step",
    ),
    # No mart has these two by day: the sums are those of the messages themselves.
    "days": (
        ["unsubscribe_rate", "revenue_per_delivered"],
        ["metric_time__day"],
        "select cast(sent_at as date), count(unsubscribed_at) filter (delivered_at is not null) "
        "/ nullif(count(delivered_at), 0), case when sum(conversions) filter (delivered_at is not null) > 0 "
        "then cast(sum(revenue) filter (delivered_at is not null) as double) "
        "else 0 end / nullif(count(delivered_at), 0) from fct_messages group by 1",
    ),
}  # fmt: skip

_ASKING = """
import json, os, shlex, sys
calls = []

def watch(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        calls.append(str(arguments[1]))
    if event == "socket.getaddrinfo":
        calls.append(str(arguments[0]))

sys.addaudithook(watch)
from orchestration.cli import main
os.chdir(sys.argv[2])
for name, (metrics, groups, _) in json.loads(sys.argv[1]).items():
    arguments = ["--metrics", ",".join(metrics), "--group-by", ",".join(groups)]
    assert main(["metrics", "query", *arguments, "--csv", f"{sys.argv[2]}/{name}.csv"]) == 0, name
for command in json.loads(sys.argv[3]):
    assert main(["metrics", *shlex.split(command)]) == 0, command
print("CALLS", json.dumps(calls))
"""


def _commands() -> list[str]:
    """What the page of metrics says to type after `make metrics`."""
    text = (REPOSITORY / "docs" / "metrics.md").read_text()
    return [asked or "list metrics" for asked in re.findall(r'^make metrics(?: ASK="(.+?)")?', text, re.MULTILINE)]


@pytest.fixture(scope="module")
def answers(sampled, tmp_path_factory):
    """The folder of MetricFlow's answers, and what it connected to meanwhile."""
    folder = tmp_path_factory.mktemp("answers")
    done = subprocess.run(
        [sys.executable, "-c", _ASKING, json.dumps(QUESTIONS), str(folder), json.dumps(_commands())],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=500,
        env={**os.environ, "MICRO_CONVERSIONS_HOME": str(sampled.home), "MICRO_CONVERSIONS_NOW": "2026-11-18"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-3000:]
    return folder, done.stdout


def _value(text: str) -> object:
    """A cell as it compares: an amount or a rate as the number it is, a day without its midnight."""
    try:
        return float(text)
    except ValueError:
        return text.removesuffix(" 00:00:00")


def _keyed(rows, keys: int) -> dict[tuple, list]:
    """Rows by the values they are grouped by."""
    cells = [["" if cell is None else _value(str(cell)) for cell in row] for row in rows]
    found = {tuple(row[:keys]): row[keys:] for row in cells}
    assert len(found) == len(cells)
    return found


@pytest.mark.parametrize("name", QUESTIONS)
def test_metricflow_and_the_marts_agree_to_the_last_digit(answers, sampled, name):
    metrics, groups, query = QUESTIONS[name]
    header, *rows = csv.reader((answers[0] / f"{name}.csv").open())
    assert header == groups + metrics
    found = _keyed(rows, len(groups))
    expected = _keyed(published(sampled.home, query.format(metrics=", ".join(metrics))), len(groups))
    assert found == expected
    values = [value for row in found.values() for value in row]
    assert len(found) > 5 and any(value not in ("", 0.0, 1.0) for value in values), "nothing was compared"


def test_some_rates_had_no_denominator_and_were_no_zero(answers):
    rates = [row["human_click_to_open_rate"] for row in csv.DictReader((answers[0] / "campaigns.csv").open())]
    assert "" in rates and "0.0" in rates


def test_asking_connects_to_no_other_machine(answers):
    assert "CALLS []" in answers[1]


def test_every_command_of_the_page_of_metrics_is_answered(answers):
    assert len(_commands()) > 3
    assert len((answers[0] / "rates.csv").read_text().splitlines()) > 1


def test_every_rate_and_sum_is_asked_for_and_described():
    declared = yaml.safe_load((PROJECT / "models/marts/metrics/metrics.yml").read_text())
    measures = [measure for model in declared["semantic_models"] for measure in model.get("measures", [])]
    for one in [*measures, *declared["metrics"], *declared["semantic_models"]]:
        assert one["description"].strip(), one["name"]
    for dimension in (d for model in declared["semantic_models"] for d in model["dimensions"]):
        assert dimension["description"].strip(), dimension["name"]
    asked = {metric for metrics, *_ in QUESTIONS.values() for metric in metrics}
    assert {metric["name"] for metric in declared["metrics"]} <= asked

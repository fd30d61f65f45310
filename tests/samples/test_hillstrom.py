"""The converted experiment holds the published figures before any mart has seen it."""

import csv
import json
from collections import Counter, defaultdict
from decimal import Decimal

import pytest

from tests import hillstrom
from tests.shared import HILLSTROM, needs

pytestmark = needs(HILLSTROM)


@pytest.fixture(scope="module")
def landing(tmp_path_factory):
    landing = tmp_path_factory.mktemp("hillstrom")
    hillstrom.convert(HILLSTROM, landing)
    return landing


@pytest.fixture(scope="module")
def arms(landing):
    with (landing / "assignments/hillstrom.csv").open(newline="") as file:
        return {row["email"]: row["variant"] for row in csv.DictReader(file)}


def _lines(landing, source):
    return [json.loads(line) for line in (landing / source / "hillstrom.ndjson").read_text().splitlines()]


def test_visits_orders_and_spend_per_arm_are_the_published_ones(landing, arms):
    visitors, orders, spend = defaultdict(set), Counter(), Counter()
    for call in _lines(landing, "segment"):
        email = call["context"]["traits"]["email"]
        if call["event"] == "Page Viewed":
            visitors[arms[email]].add(email)
        else:
            orders[arms[email]] += 1
            spend[arms[email]] += Decimal(str(call["properties"]["revenue"]))
    customers = Counter(arms.values())
    assert {
        arm: hillstrom.Arm(customers[arm], len(visitors[arm]), orders[arm], spend[arm]) for arm in customers
    } == hillstrom.PUBLISHED


def test_only_the_mailed_arms_are_mailed_each_customer_once(landing, arms):
    delivered = Counter((event["event"], event["email"]) for event in _lines(landing, "sendgrid"))
    mailed = [email for email, arm in arms.items() if arm != hillstrom.CONTROL]
    assert delivered == {(event, email): 1 for event in ("processed", "delivered") for email in mailed}


def test_everything_a_customer_does_lies_in_the_two_weeks_after_the_assignment(landing):
    moments = sorted(call["timestamp"] for call in _lines(landing, "segment"))
    assert moments[0] > "2026-09-01T08" and moments[-1] < "2026-09-15T08"


def test_the_campaigns_declare_the_arm_that_receives_nothing(landing):
    with (landing / "campaigns/hillstrom.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["variant"] for row in rows} == {"Mens E-Mail", "Womens E-Mail"}
    assert {row["control_variant"] for row in rows} == {hillstrom.CONTROL}

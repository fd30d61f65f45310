"""The first law: the marts are a function of the set of events, however, whenever and how often these arrive."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.equivalence.arrivals import Arrival, arrive, differences, settings_of

SOURCES = ("assignments", "campaigns", "links", "postmark", "segment", "sendgrid", "subscribers")

ways = st.builds(
    Arrival,
    runs=st.lists(st.integers(0, 1), min_size=1, max_size=3).map(tuple),
    seed=st.integers(0, 1_000_000),
    doubled_percent=st.sampled_from([0, 10, 100]),
    landed_again=st.booleans(),
)
arrivals = st.fixed_dictionaries({source: ways for source in SOURCES})
# A run costs seconds, most of them dbt's: examples are few here and many in the long mode; none is shrunk for hours.
_common = {
    "deadline": None,
    "database": None,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
}


@settings(max_examples=2, derandomize=True, **_common)
@given(arrivals=arrivals, days=st.sampled_from([0, 1, 40]))
def test_any_split_order_and_doubling_of_the_exports_gives_the_same_marts(at_once, records, arrivals, days):
    assert _differences(at_once, records, arrivals, days) == {}


@pytest.mark.long
@pytest.mark.timeout(0)
@settings(max_examples=60, **_common)
@given(arrivals=arrivals, days=st.sampled_from([0, 1, 15, 40, 200]))
def test_many_more_arrivals_give_the_same_marts(at_once, records, arrivals, days):
    assert _differences(at_once, records, arrivals, days) == {}


def test_the_arrivals_are_of_a_world_that_has_everything(records):
    assert set(records) == set(SOURCES)
    assert len(records["sendgrid"]) > 500


def test_a_difference_would_be_seen(at_once, records, tmp_path):
    less = {source: found[100:] if source == "sendgrid" else found for source, found in records.items()}
    other = settings_of(tmp_path)
    arrive(other, less, {source: Arrival(runs=(0,), seed=0) for source in less})
    assert "fct_messages" in differences(at_once.warehouse_path, other.warehouse_path)


def _differences(at_once, records, arrivals, days):
    with tempfile.TemporaryDirectory() as home:
        other = settings_of(Path(home))
        arrive(other, records, arrivals, days)
        found = differences(at_once.warehouse_path, other.warehouse_path)
        if found:  # what arrived is worth a look
            kept = Path(tempfile.gettempdir(), "arrival-that-differs")
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(home, kept)
        return found

"""How well are people told from machines, how far off are open rates, and what does it cost? Prints tables.

Belongs here: worlds that no weight was chosen on, and what is asked of the figures there. Does not belong here: the
counting (`tests/classification.py`).

    MICRO_CONVERSIONS_BENCH_SEEDS        3001,3002,3003 unless set: any but 101, on which the weights were looked at
    MICRO_CONVERSIONS_BENCH_JUDGED       200,000 events a seed unless set
    MICRO_CONVERSIONS_BENCH_EVENTS       1,000,000 unless set: what the cost is measured on
"""

import os
from contextlib import closing
from statistics import mean

import duckdb
import pytest

from orchestration.dbt import Dbt
from tests.benchmarks.exports import settings_of, write_exports
from tests.benchmarks.measuring import Seconds, measure
from tests.classification import RULES, Score, classified, hold_against_truth, score, upstream

SEEDS = [int(seed) for seed in os.environ.get("MICRO_CONVERSIONS_BENCH_SEEDS", "3001,3002,3003").split(",")]
JUDGED = int(os.environ.get("MICRO_CONVERSIONS_BENCH_JUDGED", 200_000))
EVENTS = int(os.environ.get("MICRO_CONVERSIONS_BENCH_EVENTS", 1_000_000))
FEW_EVENTS = 200

CLICKS = "event_type = 'clicked'"
OPENS = "event_type = 'opened'"
KNOWN_OPENS = f"{OPENS} and (flag or agent_kind in ('privacy_proxy', 'image_proxy', 'scanner'))"
SCANNERS = ("scanner_burst", "scanner_two", "scanner_single")

PRIVACY_SHARES = (0.2, 0.5, 0.7)
# Enough for cohorts of ten thousand deliveries, below which no open rate is estimated.
LARGE_COHORTS = {"events": 500_000, "days": 28}

CANONICAL = ("int_email_event_readings", *(f"int_email_event_{kind}" for kind in ("repeats", "twins", "adoptions")))

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    """A connection for each held-out seed, with what is said of every open and click beside what it is."""
    homes = [classified(tmp_path_factory.mktemp(f"seed{seed}"), events=JUDGED, seed=seed) for seed in SEEDS]
    connections = [hold_against_truth(home) for home in homes]
    yield connections
    for connection in connections:
        connection.close()


def test_clicks_are_told_apart_better_than_by_simpler_rules(worlds):
    machines, people = _count(worlds, CLICKS)
    print(f"\n\nclicks of seeds {SEEDS}: {machines:,} of machines, {people:,} of people\n")
    print(f"{'':34}{'precision':>11}{'recall':>9}{'F1':>8}" + "".join(f"{f'recall {s}':>24}" for s in SCANNERS))
    scores = {rule: _pooled(worlds, rule, CLICKS) for rule in RULES}
    for rule, total in scores.items():
        found = [_pooled(worlds, rule, f"{CLICKS} and true_class = '{scanner}'").recall for scanner in SCANNERS]
        print(
            f"{rule:34}{total.precision:>11.4f}{total.recall:>9.4f}{total.f1:>8.4f}"
            + "".join(f"{recall:>24.4f}" for recall in found)
        )
    accused = scores["ours"].accused / people
    print(f"\nof the clicks of people {accused:.2%} are taken for a machine's")
    for seed, world in zip(SEEDS, worlds, strict=True):
        alone = score(world, "ours", CLICKS)
        print(f"seed {seed}: precision {alone.precision:.4f}, recall {alone.recall:.4f}")
        assert alone.precision >= 0.97
        assert alone.recall >= 0.90
    assert all(scores["ours"].f1 > other.f1 for rule, other in scores.items() if rule != "ours")


def test_opens_of_machines_are_found(worlds):
    machines, people = _count(worlds, OPENS)
    print(f"\n\nopens of seeds {SEEDS}: {machines:,} of machines, {people:,} of people\n")
    print(f"{'':34}{'precision':>11}{'recall':>9}")
    for label, among in {"with a flag or a machine's agent": KNOWN_OPENS, "all": OPENS}.items():
        total = _pooled(worlds, "ours", among)
        print(f"{label:34}{total.precision:>11.4f}{total.recall:>9.4f}")
    flags = [
        Score("flag", *world.execute(
            "select count(*) filter (is_machine and flag), count(*) filter (is_machine and not coalesce(flag, false)), "
            f"count(*) filter (not is_machine and flag) from judged where {OPENS}"
        ).fetchone())
        for world in worlds
    ]  # fmt: skip
    print(f"{'all, by the flag alone':34}{_sum(flags).precision:>11.4f}{_sum(flags).recall:>9.4f}")
    for world in worlds:
        known = score(world, "ours", KNOWN_OPENS)
        assert known.precision >= 0.97
        assert known.recall >= 0.95


def test_the_estimated_open_rate_is_nearer_the_truth_than_simpler_ones(tmp_path_factory):
    print("\n\nmean absolute error of the open rate, in points, cohorts of 10,000 deliveries or more\n")
    names = ("raw", "machines out of the numerator", "human_open_rate", "estimated_open_rate")
    print(f"{'behind the proxy':>17}{'cohorts':>9}{'truth':>8}" + "".join(f"{name:>32}" for name in names))
    for share in PRIVACY_SHARES:
        home = tmp_path_factory.mktemp("share")
        settings = classified(
            home, seed=SEEDS[0], targets=("campaign_performance",), privacy_share=share, **LARGE_COHORTS
        )
        cohorts = _cohorts(settings)
        assert len(cohorts) >= 4
        errors = [100 * mean(abs(row[1 + n] - row[0]) for row in cohorts) for n in range(len(names))]
        truth = 100 * mean(row[0] for row in cohorts)
        print(f"{share:>17.0%}{len(cohorts):>9}{truth:>8.2f}" + "".join(f"{error:>32.2f}" for error in errors))
        raw, subtracted, _, estimated = errors
        assert estimated < raw
        assert estimated < subtracted


def test_classifying_costs_little_beside_the_canonical_events(tmp_path_factory):
    few, many = tmp_path_factory.mktemp("few"), tmp_path_factory.mktemp("many")
    write_exports(few / "landing", FEW_EVENTS)
    records = write_exports(many / "landing", EVENTS)
    overhead, run = measure("pipeline", settings_of(few)), measure("pipeline", settings_of(many))
    manifest = Dbt(settings_of(many)).manifest
    needed = upstream(manifest, CANONICAL)
    classifying = upstream(manifest, ("int_event_actors",)) - needed

    def net(name: str) -> Seconds:
        return run.seconds[f"model {name}"] - overhead.seconds[f"model {name}"]

    print(f"\n\n{records:,} deliveries; CPU seconds, without what dbt needs for {FEW_EVENTS} events\n")
    canonical = sum((net(name) for name in CANONICAL), Seconds())
    classified_in = sum((net(name) for name in classifying), Seconds())
    for name in sorted(classifying, key=lambda name: -net(name).cpu):
        print(f"    {name:36}{net(name).cpu:>8.2f}")
    print(f"{'classifying':40}{classified_in.cpu:>8.2f}")
    print(f"{'canonical events':40}{canonical.cpu:>8.2f}")
    print(f"{'share':40}{classified_in.cpu / canonical.cpu:>8.1%}")


def _cohorts(settings) -> list[tuple]:
    """The true share of delivered messages that were read, and four figures for it, cohort by cohort."""
    with closing(duckdb.connect(str(settings.warehouse_path), read_only=True)) as connection:
        return connection.execute(
            f"""
            with delivered as (
                select distinct
                    md5(t.source || chr(31) || t.esp_message_id || chr(31) || i.subscriber_key) as message_key,
                    t.is_message_read
                from '{settings.home / "truth.parquet"}' as t
                inner join restricted.subscriber_identities as i on t.email = i.email
                where t.event = 'delivered'
            ),
            truth as (
                select
                    m.campaign_key, m.variant, cast(m.sent_at as date) as sent_on,
                    avg(cast(d.is_message_read as integer)) as rate,
                    avg(cast(m.opens > 0 as integer)) as raw_rate
                from marts.fct_messages as m inner join delivered as d on m.message_key = d.message_key
                where m.delivered_at is not null
                group by all
            )
            select
                truth.rate, truth.raw_rate, p.human_unique_opens / p.delivered, p.human_open_rate, p.estimated_open_rate
            from truth inner join marts.campaign_performance as p using (campaign_key, variant, sent_on)
            where p.estimated_open_rate is not null
            """
        ).fetchall()


def _count(worlds, among: str) -> tuple[int, int]:
    counts = "select count(*) filter (is_machine), count(*) filter (not is_machine) from judged where "
    pairs = [world.execute(counts + among).fetchone() for world in worlds]
    return sum(machines for machines, _ in pairs), sum(people for _, people in pairs)


def _pooled(worlds, rule: str, among: str) -> Score:
    return _sum([score(world, rule, among) for world in worlds])


def _sum(scores: list[Score]) -> Score:
    found, missed, accused = ([getattr(s, part) for s in scores] for part in ("found", "missed", "accused"))
    return Score(scores[0].rule, sum(found), sum(missed), sum(accused))

"""Do interests and send times find what was planted, and are losses foreseen? Prints tables beside simpler guesses.

Belongs here: worlds whose subscribers have a planted interest and a planted best hour, and what each way of guessing
makes of their exports. Does not belong here: what the planted truths do to the events (`orchestration/samples`).

    MICRO_CONVERSIONS_BENCH_SEEDS    3001,3002,3003 unless set: any but 4001, on which the methods were chosen
    MICRO_CONVERSIONS_BENCH_PEOPLE   200,000 events a seed unless set
"""

import os
from contextlib import closing

import duckdb
import numpy as np
import pandas as pd
import pytest

from orchestration.statistics import losses
from tests.classification import classified

SEEDS = [int(seed) for seed in os.environ.get("MICRO_CONVERSIONS_BENCH_SEEDS", "3001,3002,3003").split(",")]
EVENTS = int(os.environ.get("MICRO_CONVERSIONS_BENCH_PEOPLE", 200_000))
TARGETS = ("subscriber_interests", "send_time", "unsubscribe_risk", "fct_messages")

pytestmark = [pytest.mark.bench, pytest.mark.timeout(0)]

# What a subscriber's chance of reading is at an hour, in parts of what it is at the best (samples/sql/messages.sql).
ATTAINED = "(0.55 + 1.7 * exp(-pow(least(abs({hour} - best_hour), 24 - abs({hour} - best_hour)), 2) / 8)) / 2.25"
BANDS = {"all": "true", "none": "responses = 0", "1 to 4": "responses between 1 and 4", "5 or more": "responses >= 5"}
TRUTH = """
    truth as (
        select i.subscriber_key, t.*
        from '{truth}' as t inner join restricted.subscriber_identities as i on t.email = i.email
    )
"""
# Three rivals: the hour at which most of the subscriber's responses were to mail sent then (everybody's, where there is
# none), the same over the mail sent then, and the hour at which everybody responds most.
HOURS = """
    with {truth},
    local as (
        select
            m.subscriber_key,
            hour(timezone(coalesce(t.time_zone, 'UTC'), timezone('UTC', m.sent_at))) as hour,
            least(human_first_opened_at, human_first_clicked_at) <= sent_at + interval 24 hour as responds
        from marts.fct_messages as m inner join truth as t using (subscriber_key)
        where m.delivered_at is not null
    ),
    account as (
        select hour, count(*) filter (responds) as hits, hits / count(*) as rate from local group by hour
    ),
    own as (
        select subscriber_key, hour, count(*) filter (responds) as hits, hits / count(*) as rate from local group by all
    ),
    naive as (
        select
            subscriber_key,
            max_by(hour, (hits, -hour)) filter (hits > 0) as mode_hour,
            max_by(hour, (rate, -hour)) filter (hits > 0) as rate_hour
        from own group by subscriber_key
    )
    select
        s.responses, t.best_hour,
        s.best_hour_of_week % 24 as ours,
        s.baseline_rate, s.best_rate,
        coalesce(n.mode_hour, (select max_by(hour, hits) from account)) as raw_modal_hour,
        coalesce(n.rate_hour, (select max_by(hour, rate) from account)) as raw_best_rate,
        (select max_by(hour, rate) from account) as account_best_hour
    from marts.send_time as s inner join truth as t using (subscriber_key) left join naive as n using (subscriber_key)
"""
GUESSES = ("ours", "raw_modal_hour", "raw_best_rate", "account_best_hour")

# What a subscriber will click is planted: links of the first interest draw three times as much, those of the second 1.8
# times. Every profile is completed to all categories and compared with those planted shares; raw shares are of all that
# a subscriber ever clicked.
SHARES = """
    with {truth},
    categories as (select content_category, sum(weighted_events) as events from marts.subscriber_interests group by 1),
    account as (select content_category, events / sum(events) over () as share from categories),
    planted as (
        select
            t.subscriber_key, a.content_category, a.share,
            case a.content_category when t.interest_1 then 3 when t.interest_2 then 1.8 else 1 end as pull
        from truth as t cross join account as a
        where t.subscriber_key in (select subscriber_key from marts.subscriber_interests)
    ),
    clicked as (
        select subscriber_key, content_category, count(distinct event_key) as events
        from marts.fct_micro_conversions
        where subscriber_key is not null and content_category is not null group by all
    ),
    totals as (select subscriber_key, any_value(confidence) as confidence from marts.subscriber_interests group by 1)
    select
        p.subscriber_key,
        p.pull,
        p.share as account,
        p.share * p.pull / sum(p.share * p.pull) over (partition by p.subscriber_key) as truth,
        coalesce(o.affinity, p.share * (1 - t.confidence)) as ours,
        coalesce(c.events, 0) / sum(c.events) over (partition by p.subscriber_key) as raw,
        sum(c.events) over (partition by p.subscriber_key) as events,
        -- What comes first; of what was never clicked, what everybody clicks most.
        coalesce(1000 - o.interest_rank, p.share) as our_order,
        coalesce(c.events, 0) + 1e-9 * coalesce(epoch(o.last_at) / 1e9, 0) as raw_order
    from planted as p inner join totals as t using (subscriber_key)
    left join marts.subscriber_interests as o using (subscriber_key, content_category)
    left join clicked as c using (subscriber_key, content_category)
    order by p.subscriber_key, p.content_category
"""

# Messages with what was known of their recipient before the send, in the levels of int_loss_counts, in two halves of
# the time: what the first teaches is held against the second. {truth} is not needed.
LOSSES = """
    with {truth},
    messages as (
        select
            c.*,
            ntile(2) over (order by m.sent_at, m.message_key) as half,
            coalesce(least(m.unsubscribed_at, m.complained_at) <= m.sent_at + interval 14 day, false) as is_loss
        from marts.fct_messages as m inner join intermediate.int_message_contexts as c using (message_key)
        where m.delivered_at is not null and m.sent_at < timestamp '2026-11-03'
    )
    select
        half, engagement_tier,
        case when sends_in_28_days <= 2 then '1 or 2' when sends_in_28_days <= 4 then '3 or 4'
            when sends_in_28_days <= 8 then '5 to 8' when sends_in_28_days <= 16 then '9 to 16'
            when sends_in_28_days > 16 then 'above 16' else 'unknown' end as pressure,
        case when sends_in_28_days is null then 'unknown' when deliveries_before <= 2 then 'up to 2'
            when deliveries_before <= 9 then '3 to 9' when deliveries_before <= 29 then '10 to 29'
            else 'above 29' end as experience,
        count(*) as messages, count(*) filter (is_loss) as losses
    from messages group by all
"""


@pytest.fixture(scope="module")
def homes(tmp_path_factory):
    """A home for each held-out seed, built up to the two marts."""
    return [
        classified(tmp_path_factory.mktemp(f"seed{seed}"), events=EVENTS, seed=seed, targets=TARGETS) for seed in SEEDS
    ]


def _asked(settings, query: str) -> duckdb.DuckDBPyRelation:
    """The rows of a query on a home beside its truth, in memory."""
    truth = TRUTH.format(truth=settings.home / "truth_subscribers.parquet")
    with closing(duckdb.connect(str(settings.warehouse_path), read_only=True)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return connection.execute(query.format(truth=truth)).fetch_arrow_table()


def test_the_best_hour_is_nearer_the_planted_one_than_the_raw_modal_hour(homes):
    print(f"\n\nsend time, seeds {SEEDS}, {EVENTS:,} events each: part of the chance to be read at the best hour\n")
    print(f"{'responses':<12}{'subscribers':>12}" + "".join(f"{guess:>20}" for guess in GUESSES))
    for home in homes:
        hours = _asked(home, HOURS)  # noqa: F841, read by name
        for band, among in BANDS.items():
            row = duckdb.sql(
                "select count(*), "
                + ", ".join(f"avg({ATTAINED.format(hour=guess)})" for guess in GUESSES)
                + f" from hours where {among}"
            ).fetchone()
            print(f"{band:<12}{row[0]:>12,}" + "".join(f"{value:>20.4f}" for value in row[1:]))
            if band in ("all", "5 or more"):
                assert row[1] > max(row[2:]), f"{band}: a simpler guess does better"
        gain = duckdb.sql("select avg(best_rate) / avg(baseline_rate) from hours where responses > 0").fetchone()[0]
        print(f"{'':12}rate expected of those who responded, over theirs so far: {gain:.2f}\n")


def test_a_profile_is_nearer_the_planted_interests_than_raw_shares(homes):
    """By five measures, four of them clearly; what comes first little is known of (docs/evidence.md)."""
    print(f"\n\ninterests, seeds {SEEDS}, {EVENTS:,} events each; lower is better, then higher\n")
    print(f"{'events':<12}{'subscribers':>12}{'measure':>34}{'ours':>10}{'raw share':>12}{'account':>10}")
    gains = []
    for home in homes:
        shares = _asked(home, SHARES).to_pandas()
        for band, among in {"all": shares["events"] > 0, "3 or more": shares["events"] >= 3}.items():
            found = _interest_measures(shares[among])
            for measure, (ours, raw, account) in found.items():
                number = f"{shares.loc[among, 'subscriber_key'].nunique():,}" if measure == "squared error" else ""
                print(f"{band if number else '':<12}{number:>12}{measure:>34}{ours:>10.4f}{raw:>12.4f}{account:>10.4f}")
            assert found["squared error"][0] < found["squared error"][1]
            assert found["log loss of the first"][0] < found["log loss of the first"][1]
            gains.append({measure: ours - raw for measure, (ours, raw, _) in found.items()})
    mean = pd.DataFrame(gains).mean()
    print(f"\nours less raw share, on average:\n{mean.round(4).to_string()}")
    assert mean["in order"] > 0
    assert mean["first among the first two"] > 0
    assert mean["first"] > 0


def _interest_measures(shares: pd.DataFrame) -> dict[str, tuple[float, float, float]]:
    """Ours, raw shares and everybody's, held against what was planted in each subscriber.

    Mean squared error of the shares in points squared; log loss of the planted first interest, to raw shares one event
    spread evenly so that none is impossible; the share of pairs of categories of different planted pull that are in
    order, a tie half; how often the planted first interest is among the first two, and is the first.
    """
    count = shares["subscriber_key"].value_counts().iloc[0]
    table = {name: shares[name].to_numpy(dtype=float).reshape(-1, count) for name in shares.columns[1:]}
    smoothed = (table["raw"] * table["events"] + 1 / count) / (table["events"] + 1)
    first = table["pull"] == 3
    has_first = first.any(axis=1)
    orders = table["our_order"], table["raw_order"], table["account"]
    estimates = table["ours"], table["raw"], table["account"]

    def in_order(order: np.ndarray) -> float:
        above = table["pull"][:, :, None] > table["pull"][:, None, :]
        right = np.sign(order[:, :, None] - order[:, None, :])[above]
        return float((right + 1).mean() / 2)

    def named(order: np.ndarray, within: int) -> float:
        """What is tied takes its places in any order."""
        own = order[first][:, None]
        above, tied = (order[has_first] > own).sum(axis=1), (order[has_first] == own).sum(axis=1)
        return float(np.clip((within - above) / tied, 0, 1).mean())

    return {
        "squared error": tuple(float(((part - table["truth"]) ** 2).mean() * 10_000) for part in estimates),
        "log loss of the first": tuple(
            float(-np.log(part[first]).mean()) for part in (table["ours"], smoothed, table["account"])
        ),
        "in order": tuple(in_order(order) for order in orders),
        "first among the first two": tuple(named(order, 2) for order in orders),
        "first": tuple(named(order, 1) for order in orders),
    }


def test_losses_of_the_second_half_are_foreseen_from_the_first(homes):
    print(
        f"\n\nunsubscriptions and complaints, seeds {SEEDS}: learnt on the first half of the time, seen in the second\n"
    )
    print(
        f"{'seed':<8}{'messages':>10}{'losses':>8}{'Brier ours':>13}{'account':>14}{'log loss ours':>15}{'account':>10}"
    )
    ours, plain, bands = [], [], {}
    for seed, home in zip(SEEDS, homes, strict=True):
        counts = _asked(home, LOSSES).to_pandas()
        keys = list(losses.CIRCUMSTANCES)
        first, second = (counts[counts["half"] == half] for half in (1, 2))
        met = pd.concat([first, second.assign(messages=0, losses=0)])
        risks = losses.risks(met.groupby(keys, as_index=False)[["messages", "losses"]].sum())
        seen = second.merge(risks, on=keys)
        rate = np.full(len(seen), first["losses"].sum() / first["messages"].sum())
        scores = [_scores(seen, chance) for chance in (seen["probability"].to_numpy(), rate)]
        ours.append(scores[0][1])
        plain.append(scores[1][1])
        print(
            f"{seed:<8}{seen['messages'].sum():>10,}{seen['losses'].sum():>8,}{scores[0][0]:>13.6f}{scores[1][0]:>14.6f}"
            f"{scores[0][1]:>15.6f}{scores[1][1]:>10.6f}"
        )
        for row, mean in zip(seen.itertuples(), rate, strict=True):
            band = "above the account's" if row.probability >= mean else "below the account's"
            found = bands.setdefault(band, [0, 0.0, 0])
            bands[band] = [found[0] + row.messages, found[1] + row.messages * row.probability, found[2] + row.losses]
    for band, (messages, expected, observed) in sorted(bands.items()):
        print(f"risk {band}: {messages:,} messages, {expected:.0f} losses expected, {observed} seen")
    assert sum(ours) < sum(plain)


def _scores(seen, chance: np.ndarray) -> tuple[float, float]:
    """Brier score and log loss per message."""
    messages, lost = (seen[name].to_numpy(dtype=float) for name in ("messages", "losses"))
    brier = (lost * (1 - chance) ** 2 + (messages - lost) * chance**2).sum() / messages.sum()
    log_loss = -(lost * np.log(chance) + (messages - lost) * np.log1p(-chance)).sum() / messages.sum()
    return float(brier), float(log_loss)

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
# times. Every profile is completed to all categories and compared with those planted shares.
SHARES = """
    with {truth},
    categories as (select content_category, sum(weighted_events) as events from marts.subscriber_interests group by 1),
    account as (select content_category, events / sum(events) over () as share from categories),
    planted as (
        select
            t.subscriber_key, a.content_category, a.share,
            a.share * case a.content_category when t.interest_1 then 3 when t.interest_2 then 1.8 else 1 end as pull
        from truth as t cross join account as a
        where t.subscriber_key in (select subscriber_key from marts.subscriber_interests)
    ),
    own as (
        select *, weighted_events / nullif(sum(weighted_events) over (partition by subscriber_key), 0) as raw_share,
            sum(weighted_events) over (partition by subscriber_key) as events
        from marts.subscriber_interests
    ),
    totals as (select subscriber_key, any_value(confidence) as confidence, max(events) as events from own group by 1)
    select
        t.events,
        p.pull / sum(p.pull) over (partition by p.subscriber_key) as truth,
        coalesce(o.affinity, p.share * (1 - t.confidence)) as ours,
        coalesce(o.raw_share, 0) as raw_share,
        p.share as account_share
    from planted as p inner join totals as t using (subscriber_key)
    left join own as o using (subscriber_key, content_category)
"""

# Whose planted interest each way puts first. Shares drawn towards the account's say how much, not what: here a raw
# share is as good a guess.
FIRSTS = """
    with {truth},
    firsts as (
        select
            subscriber_key,
            max_by(content_category, (lift, weighted_events, content_category)) as ours,
            max_by(content_category, (weighted_events, last_at, content_category)) as raw_share
        from marts.subscriber_interests group by subscriber_key
    )
    select avg((ours = interest_1)::int), avg((raw_share = interest_1)::int)
    from firsts inner join truth using (subscriber_key)
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
    print(f"\n\ninterests, seeds {SEEDS}: mean squared error of the shares of categories, in points squared\n")
    print(f"{'weighted events':<18}{'subscribers':>12}{'ours':>12}{'raw share':>12}{'account':>12}")
    for home in homes:
        shares = _asked(home, SHARES)  # noqa: F841, read by name
        for band, among in {"all": "true", "below 2": "events < 2", "2 or more": "events >= 2"}.items():
            row = duckdb.sql(
                "select count(*) // 5, avg(pow(ours - truth, 2)), avg(pow(raw_share - truth, 2)), "
                f"avg(pow(account_share - truth, 2)) from shares where {among}"
            ).fetchone()
            print(f"{band:<18}{row[0]:>12,}" + "".join(f"{10_000 * value:>12.1f}" for value in row[1:]))
            assert row[1] < row[2], f"{band}: raw shares are nearer"
        ours, raw_share = _asked(home, FIRSTS).to_pandas().iloc[0]
        print(f"the planted first interest comes first: by lift {ours:.1%}, by raw share {raw_share:.1%}\n")


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

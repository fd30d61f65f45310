"""Rules of sharing out, on ten thousand published paths (ChannelAttribution's example; methods.md, section 3.4)."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from orchestration.dbt import Dbt
from orchestration.settings import Settings
from orchestration.statistics import attribution

FIXTURES = Path(__file__).parents[1] / "fixtures"
# The letters a to l of the paths; a number after one says how often in a row.
CHANNELS = "alpha beta delta epsilon eta gamma iota kappa lambda mi theta zeta".split()  # noqa: SIM905
# Touches so many days before a conversion: a worked example of time decay, and the least numbers of touches.
EXAMPLES = [(8, 5, 4, 2, 0), (3,), (6, 1)]
RUNS = re.compile("([a-l])([0-9]*)")
PUBLISHED = {
    "first": {
        "alpha": 6308, "iota": 4606, "eta": 3164, "beta": 2831, "theta": 1606, "lambda": 902, "gamma": 165, "zeta": 27,
        "kappa": 74, "epsilon": 99, "delta": 1, "mi": 2,
    },
    "last": {
        "alpha": 8447, "iota": 3355, "eta": 4167, "beta": 989, "theta": 653, "lambda": 1207, "gamma": 92, "zeta": 107,
        "kappa": 230, "epsilon": 531, "delta": 5, "mi": 2,
    },
    "linear": {
        "alpha": 7574.7186, "iota": 3857.0962, "eta": 3539.9512, "beta": 2083.5001, "theta": 1022.8014,
        "lambda": 1035.2576, "gamma": 121.04, "zeta": 136.55, "kappa": 137.96, "epsilon": 272.17, "delta": 1.73,
        "mi": 2.22,
    },
    "markov": {"alpha": 5344.9477, "iota": 3884.6147, "eta": 3340.8474, "beta": 2527.3522, "theta": 1971.9129,
               "lambda": 1282.8472},
}  # fmt: skip


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    """A warehouse with the published paths as orders and the EXAMPLES as sign-ups, shared out by all models."""
    dbt = Dbt(Settings(home=tmp_path_factory.mktemp("paths"), given_salt="a salt for tests"))
    paths = pd.read_csv(FIXTURES / "channel_paths.csv")
    paths["channels"] = [
        [CHANNELS[ord(letter) - ord("a")] for letter, times in RUNS.findall(path) for _ in range(int(times or 1))]
        for path in paths["path"]
    ]
    removals = attribution.removals(pd.read_csv(FIXTURES / "channel_transitions.csv"))
    assert len(paths) and len(removals) == 12
    dbt.settings.warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    with closing(duckdb.connect(str(dbt.settings.warehouse_path))) as connection:
        connection.execute("create schema if not exists intermediate")
        connection.execute("create table intermediate.int_attribution_removals as from removals")
        connection.execute(
            """
            create table intermediate.int_attribution_touches as
            with conversions as (
                select path || '-' || unnest(generate_series(1, conversions)) as macro_conversion_key, channels
                from paths
            )
            select
                macro_conversion_key, macro_conversion_key || '-' || touch_number as message_key,
                channels[touch_number] as campaign_key, '' as subscriber_key, 'order' as macro_conversion,
                'order' as family, touch_number, len(channels) as touches, cast(1 as decimal(18, 2)) as revenue,
                timestamp '2026-01-01' + touch_number * interval '1 hour' as touch_at,
                timestamp '2026-01-06' as converted_at
            from (select *, unnest(generate_series(1, len(channels))) as touch_number from conversions)
            """
        )
        for days in EXAMPLES:
            for number, ago in enumerate(days, start=1):
                connection.execute(
                    "insert into intermediate.int_attribution_touches by name select ? as macro_conversion_key, "
                    "? as message_key, 'sign_up' as family, 'sign_up' as macro_conversion, ? as touch_number, "
                    "? as touches, timestamp '2026-01-10' - ? * interval '1 day' as touch_at, "
                    "timestamp '2026-01-10' as converted_at",
                    [f"example {len(days)}", str(number), number, len(days), ago],
                )
    dbt.build(["attribution", "campaign_attribution"])
    return dbt.settings.warehouse_path


@pytest.fixture(scope="module")
def credited(warehouse):
    """Credit by model and campaign of the published paths, as `campaign_attribution` has it."""
    with closing(duckdb.connect(str(warehouse), read_only=True)) as connection:
        return connection.sql("select * from marts.campaign_attribution").df().set_index(["model", "campaign_key"])


@pytest.mark.parametrize("model", list(PUBLISHED))
def test_channels_are_credited_as_published(credited, model):
    """To the digits given: four for the large channels, two for the small ones."""
    found = credited.loc[model, "conversions"]
    for channel, published in PUBLISHED[model].items():
        assert found[channel] == pytest.approx(published, abs=6e-5 if published > 1_000 else 6e-3), channel


def test_every_model_shares_out_all_conversions_and_their_revenue(credited):
    sums = credited.groupby(level="model")[["conversions", "revenue"]].sum()
    assert len(sums) == 7
    assert sums["conversions"].to_numpy() == pytest.approx([19_785] * 7)
    assert sums["revenue"].astype(float).tolist() == [19_785.0] * 7


def test_a_single_conversion_is_shared_out_as_in_the_worked_examples(warehouse):
    """docs.attributionapp.com: 10 dollars by a half-life of seven days; position 40/20/40 (methods.md, section 2.5)."""
    with closing(duckdb.connect(str(warehouse), read_only=True)) as connection:
        rows = connection.execute(
            "select model, touches, list(credit order by message_key) from marts.attribution "
            "inner join (select distinct macro_conversion_key, touches from intermediate.int_attribution_touches) "
            "using (macro_conversion_key) where family = 'sign_up' group by all"
        ).fetchall()
    credit = {(model, touches): shares for model, touches, shares in rows}
    assert [10 * share for share in credit["time_decay", 5]] == pytest.approx([1.27, 1.71, 1.89, 2.31, 2.81], abs=6e-3)
    decayed = [2 ** (-days / 7) for days in EXAMPLES[0]]
    assert credit["time_decay", 5] == pytest.approx([part / sum(decayed) for part in decayed], abs=1e-9)
    assert credit["position", 5] == pytest.approx([0.4, 0.2 / 3, 0.2 / 3, 0.2 / 3, 0.4], abs=1e-9)
    assert credit["linear", 5] == pytest.approx([0.2] * 5, abs=1e-9)
    assert (credit["first", 5], credit["last", 5]) == ([1, 0, 0, 0, 0], [0, 0, 0, 0, 1])
    assert [credit[model, 1] for model in ("first", "last", "linear", "position", "time_decay")] == [[1.0]] * 5
    assert (credit["position", 2], credit["linear", 2]) == ([0.5, 0.5], [0.5, 0.5])

"""A trigger that cannot be read stops the build, and the message says which line and what is wrong with it."""

from __future__ import annotations

from contextlib import closing

import duckdb
import pytest

from orchestration.dbt import Dbt, DbtError
from orchestration.settings import Settings

GOOD = {"trigger": "t", "micro_conversion": "click", "quiet_from": "21:00", "quiet_to": "08:00", "delay_minutes": 5}


@pytest.fixture(scope="module")
def dbt(tmp_path_factory):
    """dbt on a warehouse that holds the declared triggers."""
    built = Dbt(Settings(home=tmp_path_factory.mktemp("triggers"), given_salt="a salt for tests"))
    built.build(["triggers", "int_triggers"])
    return built


def declare(dbt: Dbt, *lines: dict) -> None:
    with closing(duckdb.connect(str(dbt.settings.warehouse_path))) as connection:
        connection.execute("delete from seeds.triggers")
        for line in lines:
            connection.execute(
                f"insert into seeds.triggers ({', '.join(line)}) values ({', '.join('?' * len(line))})",
                list(line.values()),
            )
    dbt.build(["int_triggers"])


def test_the_shipped_triggers_and_a_bare_line_can_be_read(dbt):
    declare(dbt, GOOD, {"trigger": "bare", "micro_conversion": "download"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"trigger": " "}, "trigger .none.: it has no name"),
        ({"micro_conversion": None}, "trigger t: it names no micro-conversion"),
        ({"quiet_from": "9 pm"}, "trigger t: `9 pm` is no time of day"),
        ({"quiet_to": "25:00"}, "trigger t: `25:00` is no time of day"),
        ({"quiet_to": ""}, "trigger t: quiet hours need both"),
        ({"delay_minutes": -1}, "trigger t: .* cannot be negative"),
        ({"delay_minutes": 180, "expires_hours": 3}, "trigger t: it expires .* before its delay is over"),
        ({"delay_minutes": 72 * 60}, "trigger t: it expires .* before its delay is over"),
        ({"expires_hours": 0, "delay_minutes": None}, "trigger t: it expires .* before its delay is over"),
        ({"quiet_from": "00:00", "quiet_to": "24:00"}, "trigger t: quiet hours all day"),
    ],
)
def test_a_line_that_cannot_be_read_stops_the_build_and_is_named(dbt, change, said):
    with pytest.raises(DbtError, match=f"triggers.csv, {said}"):
        declare(dbt, {**GOOD, **change})


def test_a_trigger_that_stands_twice_stops_the_build(dbt):
    with pytest.raises(DbtError, match="trigger t: the name stands twice"):
        declare(dbt, GOOD, GOOD)

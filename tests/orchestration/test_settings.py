"""Settings read from the environment, and what a wrong one says."""

import stat
from datetime import datetime

import pytest

from orchestration.settings import DEFAULT_HOME, SettingError, Settings


def test_without_any_variable_the_demonstration_home_is_used():
    settings = Settings.from_environment({})
    assert settings.home == DEFAULT_HOME
    assert settings.is_demonstration


def test_a_pinned_now_is_utc_whatever_its_zone():
    settings = Settings.from_environment({"MICRO_CONVERSIONS_NOW": "2026-11-01T02:00:00+02:00"})
    assert settings.now() == datetime(2026, 11, 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [("NOW", "yesterday"), ("THREADS", "two"), ("MEMORY_LIMIT", "much"), ("SETTLE_SECONDS", "soon")],
)
def test_a_setting_that_cannot_be_read_is_named_with_its_value(name, value):
    with pytest.raises(SettingError, match=f"MICRO_CONVERSIONS_{name}='{value}'"):
        Settings.from_environment({f"MICRO_CONVERSIONS_{name}": value})


def test_the_salt_is_made_once_and_readable_by_its_owner_alone(tmp_path):
    first, second = (Settings(home=tmp_path).salt for _ in range(2))
    assert first == second
    assert stat.S_IMODE((tmp_path / "salt").stat().st_mode) == 0o600


def test_a_given_salt_is_used_and_never_shown(tmp_path):
    settings = Settings(home=tmp_path, given_salt="pepper")
    assert settings.salt == "pepper"
    assert "pepper" not in repr(settings)
    assert not (tmp_path / "salt").exists()


def test_duckdb_gets_less_than_the_limit_of_the_process():
    settings = Settings.from_environment({"MICRO_CONVERSIONS_MEMORY_LIMIT": "3GB"})
    assert settings.memory_limit == "1976MB"


def test_follow_ups_go_to_files_unless_a_target_is_named():
    assert Settings.from_environment({}).follow_up_target == "files"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"FOLLOW_UP_TARGET": "pigeon"}, "FOLLOW_UP_TARGET='pigeon'.*files, webhook, segment"),
        ({"FOLLOW_UP_TARGET": "webhook"}, "needs MICRO_CONVERSIONS_WEBHOOK_URL"),
        ({"FOLLOW_UP_TARGET": "segment"}, "needs MICRO_CONVERSIONS_SEGMENT_WRITE_KEY"),
        ({"FOLLOW_UP_TARGET": "webhook", "WEBHOOK_URL": "example.com/hush"}, "WEBHOOK_URL is no http"),
    ],
)
def test_a_target_that_cannot_be_used_is_said_with_what_it_needs(environ, said):
    with pytest.raises(SettingError, match=said):
        Settings.from_environment({f"MICRO_CONVERSIONS_{name}": value for name, value in environ.items()})


def test_what_may_hold_a_secret_of_a_receiver_is_never_shown():
    settings = Settings.from_environment(
        {
            "MICRO_CONVERSIONS_FOLLOW_UP_TARGET": "webhook",
            "MICRO_CONVERSIONS_WEBHOOK_URL": "https://example.com/hush",
            "MICRO_CONVERSIONS_WEBHOOK_SECRET": "hush",
            "MICRO_CONVERSIONS_SEGMENT_WRITE_KEY": "hush",
        }
    )
    assert settings.webhook_url and "hush" not in repr(settings)

"""What a caller of the generator may rely on, whatever world it draws."""

import duckdb
import pytest

from orchestration.samples import world, write_samples
from orchestration.samples.__main__ import main
from orchestration.samples.generate import Request, draw_world
from orchestration.samples.world import Mailing, mailings
from tests.samples.reading import records


def _contents(landing):
    return {str(p.relative_to(landing)): p.read_bytes() for p in landing.rglob("*") if p.is_file()}


def _draw(subscribers, seed=3, days=60):
    connection = duckdb.connect()
    draw_world(connection, Request(1, seed, world.START, days, ()), subscribers)
    return connection


def test_the_same_request_writes_the_same_bytes_and_another_seed_does_not(tmp_path):
    for name, seed in (("one", 5), ("two", 5), ("other", 6)):
        write_samples(
            tmp_path / name / "landing", events=4_000, seed=seed, days=30, truth=tmp_path / name / "truth.parquet"
        )

    assert _contents(tmp_path / "one") == _contents(tmp_path / "two")
    assert _contents(tmp_path / "one") != _contents(tmp_path / "other")


def test_the_number_of_threads_changes_no_byte(tmp_path):
    for threads in (1, 3):
        write_samples(tmp_path / str(threads), events=2_000, seed=5, days=30, threads=threads)

    assert _contents(tmp_path / "1") == _contents(tmp_path / "3")


def test_more_events_are_more_subscribers_of_the_same_world():
    few, many = _draw(40), _draw(80)
    for table in ("email_events", "site_calls"):
        rows = f"select * from {table} where subscriber_no <= 40 order by all"
        assert few.execute(rows).fetchall() == many.execute(rows).fetchall()


def test_a_longer_window_begins_with_the_same_mailings():
    def calendar(days) -> list[Mailing]:
        return mailings(world.START, days)

    assert calendar(120)[: len(calendar(50))] == calendar(50)


def test_the_events_asked_for_are_met_to_within_one_subscriber(tmp_path):
    summary = write_samples(tmp_path / "landing", events=5_000, seed=5, days=30, sources=["sendgrid"])

    assert 5_000 <= summary.email_events < 5_200
    assert summary.site_events == 0
    assert len({r.body["sg_event_id"] for r in records(tmp_path / "landing", "sendgrid")}) == summary.email_events
    assert [p.name for p in (tmp_path / "landing").iterdir()] == ["sendgrid"]


def test_the_summary_names_every_file_and_nothing_else_is_left(tmp_path):
    summary = write_samples(tmp_path / "landing", events=1_000, seed=5, days=30)

    assert sorted(map(str, summary.files)) == sorted(_contents(tmp_path / "landing"))
    assert [p.name for p in tmp_path.iterdir()] == ["landing"]


def test_files_cover_the_stretch_of_time_asked_for(tmp_path):
    summary = write_samples(tmp_path / "landing", events=500, seed=5, days=14, sources=["sendgrid"], file_hours=24)

    days = {file.name[:17] for file in summary.files}
    assert "sendgrid-20260721" in days
    assert len(days) > 10


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"sources": ["sendgrid", "carrier_pigeon"]}, "carrier_pigeon"),
        ({"sources": []}, "at least one source"),
        ({"events": 0}, "1 or more"),
        ({"days": 0}, "1 or more"),
    ],
)
def test_a_request_that_cannot_be_met_says_what_is_wrong(tmp_path, wrong, says):
    with pytest.raises(ValueError, match=says):
        write_samples(tmp_path / "landing", **({"events": 100, "seed": 1} | wrong))


def test_a_window_without_mail_is_refused(tmp_path):
    with pytest.raises(ValueError, match="longer"):
        write_samples(tmp_path / "landing", events=100, seed=1, days=1, sources=["sendgrid"])


def test_the_command_writes_and_says_what(tmp_path, capsys):
    status = main(
        [
            "--events",
            "1000",
            "--seed",
            "9",
            "--days",
            "30",
            "--out",
            str(tmp_path / "landing"),
            "--sources",
            "postmark,links",
        ]
    )

    assert status == 0
    assert "e-mail events" in capsys.readouterr().out
    assert sorted(p.name for p in (tmp_path / "landing").iterdir()) == ["links", "postmark"]


def test_the_command_refuses_a_source_it_does_not_know(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--out", str(tmp_path), "--sources", "fax"])
    assert "fax" in capsys.readouterr().err

"""The world agrees with the published figures that it is calibrated to."""

import pytest

SHARES = "select avg(cast(seconds <= {} as integer)) from ({})"


def _share_within(drawn, seconds, delays):
    return drawn.execute(SHARES.format(seconds, delays)).fetchone()[0]


# Sends of the first ten weeks: their whole distribution lies inside the window.
OPENS = (
    "select epoch(read_at - sent_at) as seconds from messages "
    "where is_open_seen and kind in ('newsletter', 'promotion') and sent_at < starts_at() + interval 70 day"
)
# Those of a single link take their time; the log tells of bursts.
SCANS = (
    "select epoch(scanned_at - sent_at) as seconds from messages where scanned_at is not null and deferred_at is null "
    "and scanner <> 'single'"
)
BURSTS = (
    "select count(distinct e.link_no) / max(l.links) as covered, epoch(max(occurred_at) - min(occurred_at)) as seconds "
    "from email_events e join (select mailing_no, count(*) as links from links group by 1) l using (mailing_no) "
    "where e.event = 'click' and e.class = 'scanner_burst' "
    "and (draw(e.message_k, 'slow burst') < slow_burst_share()) = {is_slow} group by e.mailing_no, e.subscriber_no"
)
MAILSHOTS = (
    "select mailing_no, avg(cast(is_open_seen as integer)) as opened, avg(cast(clicks > 0 as integer)) as clicked, "
    "avg(cast(proxied_at is not null as integer)) as proxied from messages where fate <> 'dropped' "
    "and kind in ('newsletter', 'promotion') and sent_at < starts_at() + interval 90 day group by mailing_no"
)


def test_a_mailshot_is_opened_by_about_nine_in_a_hundred(drawn):
    mean, spread = drawn.execute(f"select avg(opened), stddev(opened) from ({MAILSHOTS})").fetchone()
    assert mean == pytest.approx(0.0913, abs=0.01)
    assert spread == pytest.approx(0.0358, abs=0.012)


@pytest.mark.parametrize(("seconds", "share"), [(3_600, 0.259), (23_100, 0.5), (86_400, 0.712), (604_800, 0.93)])
def test_people_open_as_late_as_published(drawn, seconds, share):
    assert _share_within(drawn, seconds, OPENS) == pytest.approx(share, abs=0.02)


@pytest.mark.parametrize(
    ("seconds", "share"), [(10, 0.005), (20, 0.027), (43, 0.5), (60, 0.691), (300, 0.974), (1_800, 0.993)]
)
def test_scanners_begin_when_the_log_says_they_do(drawn, seconds, share):
    assert _share_within(drawn, seconds, SCANS) == pytest.approx(share, abs=0.035)


def test_a_burst_takes_less_than_a_second_and_clicks_everything(drawn):
    bursts = drawn.execute(BURSTS.format(is_slow=False)).fetchall()
    assert len(bursts) > 500
    assert sum(covered == 1 for covered, _ in bursts) >= len(bursts) - 1, "but for one that the window's end cuts"
    assert max(seconds for _, seconds in bursts) <= 1


def test_one_burst_in_seven_follows_some_links_over_as_many_seconds_as_a_person_might(drawn):
    bursts = drawn.execute(BURSTS.format(is_slow=True)).fetchall()
    (fast,) = drawn.execute(f"select count(*) from ({BURSTS.format(is_slow=False)})").fetchone()
    assert len(bursts) / (len(bursts) + fast) == pytest.approx(0.15, abs=0.04)
    assert min(covered for covered, _ in bursts) < 0.6 < max(covered for covered, _ in bursts)
    assert 5 < max(seconds for _, seconds in bursts) <= 25


def test_scanners_of_one_and_two_links_exist(drawn):
    links = dict(
        drawn.execute(
            "select class, max(n) from (select class, count(*) as n from email_events "
            "where event = 'click' and actor = 'machine' group by class, mailing_no, subscriber_no) group by class"
        ).fetchall()
    )
    assert links["scanner_single"] == 1
    assert links["scanner_two"] == 2
    assert links["scanner_burst"] >= 6


def test_some_scanners_follow_one_link_after_minutes(drawn):
    minutes, scans = drawn.execute(
        "select count(*) filter (where scanned_at > settled_at + interval 3 minute), count(*) from messages "
        "where scanned_at is not null and scanner = 'single'"
    ).fetchone()
    assert minutes / scans > 0.5


def test_where_a_scanner_looks_at_few_messages_people_click_more(drawn):
    human, machine = drawn.execute(
        "select count(*) filter (where e.actor = 'human'), count(*) filter (where e.actor = 'machine') "
        "from email_events e join subscribers s using (subscriber_no) "
        "where e.event = 'click' and s.domain = 'outlook.example'"
    ).fetchone()
    assert 0 < machine < human / 2


def test_some_people_follow_three_links_within_seconds(drawn):
    (hasty,) = drawn.execute(
        "select count(*) from (select 1 from human_clicks where not is_repeat group by mailing_no, subscriber_no "
        "having count(*) >= 3 and max(clicked_at) - min(clicked_at) < interval 2 second)"
    ).fetchone()
    assert hasty > 5


def test_some_people_are_as_fast_as_a_scanner(drawn):
    fast, clicks = drawn.execute(
        "select count(*) filter (where class = 'fast_human'), count(*) from email_events "
        "where event = 'click' and actor = 'human'"
    ).fetchone()
    assert 0.005 < fast / clicks < 0.05


def test_click_rates_are_plausible_and_machines_inflate_them(drawn):
    clicked, proxied = drawn.execute(f"select avg(clicked), avg(proxied) from ({MAILSHOTS})").fetchone()
    assert 0.015 < clicked < 0.035
    # Apple's proxy adds about twelve points of opens for most senders (SparkPost, 2022).
    assert proxied == pytest.approx(0.12, abs=0.02)


def test_most_of_a_person_s_opens_behind_the_privacy_proxy_are_not_seen(drawn):
    seen = dict(
        drawn.execute(
            "select s.uses_privacy_proxy, avg(cast(m.is_open_seen as integer)) from messages m "
            "join subscribers s using (subscriber_no) where m.read_at is not null group by 1"
        ).fetchall()
    )
    assert seen[True] < 0.2 < 0.85 < seen[False]


def test_engagement_is_as_uneven_as_among_real_readers(drawn):
    spread = drawn.execute(
        "select stddev(opened) from (select avg(cast(is_open_seen as integer)) as opened from messages "
        "where kind in ('newsletter', 'promotion') group by subscriber_no having count(*) >= 10)"
    ).fetchone()[0]
    assert 0.12 < spread < 0.22

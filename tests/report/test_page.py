"""The report in a browser: it says what the marts hold, asks nothing of the network, and anybody can use it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from axe_playwright_python.sync_playwright import Axe

from orchestration.cli import main
from orchestration.report import ReportError, page, words
from orchestration.report.figures import Campaign, Interval, read
from orchestration.sources import SOURCES
from tests import browser
from tests.pipeline.running import published, settings_of
from tests.report.weeks import empty, funnel, goal, move, result, week

pytestmark = pytest.mark.browser

MOST_BYTES = 500_000
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
HOSTILE = '<img src="https://example.com/x" onerror="alert(1)"></td><script>alert(2)</script>{{ 7*7 }}" & \'=1+1'


@pytest.fixture(scope="module")
def report(sampled, tmp_path_factory):
    """The page of the home with sample exports."""
    path, _ = page.write(sampled, tmp_path_factory.mktemp("report") / "week.html")
    return path


@pytest.fixture
def shown(chromium, tmp_path):
    """Opens figures as a page, and notes what that asked of the network and told the console."""
    opened = []

    def show(figures, **options):
        (path := tmp_path / f"{len(opened)}.html").write_text(page.render(figures))
        context = browser.opened(chromium, **{"viewport": DESK, **options})
        watched = context.__enter__()
        opened.append(context)
        watched.page.goto(path.as_uri())
        return watched

    yield show
    for context in opened:
        context.__exit__(None, None, None)


def text(element) -> str:
    return " ".join(element.inner_text().split())


def cells(page_, section: str) -> list[list[str]]:
    """The rows of the table of a section, small print left out."""
    return page_.evaluate(
        """section => [...document.querySelectorAll(`#${section} tbody tr`)].map(row => [...row.children].map(cell => {
            const copy = cell.cloneNode(true);
            copy.querySelectorAll('small').forEach(small => small.remove());
            return copy.textContent.trim().replace(/\\s+/g, ' ');
        }))""",
        section,
    )


def test_the_page_asks_nothing_of_the_network_and_makes_no_error(chromium, report):
    assert report.stat().st_size < MOST_BYTES
    with browser.opened(chromium, viewport=DESK) as watched:
        watched.page.goto(report.as_uri())
        watched.page.wait_for_load_state("networkidle")
        assert watched.page.locator("img").count() == 3
        loaded = watched.page.evaluate("[...document.images].every(image => image.complete && image.naturalWidth > 0)")
        assert loaded and (watched.requests, watched.errors) == ([], [])


def test_the_figures_are_those_of_the_marts(chromium, report, sampled):
    figures = read(sampled.marts_path, now=sampled.now(), sources=SOURCES)
    on = figures.week_on
    steps = published(
        sampled.home,
        f"""
        select sum(messages)::bigint from funnel_daily
        where sent_on >= date '{on}' and sent_on < date '{on}' + 7 group by step, step_number order by step_number
        """,
    )
    campaigns = published(
        sampled.home,
        f"""
        select sum(delivered)::bigint, sum(human_unique_clicks)::bigint, sum(revenue) from campaign_performance
        where sent_on >= date '{on}' and sent_on < date '{on}' + 7
        group by campaign_key having sum(delivered) > 0 order by 1 desc
        """,
    )
    goals = published(
        sampled.home,
        "select actual from goal_progress where metric in ('orders', 'new_subscribers') "
        "qualify row_number() over (partition by goal order by period_start_on desc) = 1 order by goal",
    )
    ((published_at, data_as_of, run_id),) = published(sampled.home, "from publication")
    with browser.opened(chromium, viewport=DESK) as watched:
        watched.page.goto(report.as_uri())
        assert [row[1] for row in cells(watched.page, "funnel")] == [f"{n:,}" for (n,) in steps]
        told = sorted((row[1], row[2].partition(" ")[0], row[4]) for row in cells(watched.page, "campaigns"))
        assert told == sorted((f"{d:,}", f"{c:,}", f"{r:,.2f}") for d, c, r in campaigns)
        totals = [row[3] for row in cells(watched.page, "goals") if not row[2].endswith("%")]
        assert totals == [f"{actual:,.0f}" for (actual,) in goals]
        head, foot = text(watched.page.locator("header")), text(watched.page.locator("footer"))
        assert words.days(on, figures.week_end_on) in head and words.moment(data_as_of) in head
        assert run_id in foot and words.moment(published_at) in foot


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"viewport": PHONE}], ids=["light", "dark", "phone"])
def test_axe_finds_nothing_to_mend(chromium, report, options):
    with browser.opened(chromium, **{"viewport": DESK, **options}) as watched:
        # The page's own policy lets no script run; axe is one.
        watched.page.set_content(report.read_text().replace("default-src 'none'; ", ""))
        found = Axe().run(watched.page)
        assert found.violations_count == 0, found.generate_report()


def test_pictures_have_texts_and_tables_captions_and_scopes(shown):
    shown_page = shown(week()).page
    assert shown_page.locator("img").count() == 3
    assert all(len(image.get_attribute("alt")) > 40 for image in shown_page.locator("img").all())
    tables = shown_page.locator("table").count()
    assert tables == shown_page.locator("table > caption").count() >= 6
    assert shown_page.locator("th:not([scope])").count() == 0
    levels = [
        int(name[1]) for name in shown_page.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(h => h.tagName)")
    ]
    assert levels[0] == 1 and levels.count(1) == 1 and all(after - before <= 1 for before, after in pairwise(levels))


def test_the_keyboard_alone_leads_through_the_page_and_shows_where_it_is(shown):
    shown_page = shown(week()).page
    shown_page.keyboard.press("Tab")
    focused = "document.activeElement"
    assert shown_page.evaluate(f"{focused}.textContent") == "Skip to the report"
    assert shown_page.evaluate(f"{focused}.getBoundingClientRect().left") >= 0
    assert shown_page.evaluate(f"getComputedStyle({focused}).outlineStyle") == "solid"
    shown_page.keyboard.press("Enter")
    assert shown_page.evaluate(f"{focused}.id") == "main"
    targets = shown_page.evaluate(
        "[...document.querySelectorAll('nav a')].map(a => !!document.querySelector(a.getAttribute('href')))"
    )
    assert len(targets) == 8 and all(targets)


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_page_is_wider_than_its_window(shown, size):
    long = week(
        campaigns=[Campaign("x" * 300, "y" * 300, 9, 1, 0, None, Interval(0, 0.3))], goals=[goal(name="z" * 300)]
    )
    shown_page = shown(long, viewport=size).page
    assert shown_page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_names_from_outside_are_text_whatever_they_hold(shown):
    hostile = week(
        campaigns=[Campaign(HOSTILE, HOSTILE, 990, 30, 2, None, Interval(0.02, 0.04))],
        moves=[move(scope=f"campaign_type={HOSTILE}")],
        goals=[goal(name=HOSTILE)],
        experiments=[result(experiment=HOSTILE, name=HOSTILE, variant=HOSTILE, control=HOSTILE, reason=HOSTILE)],
        publication=HOSTILE,
    )
    watched = shown(hostile)
    assert words.plain(HOSTILE) in text(watched.page.locator("#campaigns tbody th"))
    assert watched.page.locator("script, img[onerror]").count() == 0 and "49" not in text(watched.page.locator("main"))
    assert watched.page.locator("img").count() == 3
    assert (watched.requests, watched.errors) == ([], [])


def test_an_empty_publication_gets_a_page_that_says_what_to_do(shown):
    watched = shown(empty())
    told = text(watched.page.locator("main"))
    assert "There is no week to report on yet" in told and "make run" in told
    assert "No goal is declared yet" in told and "No experiment was found" in told
    assert watched.page.locator("img").count() == 0 and not watched.errors


def test_a_week_after_none_and_one_without_orders_are_told_in_words(shown):
    first = week(
        moves=[],
        campaigns=[],
        funnel=[replace(step, share_before=None, messages_before=0) for step in funnel(100, 90, 0, 0, 0, 0)],
    )
    told = text(shown(first).page.locator("main"))
    assert "No mail of the week before can be held against this week's" in told
    assert "No campaign was delivered in this week" in told
    assert "None" not in told and "nan" not in told


def test_marts_that_are_days_old_are_called_so(sampled, tmp_path, chromium):
    later = settings_of(sampled.home, pinned_now=sampled.now().replace(day=25))
    path, _ = page.write(later, tmp_path)
    assert path == tmp_path / "report.html"
    with browser.opened(chromium) as watched:
        watched.page.goto(path.as_uri())
        assert "These figures are 7 days old" in text(watched.page.locator("main"))


def test_paper_shows_the_report_without_its_navigation_on_white(shown):
    shown_page = shown(week(), color_scheme="dark").page
    shown_page.emulate_media(media="print", color_scheme="dark")
    assert not shown_page.locator("nav").is_visible()
    ink = shown_page.evaluate("getComputedStyle(document.querySelector('h2')).color")
    assert ink == "rgb(27, 35, 48)"


def test_the_command_writes_where_it_is_asked_to_and_says_what_is_missing(sampled, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MICRO_CONVERSIONS_HOME", str(sampled.home))
    monkeypatch.setenv("MICRO_CONVERSIONS_NOW", sampled.now().isoformat())
    assert main(["report", "--to", str(tmp_path / "a.html")]) == 0
    assert str(tmp_path / "a.html") in capsys.readouterr().out
    assert main(["report", "--to", str(tmp_path / "nowhere" / "a.html")]) == 2
    assert "make report TO=<file>" in capsys.readouterr().err
    monkeypatch.setenv("MICRO_CONVERSIONS_HOME", str(tmp_path / "empty"))
    assert main(["report", "--to", str(tmp_path / "b.html")]) == 2
    assert "Nothing is published" in capsys.readouterr().err and not (tmp_path / "b.html").exists()


def test_the_same_marts_are_the_same_page_and_the_landing_zone_is_left_alone(sampled, report, tmp_path):
    path, _ = page.write(sampled, tmp_path / "again.html")
    assert path.read_bytes() == report.read_bytes()
    with pytest.raises(ReportError, match="taken for an export"):
        page.write(sampled, sampled.landing / "report.html")

"""The invented world that the sample exports come from: everything about it that is declared rather than drawn.

Belongs here: who exists in which shares, what is mailed when, the planted truths, and the published figures that the
world is calibrated to. Does not belong here: how one person or message is drawn from it (`sql/`) and how exports look
on disk (`exports.py`).

Every address stands in a domain reserved for examples (RFC 2606, RFC 6761) and every network address in a range
reserved for documentation (RFC 5737, RFC 3849), but for Apple's own range, by which its privacy proxy is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

# A fixed window, so that samples never depend on the clock: it ends on 17 November 2026, at midnight UTC.
START = date(2026, 7, 20)
DAYS = 120

SITE = "https://shop.example.com"


@dataclass(frozen=True)
class Engagement:
    """A hidden kind of reader: the probability of reading a message and of clicking one read; a factor on orders."""

    name: str
    share: float
    read: float
    click: float
    intent: float


ENGAGEMENT = (
    Engagement("loyal", 0.08, 0.55, 0.28, 2.0),
    Engagement("window_shopper", 0.10, 0.45, 0.05, 0.5),
    Engagement("selective", 0.14, 0.11, 0.46, 1.5),
    Engagement("occasional", 0.33, 0.065, 0.18, 1.0),
    Engagement("dormant", 0.35, 0.009, 0.10, 0.3),
)


@dataclass(frozen=True)
class Domain:
    """A recipient domain: its share of the list, who runs it, the share behind Apple's proxy, its link scanner.

    `scanned` is the share of its messages whose links the scanner follows.
    """

    name: str
    share: float
    provider: str
    privacy_proxy: float
    scanner: str = "none"
    scanner_agent: str | None = None
    scanned: float = 0.0


# Most dress up as a browser, some follow one link only, and some look at so few messages that most clicks of the domain
# are people's.
_SCANNERS = {
    3: ("burst", "scanner_disguised", 0.25),
    5: ("two", "scanner_disguised", 0.12),
    7: ("two", "scanner_named", 0.30),
    11: ("burst", "scanner_silent", 0.25),
    13: ("single", "scanner_disguised", 0.05),
    19: ("burst", "scanner_disguised", 0.25),
    23: ("single", "scanner_disguised", 0.30),
}
DOMAINS = (
    Domain("gmail.example", 0.30, "gmail", 0.22),
    Domain("icloud.example", 0.13, "icloud", 0.85),
    Domain("outlook.example", 0.12, "outlook", 0.15, "two", "scanner_disguised", 0.003),
    Domain("yahoo.example", 0.08, "yahoo", 0.20),
    Domain("mail.example.net", 0.05, "other", 0.20),
    Domain("post.example.org", 0.05, "other", 0.20),
    *(Domain(f"company-{n:02}.example", 0.009, "corporate", 0.10, *_SCANNERS.get(n, ())) for n in range(1, 31)),
)

TIME_ZONES = {
    "America/New_York": 0.30,
    "America/Chicago": 0.12,
    "America/Los_Angeles": 0.14,
    "Europe/London": 0.19,
    "Europe/Berlin": 0.15,
    "Asia/Tokyo": 0.05,
    "Australia/Sydney": 0.05,
}
SIGNUP_SOURCES = {"website_form": 0.42, "checkout": 0.28, "event": 0.12, "partner": 0.10, "import": 0.08}
CATEGORIES = {"gardening": 0.28, "kitchen": 0.24, "workshop": 0.20, "lighting": 0.16, "camping": 0.12}
BEST_HOURS = {7: 0.14, 8: 0.16, 9: 0.10, 12: 0.12, 13: 0.06, 18: 0.10, 19: 0.14, 20: 0.12, 21: 0.06}
DEVICES = {"iphone": 0.34, "android": 0.24, "windows": 0.26, "mac": 0.11, "ipad": 0.05}

_WEBKIT = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome"


@dataclass(frozen=True)
class Agent:
    """A user agent as an ESP reports it. `client` and `system` are Name, Company and Family as Postmark words them."""

    name: str
    user_agent: str
    platform: str
    client: tuple[str, str, str]
    system: tuple[str, str, str]


_IOS = ("iOS", "Apple Computer, Inc.", "iOS")
_MACOS = ("macOS", "Apple Computer, Inc.", "macOS")
_WINDOWS = ("Windows 10", "Microsoft Corporation", "Windows")
_ANDROID = ("Android 15", "Google", "Android")
_UNKNOWN = ("unknown", "unknown", "unknown")
_MAIL = ("Apple Mail", "Apple Inc.", "Apple Mail")
_SAFARI = ("Safari", "Apple Inc.", "Safari")
_GOOGLE = ("Chrome", "Google Inc.", "Chrome")

AGENTS = (
    Agent(
        "iphone_mail",
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_WEBKIT} Mobile/15E148",
        "Mobile",
        _MAIL,
        _IOS,
    ),
    Agent(
        "iphone_browser",
        f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) {_WEBKIT} Version/18.6 Mobile/15E148 Safari/604.1",
        "Mobile",
        _SAFARI,
        _IOS,
    ),
    Agent("ipad_mail", f"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) {_WEBKIT} Mobile/15E148", "Mobile", _MAIL, _IOS),
    Agent(
        "ipad_browser",
        f"Mozilla/5.0 (iPad; CPU OS 17_6 like Mac OS X) {_WEBKIT} Version/17.6 Mobile/15E148 Safari/604.1",
        "Mobile",
        _SAFARI,
        _IOS,
    ),
    Agent("mac_mail", f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT}", "Desktop", _MAIL, _MACOS),
    Agent(
        "mac_browser",
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Version/18.6 Safari/605.1.15",
        "WebMail",
        _SAFARI,
        _MACOS,
    ),
    Agent(
        "android_mail",
        f"Mozilla/5.0 (Linux; Android 15; wv) {_CHROME}/128.0.0.0 Mobile Safari/537.36",
        "Mobile",
        _GOOGLE,
        _ANDROID,
    ),
    Agent(
        "android_browser",
        f"Mozilla/5.0 (Linux; Android 15; K) {_CHROME}/139.0.0.0 Mobile Safari/537.36",
        "Mobile",
        _GOOGLE,
        _ANDROID,
    ),
    Agent(
        "windows_mail",
        "Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 10.0; Win64; x64; Trident/7.0; Microsoft Outlook 16.0.17726)",
        "Desktop",
        ("Outlook 2016", "Microsoft Corporation", "Outlook"),
        _WINDOWS,
    ),
    Agent(
        "windows_browser",
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME}/139.0.0.0 Safari/537.36",
        "WebMail",
        _GOOGLE,
        _WINDOWS,
    ),
    # Image proxies: the first two fetch when a person opens; Apple's fetches whether or not one does.
    Agent(
        "gmail_proxy",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
        "WebMail",
        ("Gmail", "Google Inc.", "Gmail"),
        _UNKNOWN,
    ),
    Agent(
        "yahoo_proxy",
        "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
        "WebMail",
        ("Yahoo Mail", "Yahoo! Inc.", "Yahoo Mail"),
        _UNKNOWN,
    ),
    Agent("apple_proxy", "Mozilla/5.0", "Unknown", _UNKNOWN, _UNKNOWN),
    # Link scanners: one dresses up as a browser, one says nothing, one says its name.
    Agent(
        "scanner_disguised",
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME}/91.0.4472.124 Safari/537.36",
        "WebMail",
        _GOOGLE,
        _WINDOWS,
    ),
    Agent("scanner_silent", "", "Unknown", _UNKNOWN, _UNKNOWN),
    Agent("scanner_named", "Barracuda Sentinel (EE)", "Unknown", _UNKNOWN, _UNKNOWN),
)


@dataclass(frozen=True)
class Variant:
    """An arm of an experiment and what it truly does: factors on the probability of reading and on a link's pull."""

    name: str
    share: float
    is_mailed: bool = True
    read_factor: float = 1.0
    guide_factor: float = 1.0
    video_factor: float = 1.0


@dataclass(frozen=True)
class Experiment:
    """A randomised test over consecutive mailings of one kind, counted from 0."""

    name: str
    kind: str
    first: int
    last: int
    control: str
    variants: tuple[Variant, ...]
    truth: str
    # False: the ESP's payload is silent, and the arm is known from the assignments alone.
    in_payload: bool = True


EXPERIMENTS = (
    Experiment(
        "subject_question",
        "newsletter",
        2,
        3,
        "A",
        (Variant("A", 0.5), Variant("B", 0.5, read_factor=1.35)),
        "B's subject, a question, raises reading by 35 %",
    ),
    Experiment(
        "guide_first",
        "promotion",
        4,
        5,
        "A",
        (Variant("A", 0.5), Variant("B", 0.5, guide_factor=6.0)),
        "B moves the guide to the top: more downloads, hence more orders",
    ),
    Experiment(
        "video_hero",
        "newsletter",
        6,
        7,
        "A",
        (Variant("A", 0.5), Variant("B", 0.5, video_factor=4.0)),
        "B opens with the video: many more views, no more orders",
    ),
    Experiment(
        "footer_colour",
        "newsletter",
        10,
        11,
        "A",
        (Variant("A", 0.34), Variant("B", 0.33), Variant("C", 0.33)),
        "nothing: the three arms are the same",
        in_payload=False,
    ),
    Experiment(
        "promotion_holdout",
        "promotion",
        9,
        10,
        "holdout",
        (Variant("mailed", 0.8), Variant("holdout", 0.2, is_mailed=False)),
        "the holdout receives nothing and buys only what it would have bought anyway",
    ),
)


@dataclass(frozen=True)
class Link:
    """A link of a kind of mail. `pull` is its weight when a person picks what to click; a scanner does not care."""

    element: str
    element_type: str
    position: int
    category_rank: int
    pull: float
    path: str
    is_hidden: bool = False


_GUIDE = "/guides/{category}-{campaign}.pdf"
_VIDEO = "/videos/{category}-{campaign}"
_PAGE = "/{category}/{element}-{campaign}"
LINKS = {
    "newsletter": (
        Link("hero", "image", 1, 1, 2.0, _PAGE),
        Link("main_button", "button", 2, 1, 2.6, _PAGE),
        Link("story", "text", 3, 2, 1.3, _PAGE),
        Link("video", "video", 4, 1, 3.4, _VIDEO),
        Link("guide", "button", 5, 2, 1.2, _GUIDE),
        Link("more", "text", 6, 3, 0.8, _PAGE),
        Link("preferences", "text", 8, 0, 0.15, "/preferences"),
    ),
    "promotion": (
        Link("hero", "image", 1, 1, 2.2, _PAGE),
        Link("main_button", "button", 2, 1, 3.0, _PAGE),
        Link("product_one", "image", 3, 2, 1.6, _PAGE),
        Link("product_two", "image", 4, 3, 1.3, _PAGE),
        Link("guide", "text", 5, 1, 0.9, _GUIDE),
        Link("preferences", "text", 7, 0, 0.15, "/preferences"),
    ),
    "flow": (
        Link("main_button", "button", 1, 1, 3.0, _PAGE),
        Link("guide", "button", 2, 1, 1.5, _GUIDE),
        Link("video", "video", 3, 1, 2.0, _VIDEO),
        Link("preferences", "text", 4, 0, 0.15, "/preferences"),
    ),
    "statement": (
        Link("main_button", "button", 1, 0, 3.0, "/account/statement"),
        Link("preferences", "text", 2, 0, 0.15, "/preferences"),
    ),
}
# Every second newsletter and promotion carries a link that no person can see.
HONEYPOT = Link("honeypot", "text", 9, 0, 0.0, "/offers/private-{campaign}", is_hidden=True)


@dataclass(frozen=True)
class Mailing:
    """One send: a mailshot at `sent_from` (UTC), or a step that follows each sign-up by `after_sign_up`."""

    mailing_no: int
    campaign_id: str
    campaign_name: str
    kind: str
    esp: str
    stream: str
    subject: str
    preheader: str
    audience: float
    read_factor: float
    sent_from: datetime | None = None
    after_sign_up: timedelta | None = None
    # True: each recipient's send falls on an hour of the day of its own, which lets the best hour be learnt.
    is_staggered: bool = False
    experiment: str | None = None
    category_offset: int = 0


_FLOWS = (
    ("welcome-day-0", "Welcome", timedelta(minutes=2), "Welcome to the workshop", 4.0),
    ("welcome-day-3", "Welcome, day 3", timedelta(days=3), "Your first guide is here", 2.8),
    ("welcome-day-14", "Welcome, day 14", timedelta(days=14), "Three tips to get going", 2.0),
    ("check-in-day-45", "Check-in, day 45", timedelta(days=45), "How is it going?", 1.6),
)
_SEND_HOURS = (7, 9, 11, 13, 15, 17, 19)


def mailings(start: date, days: int) -> list[Mailing]:
    """Everything mailed from `start` for `days` days: a newsletter and a promotion a week, flows, monthly statements.

    A longer history begins with the shorter one: the number of a mailing does not depend on `days`.
    """
    found = [
        Mailing(n, f"flow-{name}", title, "flow", "postmark", "outbound", subject, "", 1.0, factor, after_sign_up=after)
        for n, (name, title, after, subject, factor) in enumerate(_FLOWS)
    ]
    for day in range(days):
        week, weekday = divmod(day, 7)
        sent_from = datetime.combine(start + timedelta(days=day), time(_SEND_HOURS[week % len(_SEND_HOURS)]))
        if weekday == 1:
            found.append(
                Mailing(
                    100 + 10 * week,
                    f"newsletter-{week + 1:03}",
                    f"Newsletter {week + 1}",
                    "newsletter",
                    "sendgrid",
                    "marketing",
                    f"What is new in week {week + 1}",
                    "Stories, a film and a guide",
                    1.0,
                    1.0,
                    sent_from,
                    is_staggered=week % 2 == 1,
                    experiment=_experiment("newsletter", week),
                    category_offset=week,
                )
            )
        if weekday == 3:
            found.append(
                Mailing(
                    101 + 10 * week,
                    f"promotion-{week + 1:03}",
                    f"Promotion {week + 1}",
                    "promotion",
                    "sendgrid",
                    "marketing",
                    f"Save on our picks of week {week + 1}",
                    "Only until Sunday",
                    0.6,
                    1.0,
                    sent_from,
                    is_staggered=week % 4 == 2,
                    experiment=_experiment("promotion", week),
                    category_offset=week + 2,
                )
            )
        if day % 30 == 11:
            found.append(
                Mailing(
                    102 + 10 * week,
                    "account-statement",
                    "Account statement",
                    "statement",
                    "postmark",
                    "outbound",
                    "Your monthly statement",
                    "",
                    0.55,
                    2.4,
                    sent_from,
                )
            )
    return found


def _experiment(kind: str, number: int) -> str | None:
    return next((e.name for e in EXPERIMENTS if e.kind == kind and e.first <= number <= e.last), None)


def link_path(link: Link, mailing: Mailing, category: str | None) -> str:
    """Where a link of a mailing leads, below the site."""
    return link.path.format(category=category, element=link.element.replace("_", "-"), campaign=mailing.campaign_id)


def links(mailing: Mailing) -> list[tuple[Link, str | None]]:
    """A mailing's links, each with its content category."""
    names = list(CATEGORIES)
    ranked = [names[(mailing.category_offset + rank) % len(names)] for rank in range(3)]
    inventory = list(LINKS[mailing.kind])
    if mailing.kind in ("newsletter", "promotion") and mailing.mailing_no // 10 % 2 == 0:
        inventory.append(HONEYPOT)
    return [(link, ranked[link.category_rank - 1] if link.category_rank else None) for link in inventory]


# ---- calibration: cumulative shares and seconds, log-linear in between --------------------------------------------

# Time from send to a person's open: XCampaign (CIKM 2025), 14.9 million sends, median 6 h 25 min.
OPEN_DELAY = ((0.0, 15), (0.259, 3_600), (0.5, 23_100), (0.712, 86_400), (0.93, 604_800), (1.0, 24 * 86_400))
# Time from send to a scanner's first click: 836 bursts of one production log (craft-campaign issue 546), median 43 s.
SCAN_DELAY = (
    *((0.0, 2), (0.005, 10), (0.027, 20), (0.5, 43), (0.691, 60), (0.974, 300), (0.993, 1_800)),
    *((0.993, 3_600), (1.0, 86_400)),
)
# A scanner of single links looks at its leisure: its own delay stands in for so many times the one above.
SINGLE_SCAN_FACTOR = 6
# One burst in seven is no burst to speak of: some of the links, over as many seconds as a person might take.
SLOW_BURST_SHARE = 0.15
# Time from delivery to the fetch by Apple's proxy: no published quantiles; spread over the hours a device is charged.
PROXY_DELAY = ((0.0, 4), (0.3, 90), (0.7, 3_600), (1.0, 36 * 3_600))

# How often a person's own open passes Apple's proxy and is seen there: what the proxy has fetched it fetches no more.
PROXIED_READ_SHARE = 0.04
# How often Gmail's proxy fetches a picture as soon as the message arrives, before anybody looks.
PREFETCH_SHARE = 0.006

# Recorded human opens per mailshot: XCampaign, 9.13 % +/- 3.58.
READ_SCALE = 1.28
APPEAL_SPREAD = 0.44

DUPLICATE_SHARE = 0.047
LATE_SHARE = 0.03
LATE_HOURS = (6, 72)

# ---- planted truths -----------------------------------------------------------------------------------------------

# Downloading a guide makes people buy: points added to the probability of an order after the visit.
DRIVER = "download"
DRIVER_EFFECT = 0.22
# The video draws most clicks and sells nothing.
DISTRACTION = "video_view"
ORDER_AFTER_VISIT = 0.03
ORDER_AFTER_ORGANIC_VISIT = 0.03

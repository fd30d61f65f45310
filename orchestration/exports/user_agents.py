"""What a user agent says of the device and the mail client, told once per distinct agent.

Belongs here: the reading of user agents, on ua-parser's rules. Does not belong here: whether an event is a machine's
(`is_known_bot` only repeats what the agent says of itself), and the names of scanners and proxies that these rules do
not know: the seed `machine_agents`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ua_parser import Result

UNKNOWN = "unknown"

# The agent that Apple's privacy proxy shows, and nothing else.
_APPLE_PRIVACY_PROXY = "Mozilla/5.0"
_DESKTOP_SYSTEMS = {"Windows", "Mac OS X", "Linux", "Ubuntu", "Debian", "Fedora", "Chrome OS", "FreeBSD"}
_SCRIPTS = {"Python Requests", "Python aiohttp", "Python-urllib", "curl", "Wget", "Go-http-client", "Java", "okhttp",
            "Apache-HttpClient", "libwww-perl", "PhantomJS", "HeadlessChrome"}  # fmt: skip
_CLIENTS = (
    (re.compile(r"outlook|msoffice|microsoft office|windows live mail|ms-office", re.I), "Outlook"),
    (re.compile(r"yahoo", re.I), "Yahoo"),
    (re.compile(r"^android-mail|gmail", re.I), "Gmail"),
    (re.compile(r"thunderbird", re.I), "Thunderbird"),
)
# ua-parser's name for a web view of iOS: what Apple Mail shows messages in.
_IOS_WEB_VIEW = "Mobile Safari UI/WKWebView"
# The minor version of a product does not change what it is; without it, a thousand agents are some dozens.
_PRODUCT_VERSION = re.compile(r"(?<=/)\d+(?:\.\d+)+")
_MINOR = re.compile(r"(?<=\.)\d+")


class UserAgent(NamedTuple):
    """`device_type` is desktop, mobile, tablet or unknown; `email_client` a family such as Gmail, or unknown."""

    device_type: str
    email_client: str
    is_known_bot: bool


def read(user_agent: str) -> UserAgent:
    """What an agent says. A proxy that fetches pictures for people hides their device: it is unknown then."""
    text = user_agent.strip()
    if text == _APPLE_PRIVACY_PROXY:
        return UserAgent(UNKNOWN, "Apple Mail", False)
    if "GoogleImageProxy" in text or "ggpht.com" in text:
        return UserAgent(UNKNOWN, "Gmail", False)
    if "YahooMailProxy" in text:
        return UserAgent(UNKNOWN, "Yahoo", False)
    return _read(_PRODUCT_VERSION.sub(lambda version: _MINOR.sub("0", version.group()), text))


@lru_cache(maxsize=10_000)
def _read(text: str) -> UserAgent:
    from ua_parser import parse  # compiles its rules for a second: only where there is an agent to read

    result = parse(text)
    is_bot = _is_bot(text, result)
    return UserAgent(UNKNOWN if is_bot else _device_type(text, result), _email_client(text, result), is_bot)


def _is_bot(text: str, result: Result) -> bool:
    if result.device and result.device.family == "Spider":
        return True
    return result.user_agent is not None and result.user_agent.family in _SCRIPTS


def _device_type(text: str, result: Result) -> str:
    system = result.os.family if result.os else ""
    if "iPad" in text or "Tablet" in text or (system == "Android" and "Mozilla" in text and "Mobile" not in text):
        return "tablet"
    if system in ("iOS", "Android", "Windows Phone") or "Mobile" in text:
        return "mobile"
    return "desktop" if system in _DESKTOP_SYSTEMS else UNKNOWN


def _email_client(text: str, result: Result) -> str:
    for pattern, client in _CLIENTS:
        if pattern.search(text):
            return client
    family = result.user_agent.family if result.user_agent else UNKNOWN
    return "Apple Mail" if family == _IOS_WEB_VIEW else family

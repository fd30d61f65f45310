"""What a user agent says of device and client; a proxy hides the device."""

from __future__ import annotations

import pytest

from orchestration.exports.user_agents import read

MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
ANDROID = (
    "Mozilla/5.0 (Linux; Android 14; {device}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 {kind}Safari"
)


@pytest.mark.parametrize(
    ("user_agent", "expected"),
    [
        ("Mozilla/5.0", ("unknown", "Apple Mail", False)),
        ("Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
         ("unknown", "Gmail", False)),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", ("unknown", "Yahoo", False)),
        (MAC, ("desktop", "Apple Mail", False)),
        (f"{IPHONE} Mobile/15E148", ("mobile", "Apple Mail", False)),
        (f"{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1", ("mobile", "Mobile Safari", False)),
        (IPHONE.replace("iPhone;", "iPad;") + " Mobile/15E148", ("tablet", "Apple Mail", False)),
        (f"{WINDOWS} Chrome/126.0.0.0 Safari/537.36", ("desktop", "Chrome", False)),
        ("Mozilla/4.0 (compatible; MSIE 7.0; Windows NT 6.1; Trident/7.0; Microsoft Outlook 16.0.4266; ms-office)",
         ("desktop", "Outlook", False)),
        ("Outlook-iOS/711.2620504.prod.iphone (3.34.0)", ("mobile", "Outlook", False)),
        (ANDROID.format(device="Pixel 8", kind="Mobile "), ("mobile", "Chrome Mobile", False)),
        (ANDROID.format(device="SM-T870", kind=""), ("tablet", "Chrome", False)),
        ("Android-Mail/2024.05.26.638441", ("mobile", "Gmail", False)),
        ("Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Thunderbird/128.0", ("desktop", "Thunderbird", False)),
        ("python-requests/2.32", ("unknown", "Python Requests", True)),
        ("Googlebot/2.1 (+http://www.google.com/bot.html)", ("unknown", "Googlebot", True)),
        ("Barracuda Sentinel (EE)", ("unknown", "unknown", False)),
        ("what is this", ("unknown", "unknown", False)),
        ("", ("unknown", "unknown", False)),
    ],
)  # fmt: skip
def test_a_user_agent_is_read(user_agent: str, expected: tuple):
    assert tuple(read(user_agent)) == expected


def test_the_minor_version_of_a_product_changes_nothing():
    assert {read(f"{WINDOWS} Chrome/126.0.{version}.9 Safari/537.36") for version in range(70, 130)} == {
        ("desktop", "Chrome", False)
    }

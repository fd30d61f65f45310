"""Chromium for tests that look at pages as a person does.

Belongs here: finding and starting it, and what a page did while it was open. Does not belong here: what a page shall
show. A test that uses `chromium` carries the marker `browser`, and is skipped where there is none.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass
class Watched:
    """A page with everything it asked the network for, and every error it told its console."""

    page: object
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def path_of_chromium() -> str | None:
    """Where Chromium is: `CHROMIUM`, else the first of its names on the path."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def started() -> Iterator[object]:
    """A headless Chromium, ended at the end; skips where there is none."""
    path = path_of_chromium()
    if path is None:
        pytest.skip("needs Chromium; on Debian: apt-get install chromium (or name it: CHROMIUM=<path>)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"],
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser, *, offline: bool = True, **options) -> Iterator[Watched]:
    """A fresh page; `offline` refuses and notes whatever it asks of a host. `options` are those of a context."""
    context = browser.new_context(**options)
    try:
        watched = Watched(context.new_page())
        watched.page.on("console", lambda said: watched.errors.append(said.text) if said.type == "error" else None)
        watched.page.on("pageerror", lambda error: watched.errors.append(str(error)))
        watched.page.on(
            "request", lambda r: None if r.url.startswith(("file:", "data:")) else watched.requests.append(r.url)
        )
        if offline:
            context.route(lambda url: not url.startswith(("file:", "data:")), lambda route: route.abort())
        yield watched
    finally:
        context.close()

"""A real browser for tests: Debian's Chromium, and pages that tell what they complain of."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
needs_chromium = pytest.mark.skipif(
    not CHROMIUM.exists(), reason=f"no browser to look with: {CHROMIUM} is missing"
)


@contextmanager
def open_browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # Containers seldom allow Chromium's own sandbox; only our own pages are opened.
            args=["--no-sandbox"],
        )
        yield browser
        browser.close()


def watch_page(page: Page, complaints: list[str], *addresses: str) -> None:
    """Add to `complaints` what the browser complains of, and each request to another address."""

    def hear(message: ConsoleMessage) -> None:
        # Chromium reports what tests ask for: an error page, a server that is gone.
        if "Failed to load resource" not in message.text:
            complaints.append(message.text)

    def watch(request: Request) -> None:
        if not request.url.startswith(addresses):
            complaints.append(f"a request to {request.url}")

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", watch)


def read_texts(page: Page, selector: str) -> list[str]:
    texts: list[str] = page.eval_on_selector_all(
        selector, "elements => elements.map(element => element.textContent)"
    )
    return texts

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


def wait_until(page: Page, condition: str) -> None:
    """Wait for what is so in the page; Playwright's own way needs a policy that lets `eval` run."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"it never came true that {condition}")


def wait_until_drawn(page: Page) -> None:
    """Wait for the first frame: only then Chromium has scrolled, and leaves the focus alone."""
    page.evaluate("new Promise(drawn => requestAnimationFrame(() => setTimeout(drawn)))")


def wait_until_in_view(page: Page, selector: str) -> None:
    """Wait until an element's top is in the viewport, as where an address leads to a part."""
    box = f"document.querySelector({selector!r}).getBoundingClientRect()"
    wait_until(page, f"{box}.top >= 0 && {box}.top < innerHeight")


def check_outline(page: Page) -> None:
    """Check that who goes by keyboard sees where: what has the focus is outlined, and uncovered."""
    style = page.locator(":focus").evaluate(
        "stop => { const style = getComputedStyle(stop), box = stop.getBoundingClientRect();"
        " return [style.outlineStyle, parseFloat(style.outlineWidth), style.outlineColor,"
        " box.width * box.height]; }"
    )
    told = page.locator(":focus").evaluate("stop => stop.outerHTML")
    kind, width, colour, area = style
    assert kind == "solid", told
    assert width >= 2, told
    assert not colour.endswith(", 0)"), f"nobody sees {colour}: {told}"
    assert area > 0, told


def read_texts(page: Page, selector: str) -> list[str]:
    texts: list[str] = page.eval_on_selector_all(
        selector, "elements => elements.map(element => element.textContent)"
    )
    return texts

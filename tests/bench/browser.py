"""Measure how soon the first answer is seen in a browser, by the page's own marks.

    python -m tests.bench.browser

Real Chromium asks a running server of the embedded library, once for each question of a few; on
this machine the first quote should be there in under a second.
"""

import os
import statistics
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from massilia.service.settings import Settings
from tests.bench.embedded import open_embedded_library
from tests.running_server import run_server

CHROMIUM = Path("/usr/bin/chromium")
QUESTIONS = (
    "Qui a fondé P.Factory ?",
    "Combien de câbles sous-marins arrivent à Marseille ?",
    "Quand le câble 2Africa est-il arrivé à Marseille ?",
    "Combien de startups P.Factory a-t-il accompagnées ?",
    "Qui dirige Provence Promotion ?",
)
ROUNDS = 5


def main() -> None:
    """Ask from the first page, and in an address of its own, and print what it took."""
    with open_embedded_library():
        pass  # what is only done the first time is done now
    library = Settings.read({}).library
    with run_server(library, os.environ) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(base_url=server.address)
        asked = [_ask(page, question) for _ in range(ROUNDS) for question in QUESTIONS]
        opened = [_open(page, question) for _ in range(ROUNDS) for question in QUESTIONS]
        browser.close()
    _print("from Enter to the first quote, in the page", asked)
    _print("from the address to the first paint, without asking in the page", opened)


def _ask(page: Page, question: str) -> float:
    page.goto("/fr/")
    page.locator("#question").fill(question)
    page.keyboard.press("Enter")
    page.locator(".turn .quote-text, .turn .abstention").first.wait_for()
    measured: float = page.evaluate(
        "() => { const [ask] = performance.getEntriesByName('massilia-ask');"
        " const [quote] = performance.getEntriesByName('massilia-quote');"
        " return (quote ? quote.startTime : performance.now()) - ask.startTime; }"
    )
    return measured


def _open(page: Page, question: str) -> float:
    page.goto(f"/fr/?q={question}", wait_until="load")
    page.wait_for_timeout(100)
    measured: float = page.evaluate(
        "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"
    )
    return measured


def _print(what: str, milliseconds: Sequence[float]) -> None:
    ordered = sorted(milliseconds)
    print(
        f"{what}: median {statistics.median(ordered):.0f} ms, "
        f"largest {ordered[-1]:.0f} ms of {len(ordered)}"
    )


if __name__ == "__main__":
    main()

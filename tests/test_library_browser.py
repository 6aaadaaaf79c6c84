"""The library, the reader, the map and the pages about Massilia in a real browser.

`massilia serve` runs as a process, with the embedded corpus and the real model.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import copytree

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from massilia.corpus.article import Article, Language
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.ingest.document import Document, Reading
from massilia.ingest.job import Job
from massilia.ingest.reader import read_job
from tests.chromium import (
    check_outline,
    needs_chromium,
    open_browser,
    read_texts,
    wait_until_drawn,
    wait_until_in_view,
    watch_page,
)
from tests.running_server import make_environment, run_server
from tests.web_server import WebServer, reply

QUOTE = "Le quai de la Lave accueille un chantier naval, dit «\u00a0oui\u00a0» & reste ouvert."
FILLER = "Rien à citer dans cette phrase. " * 40
TEXT = f"{FILLER}\n\n{QUOTE}\n\n{FILLER}"
MARKED = f"?start={TEXT.index(QUOTE)}&end={TEXT.index(QUOTE) + len(QUOTE)}#quote"
PAGES = (
    "articles",
    "articles?q=c%C3%A2ble+orange&in=fr",
    "articles?q=zeppelin+quagga",
    "articles?topic=2africa&year=2022&sort=newest",
    "articles?from=x",
    "articles/cable-2africa-fr",
    f"articles/chantier{MARKED}",
    "articles/own-page/original?start=0&end=30#part",
    "map",
    "about",
    "docs",
    "quality",
    "nothing",
)
"""Every kind of page but the conversation."""

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def publisher() -> Iterator[WebServer]:
    """Serve the page that an article of the library came from."""
    body = "".join(f"<p>{part * 4}</p>" for part in (FILLER, *["Publicité. " * 200] * 4))
    body += f"<p>{QUOTE.replace('&', '&amp;')}</p>{body}"
    html = f'<!doctype html><html lang="fr"><meta charset="utf-8"><title>Quai</title>{body}'
    page = reply(html.encode(), Content_Type="text/html; charset=utf-8")
    with WebServer({"/quai": page, "/favicon.ico": reply(b"")}) as server:
        yield server


@pytest.fixture(scope="module")
def address(
    tmp_path_factory: pytest.TempPathFactory,
    corpus_path: Path,
    encoder: Encoder,
    model_cache: Path,
    publisher: WebServer,
) -> Iterator[str]:
    """Serve the corpus, an article with a publisher's page and one with an original."""
    folder = tmp_path_factory.mktemp("served")
    copytree(corpus_path, folder / "library")
    library = Library.open(folder / "library")
    library.put([Document(_make_article(publisher.url("/quai")), "chantier.md")])
    page = folder / "own-page.html"
    page.write_text(
        '<!doctype html><html lang="fr"><title>Une page</title><article><h1>Une page</h1>'
        "<p>La médiathèque de l'Alcazar a ouvert ses portes en 2004, dit la ville.</p>"
        "<p>Le quai, long de 400 mètres, date de 1666, et sert encore aux voiliers.</p></article>",
        encoding="utf-8",
    )
    reading = read_job(Job(str(page), True, date(2026, 11, 28), path=page))
    assert isinstance(reading, Reading)
    library.put_readings([reading])
    library.build(encoder)
    library.close()
    home = tmp_path_factory.mktemp("home")
    with run_server(folder / "library", make_environment(home, model_cache)) as server:
        yield server.address


def _make_article(url: str) -> Article:
    return Article("chantier", Language.FRENCH, "Le chantier du quai", TEXT, "chantier.md", url=url)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, address: str, publisher: WebServer) -> Iterator[Page]:
    """Open a page that fails the test on any complaint of the browser and any foreign request."""
    context = browser.new_context(
        base_url=address, viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
    )
    page = context.new_page()
    complaints: list[str] = []
    watch_page(page, complaints, address, publisher.url())
    yield page
    context.close()
    assert complaints == []


def test_a_reader_searches_by_keyboard_and_reads_the_marked_sentence(page: Page) -> None:
    page.goto("/fr/articles")
    page.get_by_label("Chercher dans les articles").focus()
    page.keyboard.type("capacité de conception de 2Africa")
    page.keyboard.press("Enter")
    page.wait_for_url("**/fr/articles?q=*")
    assert page.locator("h2").first.text_content() in ("1 article", "2 articles", "3 articles")
    excerpt = page.locator(".excerpt a").first
    sentence = excerpt.text_content()
    assert {"2Africa", "capacité", "conception"} <= set(read_texts(page, ".excerpt mark"))
    excerpt.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/articles/*?start=*#quote")
    assert "".join(read_texts(page, "mark")) == sentence
    wait_until_in_view(page, "#quote")


@pytest.mark.parametrize("scripts", [True, False])
def test_conditions_are_chosen_sorted_and_taken_back(
    browser: Browser, address: str, *, scripts: bool
) -> None:
    context = browser.new_context(base_url=address, java_script_enabled=scripts)
    page = context.new_page()
    page.goto("/en/articles")
    page.locator("[aria-labelledby=facet-language] a", has_text="French").click()
    page.wait_for_url("**in=fr*")
    count = int(page.locator(".facets a[aria-current] .figure").text_content() or "0")
    page.locator(".facets").get_by_role("link", name="Digital Realty").click()
    page.wait_for_url("**topic=digital+realty*")
    assert "in=fr" in page.url
    narrowed = int((page.locator("#found").text_content() or "").split(" ")[0])
    assert 0 < narrowed < count
    assert len(page.locator(".entries > li").all()) == narrowed
    page.get_by_label("Sort by").select_option("oldest")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**sort=oldest*")
    assert "topic=digital+realty" in page.url
    page.get_by_role("link", name="Remove the condition “articles in French”").click()
    page.wait_for_url(lambda url: "in=fr" not in url)
    assert "sort=oldest" in page.url
    context.close()


def test_pages_of_the_list_follow_each_other(page: Page) -> None:
    page.goto("/fr/articles")
    first = read_texts(page, ".entries h3")
    page.get_by_role("link", name="Suivante").click()
    page.wait_for_url("**page=2")
    second = read_texts(page, ".entries h3")
    assert len(first) == len(second) == 20
    assert not set(first) & set(second)
    assert page.locator(".pager a[aria-current=page]").text_content() == "2"


def test_the_other_language_keeps_the_selection(page: Page) -> None:
    page.goto("/fr/articles?q=câble&topic=2africa")
    found = page.locator("#found").text_content()
    page.get_by_role("link", name="Cette page en anglais").click()
    page.wait_for_url("**/en/articles?q=*topic=2africa")
    assert page.get_by_label("Search the articles").input_value() == "câble"
    assert page.locator("#found").text_content() == found


def test_the_publisher_s_page_opens_at_the_quote(page: Page, publisher: WebServer) -> None:
    page.goto(f"/fr/articles/chantier{MARKED}")
    assert "".join(read_texts(page, "mark")) == QUOTE
    page.get_by_role("link", name="Lire le passage sur la page d’origine").click()
    page.wait_for_url(publisher.url("/quai*"))
    page.wait_for_function("scrollY > 0")
    box = page.get_by_text("Le quai de la Lave").bounding_box()
    assert box is not None
    assert 0 < box["y"] < 800


def test_an_answer_s_card_leads_to_the_publisher_s_page_at_the_quote(
    page: Page, publisher: WebServer
) -> None:
    page.goto("/fr/?q=Que+dit+le+quai+de+la+Lave+?&article=chantier")
    links = [
        link
        for link in page.eval_on_selector_all("main a", "links => links.map(link => link.href)")
        if link.startswith(publisher.url("/quai"))
    ]
    assert links
    assert all("#:~:text=" in link for link in links)


def test_the_map_leads_to_articles_by_mouse_and_by_keyboard(page: Page) -> None:
    page.goto("/fr/map")
    dot = page.locator(".dots a").first
    shown = dot.locator("title").text_content() or ""
    dot.locator("circle").last.click()
    page.wait_for_url("**/fr/articles?topic=*&year=*")
    assert page.locator(".entries > li").count() >= 1
    year = shown.split(", ")[1].split("\u00a0")[0].split(" ")[0]
    assert f"à propos de {year}" in (page.locator(".chips-list").text_content() or "")
    page.goto("/fr/map")
    page.locator(".topic").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/fr/articles?topic=*")
    page.goto("/fr/map")
    page.get_by_text("Les mêmes chiffres en tableau").focus()
    page.keyboard.press("Enter")
    assert page.locator("table").is_visible()
    page.locator("td a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**&year=*")


def test_the_address_of_a_problem_opens_the_reference_at_it(page: Page) -> None:
    page.goto("/docs#problem-no-article")
    assert page.url.endswith("/docs#problem-no-article")
    wait_until_in_view(page, "#problem-no-article")


def test_the_original_shows_the_part_that_was_read(page: Page) -> None:
    page.goto("/en/articles/own-page/original?start=0&end=30#part")
    marked = page.locator("#part").text_content() or ""
    assert "Une page" in marked or "médiathèque" in marked
    assert "voiliers" not in marked, "no more than was asked for"
    assert "voiliers" in (page.locator("main").text_content() or "")


@pytest.mark.parametrize("path", ["articles?q=medusa&in=fr", f"articles/chantier{MARKED}", "map"])
def test_every_stop_of_the_keyboard_is_seen(page: Page, path: str) -> None:
    page.goto(f"/fr/{path}")
    wait_until_drawn(page)
    seen = 0
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if not focused.count():
            if seen:
                break
            # Chromium takes the focus away as it first draws a page with a fragment.
            continue
        check_outline(page)
        seen += 1
    assert seen >= 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 768, 1280])
def test_no_page_is_wider_than_the_screen(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for language in Language:
        for path in PAGES:
            page.goto(f"/{language}/{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            assert page.evaluate("document.documentElement.lang") == language
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 26, 35)"
    assert dark == (scheme == "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", Language)
def test_no_page_has_an_accessibility_violation(page: Page, language: str, scheme: str) -> None:
    """By axe-core, with every details open: what is folded away must be right too."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for path in PAGES:
        page.goto(f"/{language}/{path}")
        page.eval_on_selector_all("details", "all => all.forEach(each => { each.open = true; })")
        results = Axe().run(page)
        assert results.violations_count == 0, f"{path}\n{results.generate_report()}"


def test_structured_data_is_no_script_to_the_browser(page: Page) -> None:
    """The policy lets no inline script run; a block of data is none, and stands as it was sent."""
    response = page.goto(f"/fr/articles/chantier{MARKED}")
    assert response is not None
    assert "unsafe-inline" not in response.headers["content-security-policy"]
    quoted = page.evaluate(
        "JSON.parse(document.querySelector('script[type=\"application/ld+json\"]').textContent)"
        "['@graph'][1].text"
    )
    assert quoted == QUOTE

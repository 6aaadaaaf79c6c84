"""The pages in a real browser: what a reader sees, selects, scrolls to and reaches by keyboard."""

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route

from massilia.corpus.article import Article, Heading, Language, Source, SourceMark
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answer import Answer, Bucket, Confidence, Quote, SkippedReason, Timings
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.composition import cite
from massilia.service.messages import load_messages
from massilia.service.question import Question
from tests.chromium import (
    check_outline,
    needs_chromium,
    open_browser,
    read_texts,
    wait_until_drawn,
    wait_until_in_view,
    watch_page,
)

pytestmark = needs_chromium

FILLER = "\n\n".join(f"Paragraphe {number}. " + "Rien à citer ici. " * 12 for number in range(20))
QUOTED = (
    "Le câble 𝄞 d'Orange  arrive\nle 8 octobre. Il pèse « 10 000 t » & <b>plus</b>.\n\nEt puis ?"
)
ARTICLE = Article(
    id="port",
    language=Language.FRENCH,
    title="Le port",
    text=f"{FILLER}\n\nLa suite\n\nAvant. {QUOTED} Après.\n\n{FILLER}",
    origin="port.md",
    publisher="Le Quai",
    url="https://example.org/port",
    sources=(Source("s", "Une source " + "très" * 40, url="https://example.org/" + "long" * 60),),
    marks=(SourceMark(len(FILLER) + 2 + 8 + 2 + 7 + QUOTED.index(" Il"), "s"),),
    headings=(Heading(2, len(FILLER) + 2, len(FILLER) + 10),),
)
PATHS = (
    "",
    "?q=câble",
    "articles",
    "articles/port",
    "map",
    "about",
    "docs",
    "quality",
    "nothing",
)
"""Every kind of page."""
BACKGROUND = "getComputedStyle(document.body).backgroundColor"
LIGHT, DARK = "rgb(247, 241, 229)", "rgb(13, 26, 35)"
BARS = """
[...document.querySelectorAll("meta[name=theme-color]")]
  .filter(each => matchMedia(each.media).matches).map(each => each.content)
"""


class OneQuoteAnswerer(Answerer):
    """Answer what speaks of a cable with the one quote there is."""

    def __init__(self, library: Library) -> None:
        self.library = library

    def answer_parts(self, question: Question, top_k: int = 3) -> Iterator[Answer]:
        yield self.answer(question, top_k)

    def answer(self, question: Question, top_k: int = 3) -> Answer:
        start = ARTICLE.text.index(QUOTED)
        citation = cite(ARTICLE, start, start + len(QUOTED), "c1")
        known = "câble" in question.text
        return Answer(
            id="ans_1",
            question=question,
            quotes=(Quote(citation.cited_text, 0.9, citation),) if known else (),
            confidence=Confidence(0.9, Bucket.VERY_HIGH),
            skipped_reasons=() if known else (SkippedReason.NO_RELEVANT_CONTENT,),
            ranked_article_ids=("port",),
            generation_id=None,
            timings=Timings(0, 0, 0, 0),
        )


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a library of one article, and give the address."""
    library = Library.create(tmp_path_factory.mktemp("library"))
    library.put([Document(ARTICLE, "port.md")])
    app = create_app(OneQuoteAnswerer(library))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
    library.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """Open a page that fails the test on any complaint of the browser and any foreign request."""
    context = browser.new_context(
        base_url=address, viewport={"width": 1280, "height": 800}, reduced_motion="reduce"
    )
    page = context.new_page()
    complaints: list[str] = []
    watch_page(page, complaints, address)
    yield page
    context.close()
    assert complaints == []


def test_a_reader_asks_by_keyboard_and_follows_the_quote_into_its_article(page: Page) -> None:
    page.goto("/fr/")
    page.get_by_label("Votre question").focus()
    page.keyboard.type("Quel câble ?")
    page.keyboard.press("Enter")
    page.wait_for_url("**/fr/?q=Quel+c%C3%A2ble+%3F")
    assert read_texts(page, ".quote-text") == [QUOTED]
    page.get_by_role("link", name="Le port").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/fr/articles/port?start=*#quote")
    marks = read_texts(page, "mark")
    assert "".join(marks) == QUOTED.replace("\n\n", "")
    wait_until_in_view(page, "#quote")
    assert page.evaluate("scrollY") > 800


def test_the_quotation_marks_stand_outside_the_quoted_text(page: Page) -> None:
    page.goto("/en/?q=câble")
    before, after = (
        page.eval_on_selector(".quote-text", f"text => getComputedStyle(text, '{side}').content")
        for side in ("::before", "::after")
    )
    assert (before, after) == ('"«\u00a0"', '"\u00a0»"'), "those of the quote's language"
    assert read_texts(page, ".quote-text") == [QUOTED]


def test_what_a_reader_selects_has_no_source_numbers_in_it(page: Page) -> None:
    page.goto("/fr/articles/port")
    number = page.locator("sup.source-marks")
    assert number.text_content() == "1"
    selected = number.evaluate(
        "number => { getSelection().selectAllChildren(number.parentNode);"
        " return getSelection().toString(); }"
    )
    assert "octobre. Il pèse" in selected.replace("\n", " ")
    assert "1 Il" not in selected


def test_a_source_number_leads_to_its_source(page: Page) -> None:
    page.goto("/fr/articles/port")
    page.get_by_role("link", name="Source 1").click()
    page.wait_for_url("**#source-1")
    wait_until_in_view(page, "#source-1")


def test_the_first_stop_of_the_keyboard_skips_to_the_answer(page: Page) -> None:
    page.goto("/fr/?q=câble")
    wait_until_drawn(page)
    page.keyboard.press("Tab")
    skip = page.locator(":focus")
    assert skip.text_content() == "Aller à la réponse"
    box = skip.bounding_box()
    assert box is not None
    assert box["y"] >= 0, "it shows itself when it is reached"
    page.keyboard.press("Enter")
    page.locator("main:focus").wait_for()
    page.keyboard.press("Tab")
    assert page.locator(":focus").text_content() == "Le port"


def test_every_stop_of_the_keyboard_is_seen(page: Page) -> None:
    page.goto("/fr/?q=câble")
    stops = page.locator(":is(a, summary, input, button):visible").count()
    wait_until_drawn(page)
    for _ in range(stops):
        page.keyboard.press("Tab")
        check_outline(page)


def test_the_other_language_keeps_the_question(page: Page) -> None:
    page.goto("/fr/?q=un+câble+%26+%22deux%22")
    page.get_by_role("link", name="Cette page en anglais").click()
    page.wait_for_url("**/en/?q=*")
    assert page.get_by_label("Your question").input_value() == 'un câble & "deux"'
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_browsers_language_opens_the_first_page(browser: Browser, address: str) -> None:
    for locale, language in (("en-GB", "en"), ("fr-FR", "fr"), ("de-DE", "fr")):
        context = browser.new_context(locale=locale)
        page = context.new_page()
        page.goto(address)
        assert page.url == f"{address}/{language}/"
        context.close()


def test_a_blank_question_is_told_above_the_form(page: Page) -> None:
    page.goto("/fr/")
    page.get_by_label("Votre question").fill("   ")
    page.get_by_role("button", name="Chercher").click()
    alert = page.get_by_role("alert")
    assert alert.text_content() == "Il manque la question\u00a0: écrivez-la ci-dessous."
    shown, field = alert.bounding_box(), page.get_by_label("Votre question").bounding_box()
    assert shown is not None
    assert field is not None
    assert shown["y"] < field["y"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_no_page_is_wider_than_the_screen(page: Page, width: int, scheme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for path in (
        "/fr/",
        "/en/?q=câble",
        "/fr/?q=" + "w" * 300,
        "/en/?q=%20",
        "/fr/articles",
        "/en/articles/port#quote",
        "/fr/nothing",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 26, 35)"
    assert dark == (scheme == "dark")


def test_lines_of_an_article_are_short_enough_to_read(page: Page) -> None:
    """About 68 characters: a line of 80 would be one too long to find the next one from."""
    page.goto("/fr/articles/port")
    box = page.locator(".article-text p").first.bounding_box()
    zero = page.locator(".article-text").evaluate(
        "text => { const context = document.createElement('canvas').getContext('2d');"
        " context.font = getComputedStyle(text).font; return context.measureText('0').width; }"
    )
    assert box is not None
    assert box["width"] / zero <= 70


def test_printing_leaves_the_text_and_drops_the_controls(page: Page) -> None:
    page.goto("/fr/?q=câble")
    page.emulate_media(media="print")
    assert page.locator(".quote-text").is_visible()
    assert page.locator("h1").is_visible()
    assert not page.locator("form").first.is_visible()
    assert not page.locator("nav").is_visible()


def choose_theme(page: Page, theme: str) -> None:
    page.locator(".theme summary").click()
    page.locator(f".theme [value={theme}]").check()
    page.locator(".theme summary").click()


@pytest.mark.parametrize("language", Language)
def test_a_theme_is_chosen_by_keyboard_and_its_state_is_told(page: Page, language: str) -> None:
    texts = load_messages(Language(language))
    page.emulate_media(color_scheme="light")
    page.goto(f"/{language}/")
    summary = page.locator(".theme summary")
    group = page.get_by_role("group", name=texts.text("theme.heading"))
    assert summary.text_content() == texts.text("theme.heading")
    assert not group.is_visible()
    summary.focus()
    page.keyboard.press("Enter")
    assert group.is_visible()
    page.keyboard.press("Tab")
    for theme, background, bar in (
        ("system", LIGHT, "#0c3c55"),
        ("light", LIGHT, "#0c3c55"),
        ("dark", DARK, "#0a2c40"),
    ):
        radio = page.get_by_role("radio", name=texts.text(f"theme.{theme}"), exact=True)
        assert radio.is_checked()
        assert page.evaluate("document.activeElement.value") == theme
        assert page.get_by_role("radio", checked=True).count() == 1
        assert page.evaluate(BACKGROUND) == background
        assert page.evaluate(BARS) == [bar], "the browser's own bar goes with it"
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    assert not group.is_visible()
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"


@pytest.mark.parametrize(("system", "chosen"), [("light", "dark"), ("dark", "light")])
def test_a_chosen_theme_is_kept_on_every_page_and_in_every_tab(
    page: Page, system: str, chosen: str
) -> None:
    backgrounds = {"light": LIGHT, "dark": DARK}
    page.emulate_media(color_scheme="dark" if system == "dark" else "light")
    page.goto("/fr/")
    assert page.evaluate(BACKGROUND) == backgrounds[system]
    choose_theme(page, chosen)
    for language in Language:
        for path in PATHS:
            page.goto(f"/{language}/{path}")
            assert page.evaluate(BACKGROUND) == backgrounds[chosen], path
            assert page.locator(f".theme [value={chosen}]").is_checked()
    other = page.context.new_page()
    other.goto(page.url)
    choose_theme(other, "system")
    page.locator(".theme [value=system]:checked").wait_for(state="attached")
    assert page.evaluate(BACKGROUND) == backgrounds[system]
    page.emulate_media(color_scheme="dark" if chosen == "dark" else "light")
    assert page.evaluate(BACKGROUND) == backgrounds[chosen], "that of the system, as it changes"
    assert not page.evaluate("'massilia.theme' in localStorage"), "there is nothing to keep"
    assert page.context.cookies() == []


def test_no_page_is_drawn_in_another_theme_first(page: Page) -> None:
    """Whatever the speed of the network: each frame is looked at, from the first on."""
    page.emulate_media(color_scheme="light")
    page.goto("/fr/")
    choose_theme(page, "dark")
    page.add_init_script(
        "window.drawn = []; (function look() {"
        f" if (document.body) drawn.push({BACKGROUND}); requestAnimationFrame(look); }})();"
    )

    def delay(route: Route) -> None:
        time.sleep(0.4)
        route.continue_()

    page.route("**/theme.js", delay)
    for path in ("/fr/", "/fr/articles", "/en/docs"):
        page.goto(path)
        for _ in range(100):
            if page.evaluate("drawn.length") > 2:
                break
            page.wait_for_timeout(20)
        assert set(page.evaluate("drawn")) == {DARK}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_scripts_the_theme_is_that_of_the_system_and_no_switch_is_shown(
    browser: Browser, address: str, scheme: str
) -> None:
    context = browser.new_context(
        base_url=address,
        java_script_enabled=False,
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    for path in PATHS:
        page.goto(f"/fr/{path}")
        assert page.evaluate(BACKGROUND) == (DARK if scheme == "dark" else LIGHT)
        assert not page.locator(".theme").is_visible()
        assert not page.locator(".theme :visible").count()
    context.close()


def test_where_nothing_can_be_kept_no_switch_is_shown(page: Page) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage',"
        " { get() { throw new DOMException('refused', 'SecurityError'); } });"
    )
    page.emulate_media(color_scheme="dark")
    page.goto("/fr/articles")
    assert page.evaluate(BACKGROUND) == DARK
    assert not page.locator(".theme").is_visible()


def test_what_is_kept_of_a_theme_may_be_anything(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("/fr/")
    for kept in ("", "blue", "system", "]*"):
        page.evaluate("kept => { localStorage['massilia.theme'] = kept; }", kept)
        page.goto("/fr/")
        assert page.evaluate(BACKGROUND) == LIGHT
        assert page.locator(".theme [value=system]").is_checked()


def test_the_open_switch_is_within_the_screen_and_closes_when_it_is_left(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 800})
    for path in PATHS:
        page.goto(f"/fr/{path}")
        page.locator(".theme summary").click()
        choices = page.locator(".theme fieldset")
        box = choices.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320
        page.locator("h1").first.click(position={"x": 1, "y": 1})
        assert not choices.is_visible()
    page.locator(".theme summary").focus()
    page.keyboard.press("Enter")
    assert choices.is_visible()
    page.keyboard.press("Tab")
    assert choices.is_visible()
    page.keyboard.press("Tab")
    assert not choices.is_visible()


def test_fields_are_outlined_in_the_colour_of_the_page(page: Page) -> None:
    """They are light in both themes; on a dark page the outline of a light one would be lost."""
    page.goto("/fr/articles")
    choose_theme(page, "dark")
    field = page.get_by_label("Chercher dans les articles")
    field.focus()
    page.keyboard.type("c")
    style = (
        "field => { const s = getComputedStyle(field); return [s.outlineColor, s.borderColor]; }"
    )
    assert field.evaluate(style) == ["rgb(242, 168, 115)", "rgb(109, 133, 147)"]


def test_what_is_printed_is_light_in_every_theme(page: Page) -> None:
    page.goto("/fr/?q=câble")
    choose_theme(page, "dark")
    page.emulate_media(media="print")
    assert page.evaluate(BACKGROUND) == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
    assert not page.locator(".theme").is_visible()


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("system", "chosen"), [("light", "dark"), ("dark", "light")])
def test_axe_finds_no_fault_in_a_chosen_theme(
    page: Page, language: str, system: str, chosen: str
) -> None:
    page.emulate_media(color_scheme="dark" if system == "dark" else "light")
    page.goto(f"/{language}/")
    choose_theme(page, chosen)
    for path in PATHS:
        page.goto(f"/{language}/{path}")
        page.locator(".theme summary").click()
        results = Axe().run(page)
        assert results.violations_count == 0, f"{path}\n{results.generate_report()}"

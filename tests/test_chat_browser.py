"""The conversation in a real browser, with the real model: with the script and without it."""

import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Response,
    Route,
)

from massilia.corpus.article import Language
from massilia.service.messages import Messages, load_messages
from tests.chromium import (
    needs_chromium,
    open_browser,
    read_texts,
    wait_until,
    wait_until_in_view,
    watch_page,
)
from tests.running_server import RunningServer, make_environment, run_server

FOUNDERS = {"fr": "Qui a fondé P.Factory ?", "en": "Who founded P.Factory?"}
WHEN = {"fr": "Et quand ?", "en": "And when?"}
CABLES = {
    "fr": "Combien de câbles sous-marins arrivent à Marseille ?",
    "en": "How many submarine cables reach Marseille?",
}
BREAD = {"fr": "Quel est le prix du pain à Lyon ?", "en": "What does bread cost in Lyon?"}
QUOTED = {
    "fr": "Patrick Siri et Bertrand Bigay ont fondé l'accélérateur P.Factory en 2014.",
    "en": "Patrick Siri and Bertrand Bigay founded the P.Factory accelerator in 2014.",
}
MOST_BYTES = 150_000
LANGUAGES = [str(language) for language in Language]

pytestmark = needs_chromium

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, corpus_path: Path, model_cache: Path
) -> Iterator[tuple[RunningServer, Path]]:
    """Serve the embedded corpus, and give the server and its library."""
    library = tmp_path_factory.mktemp("served") / "library"
    shutil.copytree(corpus_path, library)
    environment = make_environment(tmp_path_factory.mktemp("home"), model_cache)
    with run_server(library, environment | {"MASSILIA_FEEDBACK": "1"}) as server:
        yield server, library


@pytest.fixture(scope="module")
def address(served: tuple[RunningServer, Path]) -> str:
    return served[0].address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """Open pages that fail the test on any complaint of the browser and any foreign request."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_page(
        path: str, *, javascript: bool = True, scheme: str = "light", width: int = 1280
    ) -> Page:
        context = browser.new_context(
            base_url=address,
            viewport={"width": width, "height": 800},
            reduced_motion="reduce",
            color_scheme="dark" if scheme == "dark" else "light",
            java_script_enabled=javascript,
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        page = context.new_page()
        watch_page(page, complaints, address)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def load_texts(language: str) -> Messages:
    return load_messages(Language(language))


def ask(page: Page, question: str) -> None:
    """Ask in the field that there is, and wait until the answer is complete."""
    following = page.locator(".composer form").is_visible()
    field = page.locator(".composer input[name=q]" if following else ".welcome input[name=q]")
    before = page.url
    field.fill(question)
    field.press("Enter")
    page.wait_for_url(lambda url: url != before)


BOTH = pytest.mark.parametrize(
    ("language", "javascript"),
    list(product(LANGUAGES, [True, False])),
    ids=lambda value: {True: "script", False: "no script"}.get(value, str(value)),
)


@BOTH
def test_a_question_is_answered_and_its_quote_is_marked_in_its_article(
    open_page: Open, language: str, javascript: bool
) -> None:
    page = open_page(f"/{language}/", javascript=javascript)
    ask(page, FOUNDERS[language])
    assert page.locator(".turn .asked").text_content() == FOUNDERS[language]
    quoted = page.locator(".turn .quote-text").first.text_content()
    assert quoted == QUOTED[language]
    assert page.locator(".quote mark").text_content() in quoted
    assert page.title() == f"{FOUNDERS[language]} | Massilia"
    page.locator(".quote .title a").first.click()
    page.wait_for_url(f"**/{language}/articles/*#quote")
    assert "".join(read_texts(page, "mark")) == quoted
    wait_until_in_view(page, "#quote")


@BOTH
def test_a_question_follows_another(open_page: Open, language: str, javascript: bool) -> None:
    page = open_page(f"/{language}/", javascript=javascript)
    ask(page, FOUNDERS[language])
    ask(page, WHEN[language])
    assert "h=" in page.url
    assert page.locator(".asked").last.text_content() == WHEN[language]
    assert "P.Factory" in (page.locator(".understood").text_content() or "")
    earlier = ".turn .asked" if javascript else ".thread li"
    assert FOUNDERS[language] in read_texts(page, earlier)
    ids = page.eval_on_selector_all("[id]", "each => each.map(one => one.id)")
    assert len(ids) == len(set(ids))
    # What was carried over can be taken off again.
    page.locator(".turn .chip a").last.click()
    page.wait_for_url(lambda url: "h=" not in url)
    assert not page.locator(".understood:visible").count()


@BOTH
def test_an_abstention_says_so_and_what_can_be_done(
    open_page: Open, language: str, javascript: bool
) -> None:
    page = open_page(f"/{language}/", javascript=javascript)
    ask(page, BREAD[language])
    texts = load_texts(language)
    assert texts.text("abstention.heading") in read_texts(page, ".abstention :is(h2, h3)")
    assert page.locator(".abstention").is_visible()
    assert page.locator(".advice a").first.is_visible()
    assert not page.locator(".quote:not(.near)").count()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_other_language_keeps_the_question_that_was_asked_last(
    open_page: Open, language: str
) -> None:
    page = open_page(f"/{language}/")
    ask(page, FOUNDERS[language])
    ask(page, WHEN[language])
    page.locator("a.switch").click()
    page.wait_for_url(lambda url: f"/{language}/" not in url)
    assert page.locator("h1").text_content() == WHEN[language]
    assert page.locator(".thread li").text_content() == FOUNDERS[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_conversation_is_led_by_keyboard_alone(open_page: Open, language: str) -> None:
    page = open_page(f"/{language}/")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "q":
            break
    page.keyboard.type(FOUNDERS[language])
    page.keyboard.press("Enter")
    page.wait_for_url("**?q=*")
    assert page.evaluate("document.activeElement.className") == "asked", "where the answer begins"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.quote') !== null")
    page.locator(".composer input[name=q]").focus()
    page.keyboard.type(WHEN[language])
    page.keyboard.press("Enter")
    page.wait_for_url("**h=*")
    assert page.evaluate("document.activeElement.name") == "q", "the next can be typed at once"
    assert page.evaluate("document.activeElement.value") == ""
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.closest('.turn') !== null")


@pytest.mark.parametrize("width", [390, 1280])
def test_no_stop_of_the_keyboard_is_covered_by_the_next_question(
    open_page: Open, width: int
) -> None:
    page = open_page(f"/fr/?q={CABLES['fr']}", width=width)
    page.locator(".asked").focus()
    seen = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        inside, bottom, top = page.evaluate(
            "[document.activeElement.closest('.turn') !== null,"
            " document.activeElement.getBoundingClientRect().bottom,"
            " document.querySelector('.composer').getBoundingClientRect().top]"
        )
        if not inside:
            break
        assert bottom <= top, page.evaluate("document.activeElement.outerHTML")
        seen += 1
    assert seen >= 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_screen_reader_is_told_once_at_the_start_and_once_at_the_end(
    open_page: Open, language: str
) -> None:
    page = open_page(f"/{language}/")
    page.evaluate(
        "() => { window.said = []; const told = document.getElementById('announcer');"
        " new MutationObserver(() => window.said.push(told.textContent))"
        ".observe(told, { childList: true }); }"
    )
    ask(page, FOUNDERS[language])
    wait_until(page, "window.said.length > 1")
    texts = load_texts(language)
    found = page.locator(".quote").count()
    assert page.evaluate("window.said") == [
        texts.text("turn.asking"),
        texts.text("answer.found", count=found),
    ]
    assert page.locator("[aria-live], [role=status]").count() == 1
    assert not page.locator(".turn[aria-busy=true]").count()


def stall(route: Route) -> None:
    """Never answer, as a server that hangs."""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_search_can_be_stopped_and_taken_up_again(open_page: Open, language: str) -> None:
    page = open_page(f"/{language}/?q={FOUNDERS[language]}")
    before = page.url
    page.route("**/turns/**", stall)
    page.locator(".composer input[name=q]").fill(WHEN[language])
    page.keyboard.press("Enter")
    with page.expect_event("requestfailed") as ended:
        page.locator(".stop").click()
    assert "/turns/" in ended.value.url, "the server is told, and need not go on"
    texts = load_texts(language)
    assert page.locator(".turn .failure p").text_content() == texts.text("turn.stopped")
    assert page.url == before, "what wasn't answered has no address"
    page.unroute("**/turns/**")
    page.locator(".retry").click()
    page.wait_for_url("**h=*")
    assert page.locator(".turn").count() == 2
    assert not page.locator(".failure").count()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_server_that_is_gone_is_told_of_and_asked_again(open_page: Open, language: str) -> None:
    page = open_page(f"/{language}/")
    page.route("**/turns/**", lambda route: route.abort())
    page.locator("#question").fill(FOUNDERS[language])
    page.keyboard.press("Enter")
    alert = page.get_by_role("alert")
    assert load_texts(language).text("turn.failed") in (alert.text_content() or "")
    page.unroute("**/turns/**")
    page.locator(".retry").click()
    page.wait_for_url("**?q=*")
    assert page.locator(".turn").count() == 1
    assert page.locator(".quote-text").first.text_content() == QUOTED[language]


def test_an_answer_that_breaks_off_is_told_of(open_page: Open) -> None:
    page = open_page("/fr/")
    page.route(
        "**/turns/**",
        lambda route: route.fulfill(
            content_type="text/event-stream",
            body='event: turn\ndata: <article class="turn"><h2 class="asked">x</h2>'
            '<div class="turn-scope"></div></article>\n\nevent: piece\ndata: <p>half',
        ),
    )
    page.locator("#question").fill("Qui ?")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert "half" not in (page.locator(".turn").text_content() or "")


@BOTH
def test_a_question_that_cannot_be_asked_is_told_above_its_field(
    open_page: Open, language: str, javascript: bool
) -> None:
    page = open_page(f"/{language}/", javascript=javascript)
    field = page.locator("#question")
    field.fill("   ")
    field.press("Enter")
    alert = page.get_by_role("alert")
    assert alert.text_content() == load_texts(language).text("question_error.empty")
    shown, below = alert.bounding_box(), field.bounding_box()
    assert shown is not None
    assert below is not None
    assert shown["y"] < below["y"]
    assert field.get_attribute("aria-invalid") == "true"
    field.fill(FOUNDERS[language])
    field.press("Enter")
    page.wait_for_url("**?q=*")
    assert page.locator(".quote-text").first.text_content() == QUOTED[language]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_carried_over_is_taken_off_in_the_page(open_page: Open, language: str) -> None:
    page = open_page(f"/{language}/")
    ask(page, FOUNDERS[language])
    ask(page, WHEN[language])
    before = page.url
    page.evaluate("window.same = true")
    with page.expect_request("**/turns/**") as streamed:
        page.locator(".turn .chip a").click()
    page.wait_for_url(lambda url: url != before)
    assert page.evaluate("window.same"), "it is the same page still"
    assert page.url.partition("?")[2] == streamed.value.url.partition("?")[2]
    assert "h=" not in page.url
    asked = [FOUNDERS[language], WHEN[language]]
    assert read_texts(page, ".turn:not([hidden]) .asked") == asked
    assert not page.locator(".understood:visible").count()
    assert not page.locator(".chip:visible").count()
    assert page.evaluate("document.activeElement.textContent") == WHEN[language]
    assert read_values(page, ".composer [name=h]") == [WHEN[language]], "the next leans on it alone"
    page.locator("button.past").click()
    assert (page.locator(".talk-when").text_content() or "").endswith(" · 2")
    page.keyboard.press("Escape")
    page.go_back()
    page.wait_for_url(before)
    assert read_texts(page, ".turn:not([hidden]) .asked") == asked
    assert page.locator(".chip:visible").count() == 1
    assert read_values(page, ".composer [name=h]") == asked
    page.go_forward()
    page.wait_for_url(lambda url: url != before)
    assert not page.locator(".chip:visible").count()
    ask(page, BREAD[language])
    page.go_back()
    page.go_back()
    page.wait_for_url(before)
    assert page.evaluate("window.same")
    assert read_texts(page, ".turn:not([hidden]) .asked") == asked
    ask(page, CABLES[language])
    assert read_texts(page, ".turn .asked") == [*asked, CABLES[language]], "the other way is gone"
    shown = page.url
    page.reload()
    assert page.url == shown
    assert page.locator("h1").text_content() == CABLES[language]


def read_values(page: Page, selector: str) -> list[str]:
    values: list[str] = page.eval_on_selector_all(selector, "all => all.map(each => each.value)")
    return values


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_that_is_stopped_gives_its_place_back(open_page: Open, language: str) -> None:
    page = open_page(f"/{language}/")
    ask(page, FOUNDERS[language])
    ask(page, WHEN[language])
    before = page.url
    page.route("**/turns/**", stall)
    page.locator(".turn .chip a").click()
    page.locator(".searching").wait_for()
    assert page.locator(".turn:visible").count() == 2
    page.locator(".stop").click()
    assert page.locator(".turn:visible").count() == 3
    assert page.locator(".chip").is_visible(), "what was answered before is there again"
    assert page.locator(".failure p").text_content() == load_texts(language).text("turn.stopped")
    assert page.evaluate("document.activeElement.className") == "retry"
    assert page.url == before
    page.unroute("**/turns/**")
    page.locator(".retry").click()
    page.wait_for_url(lambda url: url != before)
    assert page.locator(".turn:visible").count() == 2
    assert not page.locator(".chip:visible, .failure").count()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_that_a_page_was_made_with_is_replaced_too(
    open_page: Open, language: str
) -> None:
    page = open_page(f"/{language}/?q={WHEN[language]}&h={FOUNDERS[language]}")
    before = page.url
    page.locator(".turn .chip a").click()
    page.wait_for_url(lambda url: url != before)
    assert page.locator(".turn:visible").count() == 1
    assert page.locator("h1:visible").count() == 1
    check_with_axe(page)
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == WHEN[language]
    assert page.locator(".turn:visible").count() == 1
    page.locator("button.past").click()
    assert (page.locator(".talk-when").text_content() or "").endswith(" · 2")
    page.keyboard.press("Escape")
    page.go_back()
    page.go_back()
    page.wait_for_url(before)
    assert page.locator(".chip").is_visible()
    assert page.locator("h1:visible").text_content() == WHEN[language]


def test_a_turn_further_up_keeps_its_place_when_it_is_asked_otherwise(open_page: Open) -> None:
    page = open_page("/fr/")
    for question in (FOUNDERS["fr"], WHEN["fr"], CABLES["fr"]):
        ask(page, question)
    before = page.url
    page.locator(".turn .chip a").click()
    page.wait_for_url(lambda url: url != before)
    asked = [FOUNDERS["fr"], WHEN["fr"], CABLES["fr"], WHEN["fr"]]
    assert read_texts(page, ".turn:not([hidden]) .asked") == asked, "what followed it isn't lost"


def test_conditions_and_dates_are_taken_off_in_the_page(open_page: Open) -> None:
    page = open_page(f"/fr/?q={FOUNDERS['fr']}&in=fr")
    page.evaluate("window.same = true")
    page.locator(".turn .chip a").click()
    page.wait_for_url(lambda url: "in=" not in url)
    assert not page.locator(".chip:visible").count()
    assert not read_values(page, ".composer [name=in]"), "it holds for the next no longer"
    ask(page, "Quelles startups ont été fondées en 2014 ?")
    texts = load_texts("fr")
    page.get_by_role("link", name=texts.text("scope.ignore_dates", count=1)).click()
    page.wait_for_url("**dates=off*")
    page.get_by_role("link", name=texts.text("scope.use_dates")).click()
    page.wait_for_url(lambda url: "dates=" not in url)
    assert page.locator(".turn:visible").count() == 2
    assert page.evaluate("window.same")


@BOTH
def test_a_greeting_is_followed_by_a_question(
    open_page: Open, language: str, javascript: bool
) -> None:
    hello = {"fr": "Bonjour", "en": "Hello"}[language]
    page = open_page(f"/{language}/?q={hello}", javascript=javascript)
    texts = load_texts(language)
    label = page.locator(".composer label")
    assert page.locator(".reply").is_visible()
    assert label.text_content() == texts.text("form.label"), "there is nothing to lean on yet"
    ask(page, FOUNDERS[language])
    assert "h=" not in page.url
    assert page.locator(".quote-text").first.text_content() == QUOTED[language]
    assert label.text_content() == texts.text("conversation.label")
    assert page.locator(".turn").count() == (2 if javascript else 1)
    if javascript:
        page.locator("button.past").click()
        assert read_texts(page, ".talk-title") == [hello]
        page.keyboard.press("Escape")
        page.go_back()
        page.wait_for_url(f"**?q={hello}")
        assert label.text_content() == texts.text("form.label")


def test_a_greeting_in_the_page_is_nothing_to_lean_on(open_page: Open) -> None:
    page = open_page("/fr/")
    ask(page, "Bonjour")
    texts = load_texts("fr")
    assert page.locator(".composer label").text_content() == texts.text("form.label")
    assert page.locator(".composer .hint").text_content() == texts.text("form.hint")
    ask(page, FOUNDERS["fr"])
    assert page.locator(".composer label").text_content() == texts.text("conversation.label")
    assert page.locator(".composer .hint").text_content() == texts.text("conversation.hint")


def test_escape_closes_the_themes_and_stops_no_search(open_page: Open) -> None:
    page = open_page("/fr/")
    page.route("**/turns/**", stall)
    page.locator("#question").fill("Qui ?")
    page.keyboard.press("Enter")
    page.locator(".searching").wait_for()
    page.locator(".theme summary").click()
    page.keyboard.press("Escape")
    assert not page.locator(".theme fieldset").is_visible()
    assert page.locator(".searching").is_visible()
    page.keyboard.press("Escape")
    page.locator(".failure").wait_for()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_without_light_dark_is_light(open_page: Open, scheme: str) -> None:
    def read_colours(page: Page) -> list[list[str]]:
        script = """all => all.map((each) => {
            const style = getComputedStyle(each);
            const its = [style.color, style.backgroundColor, style.backgroundImage];
            return [each.outerHTML.slice(0, 80), style.borderTopColor, ...its];
        })"""
        colours: list[list[str]] = page.locator("body :not(.theme, .theme *)").evaluate_all(script)
        # Those that this page has no use for, too.
        named = """() => {
            const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
            const probe = document.body.appendChild(document.createElement("p"));
            return rules.filter((rule) => rule.selectorText === ":root").flatMap(({ style }) =>
                [...style].filter((name) => name.startsWith("--")).map((name) => {
                    probe.style.color = `var(${name})`;
                    return [name, getComputedStyle(probe).color];
                }));
        }"""
        return colours + page.evaluate(named)

    def forget_light_dark(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, body=response.text().replace("light-dark(", "unknown("))

    page = open_page("/fr/")
    light = read_colours(page)
    old = open_page("/fr/", scheme=scheme)
    old.route("**/static/**", forget_light_dark)
    old.reload()
    assert not old.locator(".theme").is_visible()
    assert ["--alert", "rgb(140, 29, 24)"] in light
    assert read_colours(old) == light


def test_back_and_forward_lead_through_the_conversation(open_page: Open) -> None:
    page = open_page("/fr/")
    ask(page, FOUNDERS["fr"])
    ask(page, WHEN["fr"])
    page.go_back()
    page.wait_for_url(lambda url: "h=" not in url)
    assert page.locator(".turn:visible").count() == 1
    assert page.title() == f"{FOUNDERS['fr']} | Massilia"
    page.go_back()
    page.wait_for_url("**/fr/")
    assert page.locator(".welcome h1").is_visible()
    assert not page.locator(".composer").is_visible()
    page.go_forward()
    page.go_forward()
    page.wait_for_url("**h=*")
    assert page.locator(".turn:visible").count() == 2
    page.go_back()
    ask(page, BREAD["fr"])
    assert read_texts(page, ".turn .asked") == [FOUNDERS["fr"], BREAD["fr"]]
    page.go_back()
    page.go_back()
    page.reload()
    page.go_forward()
    page.wait_for_url(f"**/?q={FOUNDERS['fr'].split()[0]}+*")
    assert page.locator("h1").last.text_content() == FOUNDERS["fr"], "another page's, from here"


def test_a_part_of_the_page_can_be_gone_to(open_page: Open) -> None:
    page = open_page(f"/fr/?q={FOUNDERS['fr']}")
    ask(page, WHEN["fr"])
    page.evaluate("location.hash = 'content'")
    assert page.locator(".turn:visible").count() == 2
    page.go_back()
    assert page.locator(".turn:visible").count() == 2


def test_conversations_are_kept_in_the_browser_and_can_be_forgotten(open_page: Open) -> None:
    page = open_page("/fr/")
    ask(page, FOUNDERS["fr"])
    ask(page, WHEN["fr"])
    page.locator(".new").click()
    page.wait_for_url("**/fr/")
    ask(page, CABLES["fr"])
    page.locator("button.past").click()
    assert page.locator("dialog").is_visible()
    assert read_texts(page, ".talk-title") == [CABLES["fr"], FOUNDERS["fr"]]
    assert read_texts(page, ".talk-when") == ["aujourd’hui", "aujourd’hui · 2"]
    page.locator(".talks a").last.click()
    page.wait_for_url("**h=*")
    assert page.locator("h1").text_content() == WHEN["fr"]
    page.locator(".restore button").click()
    wait_until(page, "document.querySelectorAll('.turn').length === 2")
    wait_until(page, "!document.querySelector('.searching')")
    assert read_texts(page, ".turn .asked") == [FOUNDERS["fr"], WHEN["fr"]]
    ask(page, BREAD["fr"])
    page.locator("button.past").click()
    assert read_texts(page, ".talk-when") == ["aujourd’hui · 3", "aujourd’hui"]
    page.locator(".forget").first.click()
    assert read_texts(page, ".talk-title") == [CABLES["fr"]]
    assert page.evaluate("document.activeElement.className") == "forget"
    page.locator(".forget-all").click()
    assert page.locator(".none").is_visible()
    assert json.loads(page.evaluate("localStorage['massilia.conversations']")) == []
    page.keyboard.press("Escape")
    wait_until(page, "!document.querySelector('dialog')")
    assert page.context.cookies() == []


def test_what_the_browser_keeps_may_be_broken_or_refused(open_page: Open) -> None:
    page = open_page("/fr/")
    for broken in ('"{"', '"[1]"', '"null"', '"[{\\"turns\\": []}]"'):
        page.evaluate(f"localStorage['massilia.conversations'] = {broken}")
        page.goto("/fr/")
        ask(page, FOUNDERS["fr"])
        page.locator("button.past").click()
        assert read_texts(page, ".talk-title") == [FOUNDERS["fr"]]
        page.keyboard.press("Escape")


@pytest.mark.parametrize(
    "refusal",
    [
        "Object.defineProperty(window, 'localStorage',"
        " { get() { throw new DOMException('refused', 'SecurityError'); } });",
        "Storage.prototype.setItem = () =>"
        " { throw new DOMException('full', 'QuotaExceededError'); };",
    ],
    ids=["refused", "full"],
)
def test_where_the_browser_keeps_nothing_answers_are_given_all_the_same(
    open_page: Open, refusal: str
) -> None:
    page = open_page("/fr/articles")
    page.add_init_script(refusal)
    page.goto("/fr/")
    ask(page, FOUNDERS["fr"])
    ask(page, WHEN["fr"])
    assert page.locator(".turn:visible").count() == 2
    said = load_texts("fr").text(
        "answer.found", count=page.locator(".turn").last.locator(".quote").count()
    )
    wait_until(page, f"document.getElementById('announcer').textContent === {json.dumps(said)}")
    past = page.locator("button.past")
    if past.is_visible():
        past.click()
        assert page.locator(".none").is_visible()
    else:
        assert "refused" in refusal


def test_the_hundred_conversations_that_came_last_are_kept(open_page: Open) -> None:
    page = open_page("/fr/")
    kept = [
        {
            "id": f"t{number}",
            "language": "fr",
            "at": 0,
            "turns": [{"asked": f"{number} ?", "address": f"/fr/?q={number}"}],
        }
        for number in range(100)
    ]
    page.evaluate("kept => { localStorage['massilia.conversations'] = kept; }", json.dumps(kept))
    page.goto("/fr/")
    ask(page, FOUNDERS["fr"])
    wait_until(page, "!document.querySelector('[aria-busy]')")
    page.locator("button.past").click()
    titles = read_texts(page, ".talk-title")
    assert titles == [FOUNDERS["fr"], *(f"{number} ?" for number in range(99))]


def test_what_cannot_be_copied_is_selected_and_both_are_said(open_page: Open) -> None:
    page = open_page(f"/fr/?q={FOUNDERS['fr']}")
    page.locator("details.citing summary").click()
    texts, citation = load_texts("fr"), read_texts(page, "details.citing pre")[1]
    said = "document.getElementById('announcer').textContent"
    copy = page.locator(".copy").nth(1)
    copy.click()
    wait_until(page, f"{said} === {json.dumps(texts.text('turn.copied'))}")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(new Error()); }")
    copy.click()
    wait_until(page, f"{said} === {json.dumps(texts.text('turn.uncopied'))}")
    assert page.evaluate("getSelection().toString()").strip() == citation.strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_quote_is_copied_with_its_citation(open_page: Open, language: str) -> None:
    page = open_page(f"/{language}/?q={FOUNDERS[language]}")
    page.locator("details.citing summary").click()
    texts = read_texts(page, "details.citing pre")
    assert len(texts) == 4
    assert all(QUOTED[language].split(".")[-2] in text for text in texts)
    for place, text in enumerate(texts):
        page.locator(".copy").nth(place).click()
        copied = load_texts(language).text("turn.copied")
        page.locator(".copy").nth(place).filter(has_text=copied).wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == text


def test_without_the_script_the_citations_are_there_to_be_selected(open_page: Open) -> None:
    page = open_page(f"/en/?q={FOUNDERS['en']}", javascript=False)
    page.locator("details.citing summary").click()
    assert page.locator("details.citing pre").first.is_visible()
    assert QUOTED["en"] in read_texts(page, "details.citing pre")[0]
    assert not page.locator(".copy").count()
    assert not page.locator("button.past").is_visible(), "what needs the script isn't offered"


def test_a_receipt_is_saved(open_page: Open) -> None:
    page = open_page("/en/")
    ask(page, FOUNDERS["en"])
    with page.expect_download() as download:
        page.locator("a[download]").click()
    receipt = json.loads(download.value.path().read_text())
    assert receipt["object"] == "receipt"
    assert receipt["question"] == FOUNDERS["en"]


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_an_answer_is_judged(
    open_page: Open, served: tuple[RunningServer, Path], javascript: bool
) -> None:
    page = open_page(f"/fr/?q={FOUNDERS['fr']}", javascript=javascript)
    details = page.locator(".judging").last
    details.locator("summary").click()
    comment = f"avec script : {javascript}"
    details.locator("input[name=comment]").fill(comment)
    details.get_by_role("button", name="Cela ne répond pas").click()
    if javascript:
        assert page.locator(".thanks").text_content() == "Merci de votre avis"
        assert not page.locator(".judging").count(), "it is judged once"
    else:
        page.wait_for_url("**/fr/thanks?*")
        assert page.locator("h1").text_content() == "Merci de votre avis"
        page.get_by_role("link", name="Retour à la réponse").click()
        page.wait_for_url("**/fr/?q=*")
        assert page.locator("h1").text_content() == FOUNDERS["fr"]
    with closing(sqlite3.connect(served[1] / "feedback.sqlite")) as kept:
        row = kept.execute("SELECT * FROM feedback ORDER BY id DESC LIMIT 1").fetchone()
    assert {FOUNDERS["fr"], "down", "does_not_answer", comment} <= set(row)


def test_related_questions_go_on_in_the_page(open_page: Open) -> None:
    page = open_page("/fr/")
    suggested = page.locator(".suggested a")
    for _ in range(60):
        if suggested.count():
            break
        # They are chosen in the background after the start.
        page.wait_for_timeout(500)
        page.reload()
    question = (suggested.first.text_content() or "").strip()
    suggested.first.click()
    page.wait_for_url("**?q=*")
    asked = page.locator(".turn .asked").text_content() or ""
    assert asked.split() == question.split()
    assert page.locator(".quote-text").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_a_conversation_is_no_wider_than_the_screen(
    open_page: Open, width: int, scheme: str
) -> None:
    page = open_page("/fr/", width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for question in (CABLES["fr"], FOUNDERS["fr"], BREAD["fr"]):
        ask(page, question)
    for summary in page.locator(".turn details summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".plot svg").first.is_visible()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 26, 35)"
    assert dark == (scheme == "dark")
    composer = page.locator(".composer").bounding_box()
    assert composer is not None
    assert composer["y"] + composer["height"] <= 801, "the next question is always at hand"


def test_printing_leaves_the_conversation_and_drops_its_controls(open_page: Open) -> None:
    page = open_page("/fr/")
    ask(page, CABLES["fr"])
    page.emulate_media(media="print")
    for kept in (".asked", ".quote-text", ".series table", ".plot svg"):
        assert page.locator(kept).first.is_visible(), kept
    for dropped in (".composer", ".tools", ".turn-foot", ".citing", "nav"):
        assert not page.locator(dropped).first.is_visible(), dropped
    masthead = "getComputedStyle(document.querySelector('.masthead')).backgroundImage"
    assert page.evaluate(masthead) == "none", "ink is for words"


def test_nothing_moves_where_that_is_not_wanted(open_page: Open) -> None:
    page = open_page("/fr/")
    page.route("**/turns/**", stall)
    page.locator("#question").fill("Qui ?")
    page.keyboard.press("Enter")
    page.locator(".searching").wait_for()
    animation = "getComputedStyle(document.querySelector('.searching'), '::before').animationName"
    scrolling = "getComputedStyle(document.documentElement).scrollBehavior"
    assert (page.evaluate(animation), page.evaluate(scrolling)) == ("none", "auto")
    page.emulate_media(reduced_motion="no-preference")
    assert (page.evaluate(animation), page.evaluate(scrolling)) == ("lay", "smooth")
    page.keyboard.press("Escape")
    # Escape stops it too.
    page.locator(".failure").wait_for()


def test_the_chat_page_is_light_and_all_from_here(open_page: Open, address: str) -> None:
    page = open_page("/fr/articles")
    sizes: dict[str, int] = {}

    def weigh(response: Response) -> None:
        sizes[response.url.removeprefix(address)] = len(response.body())

    page.on("response", weigh)
    page.goto("/fr/")
    ask(page, CABLES["fr"])
    page.wait_for_load_state("networkidle")
    # Chromium asks for icons that only tabs and home screens show in its own time.
    for name in ("favicon.svg", "icons.svg", "theme.js", "chat.js", "chat.css", "style.css"):
        sizes.setdefault(f"/static/{name}", len(page.request.get(f"/static/{name}").body()))
    # What is streamed has no body of its own to weigh.
    sizes["/fr/turns"] = len(page.request.get("/fr/turns/2", params={"q": CABLES["fr"]}).body())
    assert all(url.startswith("/") for url in sizes)
    # A connection that is opened ahead is no request, and no policy forbids it.
    named = "all => all.map(each => each.href || each.src).filter(Boolean)"
    loaded = page.eval_on_selector_all("link:not([rel=alternate]), script, img, iframe", named)
    assert all(url.startswith(address) for url in loaded), loaded
    assert sum(sizes.values()) < MOST_BYTES


def test_the_policy_lets_nothing_inline_run(open_page: Open) -> None:
    page = open_page("/fr/articles")
    response = page.goto("/fr/")
    assert response is not None
    policy = response.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "connect-src 'self'" in policy
    assert not re.search(r"https?:|\*", policy)


PAGES = {
    "home": lambda language: "",
    "answer": lambda language: f"?q={FOUNDERS[language]}",
    "follow-up": lambda language: f"?q={WHEN[language]}&h={FOUNDERS[language]}",
    "abstention": lambda language: f"?q={BREAD[language]}",
    "series": lambda language: f"?q={CABLES[language]}",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_fault(open_page: Open, name: str, language: str, scheme: str) -> None:
    page = open_page(f"/{language}/{PAGES[name](language)}", scheme=scheme)
    check_with_axe(page)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_fault_in_a_conversation_with_all_of_it_open(
    open_page: Open, scheme: str
) -> None:
    page = open_page("/fr/", scheme=scheme)
    for question in (CABLES["fr"], FOUNDERS["fr"], WHEN["fr"], BREAD["fr"]):
        ask(page, question)
    for summary in page.locator(".turn details summary").all():
        summary.click()
    check_with_axe(page)
    page.locator("button.past").click()
    check_with_axe(page)
    page.keyboard.press("Escape")
    page.route("**/turns/**", lambda route: route.abort())
    page.locator(".composer input[name=q]").fill("Qui ?")
    page.keyboard.press("Enter")
    page.locator(".failure").wait_for()
    check_with_axe(page)
    page.locator(".theme summary").click()
    page.locator(f".theme [value={'light' if scheme == 'dark' else 'dark'}]").check()
    check_with_axe(page)


def check_with_axe(page: Page) -> None:
    results = Axe().run(page)
    found: list[Any] = results.response["violations"]
    told = [(each["id"], [node["html"][:200] for node in each["nodes"]]) for each in found]
    assert told == []

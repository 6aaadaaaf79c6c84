"""Text fragments: a browser finds the quote, and nothing else, at the address of the page."""

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, sync_playwright

from massilia.corpus.article import Article, Language
from massilia.corpus.embedded import list_embedded_articles
from massilia.ingest.documents import read_article
from massilia.ingest.sentences import split_sentences
from massilia.service.composition import cite
from massilia.service.text_fragment import LONGEST_WHOLE, address_fragment, choose_terms
from tests.web_server import WebServer, reply

CHROMIUM = Path("/usr/bin/chromium")
URL = "https://example.org/press/one"

WORDS = st.sampled_from(
    ["Le", "câble", "port", "l’eau", "2Africa", "2016", "co-fondé", "A & B,", "ß"]
)
TEXTS = st.lists(
    st.tuples(WORDS, st.sampled_from([" ", " ", " ", "\u00a0", ". ", "\n", "\n\n", "  "])),
    min_size=1,
    max_size=60,
).map(lambda pieces: "".join(word + space for word, space in pieces))


def address(text: str, quote: str, url: str = URL) -> str:
    start = text.index(quote)
    return address_fragment(url, text, start, start + len(quote))


def read_terms(directive: str) -> dict[str, str]:
    """Read a directive as the specification's parser does."""
    assert directive.startswith("text=")
    parts = directive.removeprefix("text=").split(",")
    terms = {}
    if parts[0].endswith("-"):
        terms["prefix"] = unquote(parts.pop(0)[:-1])
    if parts[-1].startswith("-"):
        terms["suffix"] = unquote(parts.pop()[1:])
    assert 1 <= len(parts) <= 2, directive
    return terms | dict(zip(("start", "end"), map(unquote, parts), strict=False))


def lay_out(text: str) -> str:
    return re.sub(r"[^\S\n]+", " ", re.sub(r"\s*\n\s*", "\n", text)).casefold()


def find_as_a_browser(text: str, terms: dict[str, str]) -> list[tuple[int, str]]:
    """Find the places of terms, each within a line, by a pattern of the whole directive."""
    page = lay_out(text)

    def read(name: str) -> str:
        return re.escape(terms[name].casefold())

    pattern = rf"(?<!\w)(?P<quote>{read('start')}(?!\w)"
    if "prefix" in terms:
        pattern = rf"(?<!\w){read('prefix')}\s*{pattern}"
    if "end" in terms:
        pattern += rf"(?s:.*?)(?<!\w){read('end')}(?!\w)"
    pattern += ")"
    if "suffix" in terms:
        pattern += rf"\s*{read('suffix')}(?!\w)"
    found = re.finditer(f"(?={pattern})", page)
    return [(match.start("quote"), match["quote"]) for match in found]


def test_a_short_quote_is_named_whole() -> None:
    assert address("Avant. Le câble arrive. Après.", "Le câble arrive.") == (
        f"{URL}#:~:text=Le%20c%C3%A2ble%20arrive."
    )


def test_what_has_a_meaning_in_a_directive_is_encoded() -> None:
    text = "x. A-B, C & D = 50% #1 ? oui. y"
    assert address(text, "A-B, C & D = 50% #1 ? oui.") == (
        f"{URL}#:~:text=A%2DB%2C%20C%20%26%20D%20%3D%2050%25%20%231%20%3F%20oui."
    )


def test_a_long_quote_is_named_by_its_ends() -> None:
    quote = " ".join(f"mot{number}" for number in range(60)) + "."
    terms = choose_terms(f"Avant. {quote} Après.", 7, 7 + len(quote))
    assert len(quote) > LONGEST_WHOLE
    assert (terms.start, terms.end) == (
        "mot0 mot1 mot2 mot3 mot4",
        "mot55 mot56 mot57 mot58 mot59.",
    )


def test_a_quote_of_two_blocks_is_named_by_its_ends() -> None:
    terms = choose_terms("Un deux.\n\nTrois quatre.\n\nCinq.", 0, 23)
    assert (terms.start, terms.end) == ("Un deux.", "Trois quatre.")


def test_of_two_places_a_prefix_or_a_suffix_tells_which_is_meant() -> None:
    text = "Le premier dit oui. Le second dit oui. Puis rien."
    second = text.rindex("dit oui.")
    terms = choose_terms(text, second, second + 8)
    assert terms.prefix or terms.suffix
    found = find_as_a_browser(text, read_terms(str(terms)))
    assert len(found) == 1
    assert terms.prefix == "Le second"


def test_a_quote_at_the_start_of_a_block_takes_its_context_from_the_same_block() -> None:
    text = "Oui. Voilà.\n\nFin\n\nOui. Ensuite."
    start = text.rindex("Oui.")
    terms = choose_terms(text, start, start + 4)
    assert (terms.prefix, terms.suffix) == ("", "Ensuite.")


def test_words_that_the_span_cuts_are_taken_in_whole() -> None:
    text = "Pour l’aéroport de Marseille-Provence, 3,5 millions."
    start = text.index("port de")
    assert choose_terms(text, start, text.index("eille")).start == "l’aéroport de Marseille"
    start = text.index("5 mil")
    assert choose_terms(text, start, start + 3).start == "3,5 millions"


def test_the_marker_of_a_list_item_is_no_text_of_the_page() -> None:
    text = "- un câble\n- deux ports\n- un câble"
    terms = choose_terms(text, 24, len(text))
    assert (terms.prefix, terms.start) == ("deux ports", "un câble")


def test_a_fragment_that_the_address_has_stays_before_the_directive() -> None:
    assert address("Un. Deux.", "Deux.", f"{URL}?a=1#part:~:text=old") == (
        f"{URL}?a=1#part:~:text=Deux."
    )


def test_a_paged_document_opens_at_its_page() -> None:
    assert address_fragment(URL, "Un. Deux.", 4, 9, page=3) == f"{URL}#page=3:~:text=Deux."


def test_nothing_is_added_without_words_or_outside_the_web() -> None:
    assert address_fragment(URL, "a   b", 1, 4) == URL
    assert address_fragment("mailto:a@example.org", "Un.", 0, 3) == "mailto:a@example.org"


def test_a_citation_holds_the_address_at_its_quote() -> None:
    article = Article("a", Language.FRENCH, "Un titre", "Avant. Le câble. Après.", "a.md", url=URL)
    assert cite(article, 7, 16, "c1").deep_link == f"{URL}#:~:text=Le%20c%C3%A2ble."
    assert cite(Article("a", Language.FRENCH, "T", "Un.", "a.md"), 0, 3, "c1").deep_link is None


@given(TEXTS, st.data())
def test_the_terms_find_the_quote_and_find_it_first_where_it_can_be_told_apart(
    text: str, data: st.DataObject
) -> None:
    words = [match.span() for match in re.finditer(r"\S+", text)]
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    start, end = words[first][0], words[last][1]
    directive = str(choose_terms(text, start, end))
    assert re.fullmatch(r"text=(?:[\w.~%]+-,)?[\w.~%]+(?:,[\w.~%]+)?(?:,-[\w.~%]+)?", directive)
    terms = read_terms(directive)
    assert not any("\n" in term for term in terms.values())
    found = find_as_a_browser(text, terms)
    place, quoted = len(lay_out(text[:start])), lay_out(text[start:end])
    # Of several blocks, the last words may stand before their end too.
    assert [each for at, each in found if at == place and quoted.startswith(each)]
    if "\n" not in quoted and len(quoted) <= LONGEST_WHOLE:
        assert (place, quoted) in found
    # With eight words on either side, only what is repeated with them can't be told apart.
    context = text[max(0, start - 200) : start], text[end : end + 200]
    assume(not any(part in text.replace("".join(context), "", 1) for part in context if part))
    assert found[0][0] == place


def test_every_sentence_of_the_corpus_is_found_alone() -> None:
    checked = 0
    for path in list_embedded_articles()[::4]:
        article = read_article(path)
        for span in list(split_sentences(article.text, article.language))[::3]:
            terms = read_terms(str(choose_terms(article.text, span.start, span.end)))
            (found,) = find_as_a_browser(article.text, terms)
            assert found[1] == lay_out(article.text[span.start : span.end])
            checked += 1
    assert checked > 100


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"no browser to look with: {CHROMIUM} is missing")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


FILLER = "".join(f"<p>Paragraphe {number}. {'Rien à lire ici. ' * 30}</p>" for number in range(25))
# What a page says, block by block; the place that is meant has an id.
PAGES = {
    "short": (
        [
            "Un <b>port</b> et l’«&nbsp;eau&nbsp;».",
            "<i id=it>Le co-fondateur, A &amp; B, est là.</i>",
        ],
        "Le co-fondateur, A & B, est là.",
    ),
    "nbsp": (
        ["Avant.", "<i id=it>Il dit «&nbsp;10&nbsp;000&nbsp;tonnes&nbsp;» à l’arrivée&nbsp;!</i>"],
        "Il dit «\u00a010\u00a0000\u00a0tonnes\u00a0» à l’arrivée\u00a0!",
    ),
    "curly": (
        ["Avant.", "<i id=it>Aujourd'hui, l'\"eau\" monte - encore - de 3,5 m.</i>"],
        'Aujourd’hui, l’"eau" monte - encore - de 3,5 m.',
    ),
    "ambiguous": (
        ["Le premier dit oui, merci.", "Le second <i id=it>dit oui, merci.</i> Puis rien."],
        "dit oui, merci.",
    ),
    "long": (
        ["Avant.", "<i id=it>" + " ".join(f"mot{number}" for number in range(80)) + ".</i> Après."],
        " ".join(f"mot{number}" for number in range(80)) + ".",
    ),
    "twice at its start": (
        [
            "Le câble de la mer est posé. " + "Une autre phrase, plus longue. " * 8,
            "<i id=it>Le câble de la mer est posé. "
            + "Une phrase plus longue encore. " * 8
            + "</i>",
        ],
        ("Le câble de la mer est posé. " + "Une phrase plus longue encore. " * 8).strip(),
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_chromium_scrolls_to_the_quote(browser: Browser, name: str) -> None:
    blocks, quote = PAGES[name]
    plain = [re.sub(r"<.*?>", "", block).replace("&nbsp;", "\u00a0") for block in blocks]
    text = "\n\n".join(each.replace("&amp;", "&").strip() for each in plain)
    if name == "curly":
        # Our texts have typographic apostrophes where a page may have others.
        text = text.replace("'", "’")
    start = text.rindex(quote)
    head = FILLER.join(f"<p>{block}</p>" for block in blocks)
    html = f"<!doctype html><meta charset=utf-8><title>{escape(name)}</title>{FILLER}{head}{FILLER}"
    page_answer = reply(html.encode(), Content_Type="text/html; charset=utf-8")
    with WebServer({"/page": page_answer, "/favicon.ico": reply(b"")}) as server:
        link = address_fragment(server.url("/page"), text, start, start + len(quote))
        page = browser.new_page(viewport={"width": 800, "height": 600})
        try:
            scrolled = open_by_link(page, link)
            top = page.eval_on_selector("#it", "it => it.getBoundingClientRect().top")
            assert scrolled > 0, link
            assert 0 < top < 600, link
            page.goto(server.url("/page"))
            wrong = open_by_link(page, link.replace("text=", "text=nowhere%20"))
            assert wrong == 0, "without its text the page stays at its top"
        finally:
            page.close()


def open_by_link(page: Page, link: str) -> float:
    """Follow a link, as readers do: a script's navigation may not use a fragment."""
    page.set_content(f'<a rel="noopener noreferrer" href="{escape(link)}">open</a>')
    page.click("a")
    page.wait_for_url("**/page**")
    page.wait_for_load_state("load")
    # The browser looks for the text once the page is laid out.
    for _ in range(20):
        page.wait_for_timeout(50)
        if scrolled := float(page.evaluate("scrollY")):
            return scrolled
    return 0.0

from datetime import date

import pytest

from massilia.corpus.article import Article, Certainty, Heading, Language
from massilia.corpus.errors import ArticleError
from massilia.ingest import html_article
from massilia.ingest.decoding import decode_bytes
from massilia.ingest.extraction import DocumentKind, Extraction
from massilia.ingest.html_page import extract_html, find_charset
from massilia.ingest.passages import split_passages
from tests.made_pages import ARTICLE, BAD_PAGES, SENTENCE, make_bad_page, wrap_page

TODAY = date(2025, 1, 1)
FIRST = (
    "Le vieux port accueille depuis lundi une école où l’on apprend à réparer les horloges des "
    "navires, avec douze élèves et trois maîtres."
)
SECOND = (
    "La ville prête le bâtiment pour dix ans, et l’école paie le chauffage, que fournit la mer au "
    "moyen de deux pompes installées sous le quai."
)
THIRD = (
    "Les inscriptions pour l’automne ouvriront au mois de mai, dans la limite de seize places, "
    "sans condition de diplôme ni d’âge."
)


def read(content: str, head: str = "", **options: str) -> Extraction:
    """Read a page, having checked that its runs lead back to its source."""
    data = wrap_page(content, head).encode()
    extraction = extract_html(data, "page.html", today=TODAY, **options)  # type: ignore[arg-type]
    check_runs(extraction, decode_bytes(data).text)
    return extraction


def check_runs(extraction: Extraction, source: str) -> None:
    position = 0
    for run in extraction.runs:
        assert position <= run.start < run.end <= len(extraction.text)
        position = run.end
        if run.end - run.start == run.original_end - run.original_start:
            copied = source[run.original_start : run.original_end]
            assert extraction.text[run.start : run.end] == copied


def paragraphs(*texts: str) -> str:
    return "".join(f"<p>{text}</p>\n" for text in texts)


def list_paragraphs(extraction: Extraction) -> list[str]:
    return extraction.text.split("\n\n")


def list_dropped(extraction: Extraction) -> dict[str, str]:
    return {dropped.line: dropped.reason for dropped in extraction.dropped}


def refuse(data: bytes) -> str:
    with pytest.raises(ArticleError) as caught:
        extract_html(data, "page.html", today=TODAY)
    return str(caught.value)


def test_paragraphs_lists_and_quotations_are_parted_by_an_empty_line() -> None:
    extraction = read(
        f"<article>{paragraphs(FIRST)}<ul><li>Lundi&nbsp;: les ressorts.<li>Mardi&nbsp;: les "
        f"cadrans.</ul><blockquote><p>Le temps, ça se répare.</p></blockquote>{paragraphs(SECOND)}"
    )
    assert extraction.kind is DocumentKind.HTML
    assert list_paragraphs(extraction) == [
        FIRST,
        "Lundi\u00a0: les ressorts.",
        "Mardi\u00a0: les cadrans.",
        "Le temps, ça se répare.",
        SECOND,
    ]


def test_headings_are_placed_and_the_title_is_left_out() -> None:
    extraction = read(
        f"<h1>Une école d’horlogerie</h1>{paragraphs(FIRST)}<h2>Le  <b>bâtiment</b></h2>"
        f"{paragraphs(SECOND)}<h3>À venir</h3>{paragraphs(THIRD)}",
        "<title>Une école d’horlogerie</title>",
    )
    assert extraction.title is not None
    assert (extraction.title.value, extraction.title.how) == ("Une école d’horlogerie", "h1")
    assert list_dropped(extraction) == {"Une école d’horlogerie": "title"}
    start, later = len(FIRST) + 2, extraction.text.index("À venir")
    assert extraction.headings == (Heading(2, start, start + 11), Heading(3, later, later + 7))


def test_a_heading_below_which_nothing_is_kept_goes_with_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kept = "\n".join([FIRST, SECOND, "Parent", "Enfant", THIRD, "Partenaires"])
    monkeypatch.setattr(html_article, "_extract", lambda html: kept)
    extraction = read(
        f"<article>{paragraphs(FIRST, SECOND)}<h2>Parent</h2><h3>Enfant</h3>{paragraphs(THIRD)}"
        "<h2>Partenaires</h2><div class=related><p>Un autre article.</p></div>"
    )
    assert [extraction.text[h.start : h.end] for h in extraction.headings] == ["Parent", "Enfant"]
    assert list_dropped(extraction) == {
        "Partenaires": "not in the article",
        "Un autre article.": "related articles",
    }


def test_what_is_the_sites_is_left_out_with_its_reason() -> None:
    extraction = read(
        "<div class=cookie-banner>Nous utilisons des cookies.</div><nav><a href=/>Accueil</a></nav>"
        f"<article>{paragraphs(FIRST)}<figure><img src=a.jpg><figcaption>L’atelier</figcaption>"
        f"</figure><p>Publicité</p>{paragraphs(SECOND)}<p>Lire aussi : Le quai</p>"
        f"{paragraphs(THIRD)}<div class=share>Partager</div></article>"
        "<div class=newsletter>Recevez nos articles.</div>"
        "<div id=comments><p>Bravo à tous !</p></div><footer>Mentions légales</footer>"
    )
    assert list_paragraphs(extraction) == [FIRST, SECOND, THIRD]
    assert list_dropped(extraction) == {
        "Nous utilisons des cookies.": "cookies",
        "Accueil": "menu",
        "L’atelier": "caption",
        "Publicité": "advertisement",
        "Lire aussi : Le quai": "related articles",
        "Partager": "sharing",
        "Recevez nos articles.": "newsletter",
        "Bravo à tous !": "comments",
        "Mentions légales": "footer",
    }


def test_nothing_is_neither_kept_nor_listed() -> None:
    content = f"<nav>Menu</nav>{paragraphs(FIRST, 'Lire aussi : X', SECOND)}<footer>Fin</footer>"
    extraction = read(content)
    said = " ".join([extraction.text, *(dropped.line for dropped in extraction.dropped)])
    for text in ("Menu", FIRST, "Lire aussi : X", SECOND, "Fin"):
        assert text in said


@pytest.mark.parametrize("classes", ["with-sidebar", "newsletter-page", "page-comments"])
def test_a_suspicion_that_leaves_no_article_is_not_believed(classes: str) -> None:
    extraction = read(
        f"<nav>Menu</nav><div class='{classes}'>{paragraphs(FIRST, SECOND, THIRD)}"
        "<div class=share>Partager</div></div><footer>Le site est fait à Marseille.</footer>"
    )
    assert list_paragraphs(extraction) == [FIRST, SECOND, THIRD]


def test_comments_longer_than_the_article_are_left_out_all_the_same() -> None:
    comments = "".join(
        f"<p>Moi, j’en ai vu {number} le {number} du mois, {number} fois de suite, sans mentir.</p>"
        for number in range(20, 60)
    )
    extraction = read(f"<div>{paragraphs(FIRST)}</div><div class=reactions>{comments}</div>")
    assert extraction.text == FIRST


def test_blocks_amid_the_article_come_back_though_trafilatura_leaves_them_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    above = "Le site est fait à la main par des bénévoles qui aiment la mer et le vent."
    monkeypatch.setattr(html_article, "_extract", lambda html: f"{above}\n{FIRST}\n{THIRD}")
    extraction = read(
        f"<div class=x><div>{paragraphs(above)}</div></div><h1>Une école d’horlogerie</h1>"
        f"<p>Elle ouvre lundi sur le vieux port de Marseille.</p><div class=y>{paragraphs(FIRST)}"
        f"<h2>Le bâtiment</h2><ul><li>deux salles</ul>{paragraphs(SECOND)}"
        f"<p><a href=/a>Un autre article du site</a></p>{paragraphs(THIRD)}</div>"
        f"<div class=z>{paragraphs(SENTENCE)}</div>",
        "<title>Une école d’horlogerie</title>",
    )
    assert list_paragraphs(extraction) == [
        "Elle ouvre lundi sur le vieux port de Marseille.",
        FIRST,
        "Le bâtiment",
        "deux salles",
        SECOND,
        THIRD,
    ]


def test_a_pull_quote_and_a_lead_said_twice_are_kept_once() -> None:
    quote = "que fournit la mer au moyen de deux pompes"
    extraction = read(
        f"<article>{paragraphs(FIRST, SECOND)}<div class=x>« {quote} »</div>"
        f"{paragraphs(FIRST, THIRD)}<pre>{quote}</pre></article>"
    )
    assert list_paragraphs(extraction) == [FIRST, SECOND, THIRD, quote]
    assert list_dropped(extraction) == {f"« {quote} »": "repeated", FIRST: "repeated"}


def test_small_boxes_go_with_the_button_the_image_or_the_heading_that_gives_them_away() -> None:
    extraction = read(
        f"<article>{paragraphs(FIRST)}<div><p>Vous aimez nos enquêtes ?</p><p>Aidez-nous à les "
        f"écrire.</p><button>Donner</button></div>{paragraphs(SECOND)}<div><img src=a.jpg>"
        "<b>Le guide de l’horloger</b></div><div><h4>Sur le même sujet</h4><p>Les horloges de la "
        f"gare ont trois minutes d’avance.</p></div>{paragraphs(THIRD)}</article>"
    )
    assert list_paragraphs(extraction) == [FIRST, SECOND, THIRD]
    assert list_dropped(extraction) == {
        "Vous aimez nos enquêtes ?": "form",
        "Aidez-nous à les écrire.": "form",
        "Donner": "form",
        "Le guide de l’horloger": "caption",
        "Sur le même sujet": "related articles",
        "Les horloges de la gare ont trois minutes d’avance.": "related articles",
    }


def test_a_note_keeps_its_text_and_a_link_drawn_as_a_button_is_one() -> None:
    extraction = read(
        f"<article>{paragraphs(FIRST, SECOND, THIRD)}<div class=note><a href=#a>1</a><div>"
        "<p>Selon le maître horloger.</p></div></div><div><p>Mardi, à l’atelier, dès midi.</p>"
        f"<a href=/e class=w-button>Réserver</a></div>{paragraphs(SENTENCE)}</article>"
    )
    notes = [FIRST, SECOND, THIRD, "Selon le maître horloger.", SENTENCE.strip()]
    assert list_paragraphs(extraction) == notes
    assert list_dropped(extraction)["Mardi, à l’atelier, dès midi."] == "form"


def test_rows_of_a_table_are_quotable_sentences() -> None:
    extraction = read(
        f"<article>{paragraphs(FIRST)}<table><tr><th>Salle<th>Places<tr><td>Nord<td>12"
        f"<tr><td>Sud<td>16</table>{paragraphs(SECOND)}"
    )
    rows = [
        "Salle\u00a0: Nord\u00a0; Places\u00a0: 12.",
        "Salle\u00a0: Sud\u00a0; Places\u00a0: 16.",
    ]
    assert list_paragraphs(extraction) == [FIRST, *rows, SECOND]


def test_a_quote_can_be_shown_in_the_original() -> None:
    content = paragraphs(FIRST, "Un caf&eacute; <b>au&nbsp;quai</b>, c’est\n  deux euros.", SECOND)
    data = wrap_page(content).encode()
    extraction = read(content)
    start = extraction.text.index("café")
    end = extraction.text.index("euros") + 5
    assert extraction.text[start:end] == "café au\u00a0quai, c’est deux euros"
    within = [run for run in extraction.runs if run.start < end and run.end > start]
    first, last = within[0], within[-1]
    source = data.decode()
    shown = source[
        first.original_start + start - first.start : last.original_end - (last.end - end)
    ]
    assert shown == "caf&eacute; <b>au&nbsp;quai</b>, c’est\n  deux euros"


def test_the_article_can_be_split_into_passages() -> None:
    extraction = read(f"<h2>Un</h2>{paragraphs(FIRST)}<h2>Deux</h2>{paragraphs(SECOND, THIRD)}")
    article = Article(
        "a", Language.FRENCH, "Titre", extraction.text, "page.html", headings=extraction.headings
    )
    split = split_passages(article)
    sentences = [extraction.text[span.start : span.end] for span in split.sentences]
    assert sentences == [FIRST, SECOND, THIRD]


@pytest.mark.parametrize(
    ("declared", "text", "language", "certainty"),
    [
        ("fr", FIRST + SECOND, Language.FRENCH, Certainty.STATED),
        ("en", FIRST + SECOND, Language.FRENCH, Certainty.LIKELY),
        ("en", "Le port ferme ce soir à dix heures.", Language.ENGLISH, Certainty.STATED),
        ("de", FIRST + SECOND, Language.FRENCH, Certainty.INFERRED),
    ],
)
def test_the_words_of_a_long_text_outweigh_the_language_declared(
    declared: str, text: str, language: Language, certainty: Certainty
) -> None:
    page = f"<html lang={declared}><body><p>{text}</p>".encode()
    found = extract_html(page, "page.html", today=TODAY).language
    assert found is not None
    assert (found.value, found.certainty) == (language, certainty)


def test_dates_are_read_from_the_lines_around_the_title() -> None:
    content = (
        "<h1>Une école d’horlogerie</h1><p>Publié le 1 avril 2022 à 12h24 - Dernière mise à jour "
        f"le 4 novembre 2022</p>{paragraphs(FIRST, SECOND)}<p>Publié le 1 mai 1999</p>"
    )
    extraction = read(content, "<title>Une école d’horlogerie</title>")
    assert extraction.date_published is not None
    assert extraction.date_modified is not None
    assert extraction.date_published.value == date(2022, 4, 1)
    assert extraction.date_modified.value == date(2022, 11, 4)
    assert extraction.date_published.how.startswith("line: Publié le 1 avril 2022")
    assert FIRST in extraction.text and "1999" not in extraction.text


def test_a_fragment_of_a_feed_is_read_as_a_page_is() -> None:
    data = b"<p>Le port ferme ce soir.</p><p>Il rouvrira demain matin.</p>"
    extraction = extract_html(data, "feed", "https://voix.example/1", "utf-8", today=TODAY)
    assert extraction.text == "Le port ferme ce soir.\n\nIl rouvrira demain matin."
    assert extraction.url is not None
    assert extraction.url.value == "https://voix.example/1"


def test_a_page_that_shows_nothing_without_scripts_is_read_from_its_data() -> None:
    body = f"{FIRST}\\n{SECOND}"
    head = (
        '<script type="application/ld+json">{"@type": "Article", "headline": "Une école", '
        f'"datePublished": "2022-04-01", "articleBody": "{body}"}}</script>'
    )
    extraction = read("<div id=root></div>", head)
    assert list_paragraphs(extraction) == [FIRST, SECOND]
    assert len(extraction.runs) == 2
    assert extraction.date_published is not None
    assert extraction.date_published.value == date(2022, 4, 1)


def test_a_page_of_too_many_lines_is_read_without_trafilatura(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(html: str) -> str:
        raise AssertionError("trafilatura was asked")

    monkeypatch.setattr(html_article, "_extract", fail)
    for name, limit in (("MAX_LINES", 2), ("MAX_NESTED", 100)):
        with monkeypatch.context() as patch:
            patch.setattr(html_article, name, limit)
            assert list_paragraphs(read(paragraphs(FIRST, SECOND, THIRD))) == [FIRST, SECOND, THIRD]


def test_trafilatura_sees_no_more_than_the_text_and_its_elements(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(html_article, "_extract", lambda html: seen.append(html) or "")
    read(
        f"<nav>Menu</nav><div class=c style='x'><p>{FIRST} <a href=/a>1 &lt; 2</a></p>"
        "<div><div></div></div><script>x</script></div>"
    )
    assert seen == [
        '<!DOCTYPE html><html><body><div><div><div class="c"><p>'
        f'{FIRST}<a href="#"> 1 &lt; 2</a>\n</p></div></div></div></body></html>'
    ]


@pytest.mark.parametrize(
    ("page", "charset"),
    [
        (b"<meta charset=ISO-8859-1>", "iso-8859-1"),
        (b"<META http-equiv=content-type content='text/html; charset=\"cp1252\"'>", "cp1252"),
        (b"<?xml version='1.0' encoding='utf-8'?><html>", "utf-8"),
        (b"<!-- <meta charset=koi8-r> --><meta charset=utf-8>", "utf-8"),
        (b"<meta charset=utf-16le>", "utf-8"),
        (b"<meta name=a content='charset'>", None),
        (b" " * 1024 + b"<meta charset=koi8-r>", None),
        (b"", None),
    ],
)
def test_the_charset_is_looked_for_at_the_beginning(page: bytes, charset: str | None) -> None:
    assert find_charset(page) == charset


def test_the_servers_charset_outweighs_the_pages() -> None:
    text = "Порт Марселя закрывается сегодня вечером."
    data = wrap_page(paragraphs(text), "<meta charset=cp1252>").encode("koi8-r")
    assert extract_html(data, "page.html", None, "koi8-r", today=TODAY).text == text


@pytest.mark.parametrize("name", BAD_PAGES)
def test_no_page_takes_more_than_it_should(name: str) -> None:
    is_read, _ = BAD_PAGES[name]
    data = make_bad_page(name, divisor=20)
    if not is_read:
        assert refuse(data).startswith("page.html")
        return
    extraction = extract_html(data, "page.html", today=TODAY)
    assert SENTENCE.strip() in extraction.text or "Un navire entre." in extraction.text


def test_a_refusal_says_why() -> None:
    assert refuse(b"") == "page.html: no article text was found"
    assert refuse(wrap_page("<nav><a href=/>Accueil</a></nav>").encode()) == (
        "page.html: no article text was found"
    )
    assert refuse(b"a" * 20_000_001) == (
        "page.html: 20,000,001 bytes, more than the limit of 20,000,000"
    )
    assert refuse(wrap_page("<b>a</b>" * 300_000).encode()) == (
        "page.html: not a page that is read: more than 400,000 tags and character references"
    )
    assert "it holds a NUL byte" in refuse(wrap_page(f"{ARTICLE}\0").encode())

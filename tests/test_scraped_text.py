"""Articles are found in scraped pages: 26 invented ones, and what each kind of line comes to."""

import random
import tomllib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massilia.corpus.article import Certainty, Heading, Language, normalise_text
from massilia.corpus.embedded import list_embedded_articles
from massilia.corpus.errors import ArticleError
from massilia.corpus.markdown import parse_article
from massilia.corpus.sources import find_catalogue, read_catalogue
from massilia.ingest.boilerplate import Wording, read_wording
from massilia.ingest.bylines import names_role, read_byline, read_signature
from massilia.ingest.decoding import decode_bytes
from massilia.ingest.edits import find_original
from massilia.ingest.extraction import DocumentKind, Extraction
from massilia.ingest.page_parts import MIN_LEAD
from massilia.ingest.scraped_text import MAX_LINES, extract_text
from massilia.ingest.sentences import split_sentences

PAGES = Path(__file__).parent / "scraped"
TODAY = date(2026, 1, 1)
LEAD = "Le port de la ville a vendu ses vieilles grues à un voisin qui n'en avait pas encore."
BODY = (
    "Le maire s'en réjouit. « Elles dormaient », dit-il, avant de couper le ruban du nouveau quai."
)
TITLE = "La vieille grue change de port"


def extract(text: str, hint: date | None = None) -> Extraction:
    return extract_text(text.encode(), "port.txt", today=TODAY, hint=hint)


def list_dropped(extraction: Extraction) -> list[tuple[str, str]]:
    return [(dropped.reason, dropped.line) for dropped in extraction.dropped]


def check_runs(extraction: Extraction, data: bytes) -> None:
    """Check that the runs cover the text, and that those of two equal sides are copies."""
    original = decode_bytes(data).text
    position = original_position = 0
    for run in extraction.runs:
        assert run.start == position <= run.end
        assert original_position <= run.original_start <= run.original_end <= len(original)
        if run.end - run.start == run.original_end - run.original_start:
            copied = original[run.original_start : run.original_end]
            assert extraction.text[run.start : run.end] == copied
        position, original_position = run.end, run.original_end
    assert position == len(extraction.text)


# Whole pages


@pytest.mark.parametrize("path", sorted(PAGES.glob("*.txt")), ids=lambda path: path.stem)
def test_the_article_of_a_page_is_found_and_nothing_else(path: Path) -> None:
    data = path.read_bytes()
    expected = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
    found = extract_text(data, path.name, today=TODAY)
    if expected.get("untouched"):
        assert found.text == data.decode()
    else:
        assert found.text.strip() == expected["text"]
    values = {
        "title": found.title and found.title.value,
        "publisher": found.publisher and found.publisher.value,
        "authors": found.authors and list(found.authors.value),
        "language": found.language and found.language.value,
        "url": found.url and found.url.value,
    }
    for field, on in (("published", found.date_published), ("modified", found.date_modified)):
        values[field] = on and f"{on.value} {on.certainty}"
    assert values == {field: expected.get(field) for field in values}
    check_runs(found, data)


def test_there_are_pages_in_both_languages_and_each_has_its_article() -> None:
    names = [path.stem for path in PAGES.glob("*.txt")]
    assert len(names) >= 26
    assert min(sum(name.startswith(language) for name in names) for language in Language) >= 10
    assert sorted(path.stem for path in PAGES.glob("*.toml")) == sorted(names)


# Clean texts


@pytest.fixture(scope="module")
def clean_texts() -> list[str]:
    paths = list_embedded_articles()
    sources = read_catalogue(find_catalogue(paths[0]))
    texts = [
        parse_article(path.read_text(encoding="utf-8"), path.name, lambda: sources).text
        for path in paths
    ]
    assert len(texts) > 80
    return texts


def test_a_clean_text_comes_out_to_the_letter_but_for_its_title(clean_texts: Sequence[str]) -> None:
    titled = 0
    for text in clean_texts:
        found = extract(text)
        assert {reason for reason, _ in list_dropped(found)} <= {"title"}
        assert text.endswith(found.text)
        titled += found.text != text
    assert titled <= 5  # those that begin with a heading


@pytest.mark.parametrize(
    "text",
    [
        f"{LEAD}\n\n{BODY}",
        f"\ufeff{LEAD}\n\n{BODY}\n",
        f"  {LEAD}  \n\n\n{BODY}\n\n",
        f"{LEAD}\n{BODY}\n{LEAD[:60]}, et puis.",
        f"{LEAD}\n\n* * *\n\n{BODY}",
        f"{LEAD}\n\nContact\n\n{BODY}",
        f"{LEAD}\n\n12 juin 2014\n\n{BODY}\n\n13 juin\n\n{BODY} Oui.",
        f"{LEAD}\n\n- Facebook\n- Twitter et les autres\n\n{BODY}",
        f"{LEAD}\n\n« Allez !\n\nAllez ! »\n\n{BODY}",
        f"{LEAD}\n\nRépondre aux riverains\n\n{BODY}\n\nSe connecter au large\n\n{BODY} Oui.",
        "Un « mot\u00a0», un\u202f; un “autre” : l’été d'Ève…",
    ],
)
def test_a_text_with_nothing_around_it_is_untouched(text: str) -> None:
    found = extract(text)
    kept = text.removeprefix("\ufeff")
    if "12 juin 2014" in text:  # it stands where the date of publication does
        kept = text.replace("12 juin 2014\n\n", "")
        assert found.date_published is not None
    assert (found.text, found.kind) == (kept, DocumentKind.TEXT)
    assert found.title is None


def test_line_ends_and_accents_are_brought_into_the_form_that_is_stored() -> None:
    written = f"{LEAD}\r\n\r\nL'e\u0301te\u0301\rfinit, et la mer est haute comme jamais."
    found = extract(written)
    assert found.text == normalise_text(written)
    check_runs(found, written.encode())
    start = found.text.index("été")
    original = find_original(found.runs, start, start + 3)
    assert written[slice(*original)] == "e\u0301te\u0301"


def test_paragraphs_of_a_page_are_parted_and_those_of_a_clean_text_stay() -> None:
    assert extract(f"{LEAD} {BODY}\n{BODY} {LEAD}").text == f"{LEAD} {BODY}\n{BODY} {LEAD}"
    page = f"{LEAD} {BODY}\n{BODY} {LEAD}\nPublicité\n- {LEAD} {LEAD}"
    assert extract(page).text == f"{LEAD} {BODY}\n\n{BODY} {LEAD}\n\n- {LEAD} {LEAD}"
    listed = f"{LEAD}\n\n- un quai\nPublicité\n- une grue"
    assert extract(listed).text == f"{LEAD}\n\n- un quai\n- une grue"


def test_a_long_file_that_is_no_page_is_taken_as_it_is() -> None:
    text = f"Publicité\n{LEAD}\n" * (MAX_LINES // 2 + 1)
    found = extract(text)
    assert (found.text, found.dropped, found.title) == (text, (), None)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b" \n\t\n", "the file holds no text"),
        ("Publicité\n\nLire aussi\nPartager sur Facebook\n".encode(), "no article in it: its 3"),
        (b"a\0", "not a text file"),
    ],
)
def test_what_holds_no_article_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ArticleError) as caught:
        extract_text(data, "port.txt", today=TODAY)
    assert caught.value.origin == "port.txt"
    assert caught.value.reason.startswith(reason)


def test_a_line_alone_is_title_and_text() -> None:
    found = extract(TITLE)
    assert found.text == TITLE
    assert found.title is not None
    assert (found.title.value, found.dropped) == (TITLE, ())


# The title and the site


@pytest.mark.parametrize(
    ("page", "title", "site", "how"),
    [
        (f"{TITLE}\n\n{LEAD}", TITLE, None, "line 1, above the text"),
        (f"{TITLE}\n\nMenu\n\n{TITLE}\n\n{LEAD}", TITLE, None, "line 1, repeated on line 5"),
        (f"{TITLE} | Port Info\n\n{LEAD}", TITLE, "Port Info", "line 1, above the text"),
        (f"i {TITLE} - Port Info\n\n{TITLE}\n{LEAD}", TITLE, "Port Info", "line 3, repeated on"),
        (f"Port Info: {TITLE}\n\nPort Info\n\n{TITLE}\n\n{LEAD}", TITLE, "Port Info", "line 5, "),
        (f"Titre : {TITLE}\n\n{LEAD}", TITLE, None, f"line 1: Titre : {TITLE}"),
        (f"Accueil\nActus\nUn slogan de quatre mots\nMenu\n{TITLE}\nPar Jeanne Petit\n\n{LEAD}",
         TITLE, None, "line 5, above the text"),
        (f"{TITLE}\nUn sous-titre de quatre mots\nPar Jeanne Petit\n{LEAD}", TITLE, None, "line 1"),
        (f"18:04 Rugby : Vannes perd de peu\n\n{TITLE}\n\n{LEAD}", TITLE, None, "line 3, above"),
        (f"Port\n\n{LEAD}", "Port", None, "line 1, above the text"),
    ],
)  # fmt: skip
def test_the_title_is_what_is_repeated_or_stands_first_above_the_text(
    page: str, title: str, site: str | None, how: str
) -> None:
    found = extract(page)
    assert found.title is not None
    assert found.title.value == title
    assert found.title.how.startswith(how)
    stated = "Titre" in page
    assert found.title.certainty is (Certainty.STATED if stated else Certainty.LIKELY)
    assert (found.publisher and found.publisher.value) == site
    assert title not in found.text


def test_a_dash_in_a_title_parts_no_site_from_it() -> None:
    found = extract(f"Marseille - Aix\n\n{LEAD}")
    assert found.title is not None
    assert (found.title.value, found.publisher) == ("Marseille - Aix", None)


def test_headings_are_kept_and_rank_below_the_title() -> None:
    found = extract(f"{TITLE}\n\nUn quai tout neuf\n\n{LEAD}\n\nCap vers le large\n\n{BODY}")
    headings = [found.text[each.start : each.end] for each in found.headings]
    assert headings == ["Un quai tout neuf", "Cap vers le large"]
    assert {each.level for each in found.headings} == {2}
    alone = extract(f"{LEAD}\n\nCap vers le large\n\n{BODY}")
    start = len(LEAD) + 2
    assert alone.headings == (Heading(2, start, start + len("Cap vers le large")),)


# What stands around an article


def place(line: str) -> str:
    return f"{TITLE}\n\n{LEAD}\n\n{line}\n\n{BODY}"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Publicité", "advertisement"),
        ("Advertisement", "advertisement"),
        ("La suite après cette publicité", "advertisement"),
        ("Aller au contenu principal", "menu"),
        ("Accueil > Économie > Ports", "menu"),
        ("Accueil | Actualités | Contact | Plan du site", "menu"),
        ("Accueil Actualités Contact Agenda Mentions légales", "menu"),
        ("Temps de lecture : 4 minutes", "menu"),
        ("4 min read", "menu"),
        ("FR | EN", "menu"),
        ("Partager sur Facebook", "share buttons"),
        ("Facebook Twitter LinkedIn", "share buttons"),
        ("12 partages", "share buttons"),
        ("@jeannepetit", "share buttons"),
        ("Nous utilisons des cookies pour mesurer l'audience de ce site.", "cookie notice"),
        ("Tout accepter", "cookie notice"),
        ("Inscrivez-vous à notre newsletter", "newsletter"),
        ("Vous recevez ce message car vous êtes inscrit.", "newsletter"),
        ("Commentaire 0", "comments"),
        ("Votre email ne sera pas affiché publiquement.", "comments"),
        ("Il n'y a actuellement aucun commentaire concernant cet article.", "comments"),
        ("Laisser un commentaire", "comments"),
        ("Mot de passe oublié ?", "login"),
        ("Cet article est réservé aux abonnés.", "login"),
        ("Lire aussi : Le quai qui voulait marcher", "related articles"),
        ("READ MORE: The quay that wanted to walk", "related articles"),
        ("Sujets les + lus", "related articles"),
        ("Guide du port 2020 (PDF - 1,2 Mo)", "related articles"),
        ("Mots-clés : port, grues, quais", "tags"),
        ("#port #grues", "tags"),
        ("Vous aimez cet article ? Soutenez-nous !", "appeal"),
        ("©Jeanne Petit", "credit"),
        ("(SIPA/JEANNE PETIT)", "credit"),
        ("Jeanne Petit / AFP", "credit"),
        ("Crédit photo : Jeanne Petit", "credit"),
        ("Photo : le vieux quai", "credit"),
        ("Le vieux quai (Photo Jeanne Petit)", "credit"),
        ("Image source, Jeanne Petit", "credit"),
        ("IMG_1234", "name of a picture"),
        ("DSC01234-2.JPG", "name of a picture"),
        ("4c4cc76eba3237071a6a495f1ada9ec3-858x480.jpg", "name of a picture"),
        ("le port vu du quai.png", "name of a picture"),
        ("quai du port 24 09 2015", "name of a picture"),
        ("[Logo de la ville]", "name of a picture"),
        ("© 2024 Port Info. Tous droits réservés.", "copyright"),
        ("Par Jeanne Petit", "author"),
        ("Publié le 12 juin 2014", "date"),
    ],
)
def test_a_line_that_is_no_sentence_of_an_article_is_left_out_wherever_it_stands(
    line: str, reason: str
) -> None:
    found = extract(place(line))
    assert list_dropped(found) == [("title", TITLE), (reason, line)]
    assert found.text == f"{LEAD}\n\n{BODY}"


@pytest.mark.parametrize(
    "line",
    [
        "Se connecter à l'Afrique",
        "Répondre à l'urgence",
        "Retour à la normale",
        "Réagir vite",
        "Marseille innovation",
        "Partager l'eau du fleuve",
        "Contact",
        "Facebook",
        "Photo : Jeanne Petit dirige le port depuis dix ans.",
        "Les bacs attendent leurs premiers poissons. (Photo Jeanne Petit)",
        "« Nous utilisons des cookies », reconnaît le port.",
        "Il sera publié en mai.",
        "Aucun commentaire n'a été fait par le port, et il n'en sera pas fait d'autre.",
        "Inscrivez-vous avant le 3 mai, répète l'affiche.",
        "Par ailleurs, le quai est fermé.",
        "By Design",
        "Cela devrait changer.",
        "No comment, he said.",
        "12 juin",
        "***",
        "Oui.",
        "Combien cela coûte-t-il ?",
        "Thématiques",
        "Lieu : salle des fêtes",
    ],
)
def test_a_line_that_may_be_the_articles_stays(line: str) -> None:
    found = extract(place(line))
    assert list_dropped(found) == [("title", TITLE)]
    assert found.text == f"{LEAD}\n\n{line}\n\n{BODY}"


def test_the_words_of_menus_go_above_and_below_the_text() -> None:
    page = f"Rechercher\n{TITLE}\n\n{LEAD}\n\nPodcasts\n\n{BODY}\n\nPodcasts\n|\n"
    found = extract(page)
    assert found.text == f"{LEAD}\n\nPodcasts\n\n{BODY}"
    among = extract(f"{TITLE}\n\n{LEAD}\n\nPublicité\nPodcasts\nPublicité\n\n{BODY}")
    assert among.text == f"{LEAD}\n\n{BODY}"


def test_a_list_of_other_articles_goes_with_the_line_that_opens_it() -> None:
    titles = "Le quai qui voulait marcher\n\nUn phare est-il un métier comme les autres ?"
    below = extract(f"{TITLE}\n\n{LEAD}\n\n{BODY}\n\nNos vidéos\n\n{titles}")
    assert below.text == f"{LEAD}\n\n{BODY}"
    # Within the text one block goes, and the next may be a heading.
    within = extract(f"{TITLE}\n\n{LEAD}\n\nLire aussi\n\n{titles}\n\n{BODY}")
    assert within.text == f"{LEAD}\n\nUn phare est-il un métier comme les autres ?\n\n{BODY}"
    # A sentence ends it, however short.
    short = extract(f"{TITLE}\n\n{LEAD}\n\nNos vidéos\n\nC'est tout.")
    assert short.text == f"{LEAD}\n\nC'est tout."
    sentences = extract(
        f"{TITLE}\n\n{LEAD}\n\nLire aussi\nDeux quais. Une mer. Est-ce tout ?\n{BODY}"
    )
    assert sentences.text == f"{LEAD}\n\nDeux quais. Une mer. Est-ce tout ?\n{BODY}"


def test_what_readers_wrote_goes_down_to_the_end() -> None:
    comments = (
        "2 commentaires\nLulu\n14 février 2023 à 08:12\nBravo à eux, et merci pour le port !\n"
        "Répondre\nMarius13\n14 février 2023 à 09:30\nEt les riverains, on leur demande quoi ?"
    )
    found = extract(f"{TITLE}\n\n{LEAD}\n\n{BODY}\n\n{comments}")
    assert found.text == f"{LEAD}\n\n{BODY}"
    # An evening's programme is none of theirs.
    evening = "Réagir\n\nVendredi 12 juin à 20h30\n\nLe bal\n\nSamedi 13 juin à 20h30\n\nLe loto"
    assert extract(f"{TITLE}\n\n{LEAD}\n\n{evening}\n\n{BODY}").text.endswith(f"Le loto\n\n{BODY}")
    # A number of comments above the text opens nothing.
    above = extract(f"{TITLE}\n2 commentaires\n\n{LEAD}\n\n{BODY}")
    assert above.text == f"{LEAD}\n\n{BODY}"


def test_below_the_form_of_comments_stand_other_articles() -> None:
    form = "Votre adresse e-mail ne sera pas publiée.\n\nUn autre article commence ainsi."
    long_text = "\n\n".join([LEAD, BODY] * 3)
    assert extract(f"{TITLE}\n\n{long_text}\n\n{form}").text == extract(long_text).text
    # Not where much of the text stands below it.
    assert BODY in extract(f"{TITLE}\n\n{LEAD}\n\n{form}\n\n{BODY}").text


def test_a_lead_that_is_given_twice_is_kept_once_and_the_better_copy_of_it() -> None:
    lost = LEAD.replace("n'en", "n?en")
    assert len(LEAD) >= MIN_LEAD
    for first, second in ((lost, LEAD), (LEAD, lost), (LEAD, LEAD)):
        found = extract(f"{TITLE}\n\n{first}\n\n{second}\n\n{BODY}")
        assert found.text == f"{LEAD}\n\n{BODY}"
        assert ("repeated", lost if lost in (first, second) else LEAD) in list_dropped(found)
    cut = extract(f"{TITLE}\n\n{LEAD[:60]}…\n\n{LEAD}\n\n{BODY}")
    assert cut.text == f"{LEAD}\n\n{BODY}"
    assert list_dropped(cut)[1] == ("repeated", f"{LEAD[:60]}…")


def test_captions_that_are_repeated_go() -> None:
    caption = "Le vieux quai du port"
    found = extract(f"{TITLE}\n\n{LEAD}\n\n{caption}\n{caption}\n\n{BODY}")
    assert found.text == f"{LEAD}\n\n{BODY}"
    credited = extract(f"{TITLE}\n\n{LEAD}\n\n{caption}\n{caption} © Jeanne Petit\n\n{BODY}")
    assert credited.text == f"{LEAD}\n\n{BODY}"
    apart = extract(f"{TITLE}\n\n{LEAD}\n\n{caption}\n\n{BODY}\n\n{caption}\n\n{BODY} Oui.")
    assert apart.text.count(caption) == 2


def test_what_boxes_left_behind_a_sentence_is_cut_off() -> None:
    found = extract(
        f"{TITLE}\n\n{LEAD}\n\n{BODY} {BODY} Reportage Jeanne PETIT img_7071.jpg port.fr"
    )
    assert found.text == f"{LEAD}\n\n{BODY} {BODY}"
    assert list_dropped(found)[1:] == [
        ("author", "Reportage Jeanne PETIT"),
        ("name of a picture", "img_7071.jpg port.fr"),
    ]
    assert found.authors is not None
    assert found.authors.value == ("Jeanne PETIT",)


# Who, when, where


@pytest.mark.parametrize(
    ("line", "authors"),
    [
        ("Par Jeanne Petit", ("Jeanne Petit",)),
        ("By Jane Doe, Port Correspondent", ("Jane Doe",)),
        ("Par Jeanne Petit et Luc Grand (avec AFP)", ("Jeanne Petit", "Luc Grand")),
        ("Par Jeanne Petit, à Marseille", ("Jeanne Petit",)),
        ("Propos recueillis par Anne Le Goff", ("Anne Le Goff",)),
        ("Texte et photos : Jeanne PETIT", ("Jeanne PETIT",)),
        ("Auteur : Jean de La Tour", ("Jean de La Tour",)),
        ("Written by Jane Doe and John Q. Public", ("Jane Doe", "John Q. Public")),
        ("Par La rédaction", ("La rédaction",)),
        ("Par ailleurs, la ville", ()),
        ("Par Jeanne Petit, la ville a décidé de construire", ()),
        ("Par Marseille et Aix, la route est longue.", ()),
        ("By Design", ()),
        ("Reportage dans les quartiers", ()),
    ],
)
def test_a_byline_names_its_authors(line: str, authors: tuple[str, ...]) -> None:
    assert read_byline(line) == authors


def test_a_dateline_names_its_author_too() -> None:
    assert read_byline("By X | Tue, Sep 24 2015", dated=True) == ("X",)
    assert read_byline("Publié le 12 juin 2014 par Jean Petit dans Éco", dated=True) == (
        "Jean Petit",
    )
    found = extract(f"{TITLE}\nPublié le 12 juin 2014 par Jean Petit\n\n{LEAD}\n\nJean Petit")
    assert found.authors is not None
    assert (found.authors.value, found.authors.certainty) == (("Jean Petit",), Certainty.STATED)
    assert found.text == LEAD


def test_a_name_alone_below_the_text_or_beside_its_date_is_likely_the_authors() -> None:
    assert [read_signature(line) for line in ("A.D", "J.-P. E.", "Jean-Paul Petit")] == [
        "A.D",
        "J.-P. E.",
        "Jean-Paul Petit",
    ]
    for line in ("Le Port", "Vieux port", "Port Info", "Jean", "French Tech Marseille"):
        assert read_signature(line) is None
    assert names_role("Correspondant à Marseille")
    below = extract(f"{TITLE}\n\n{LEAD}\n\n{BODY}\n\nCorrespondante à Aix\n\nJeanne Petit\n\nTags")
    assert below.authors is not None
    assert (below.authors.value, below.authors.certainty) == (("Jeanne Petit",), Certainty.LIKELY)
    assert below.authors.how == "line 9: Jeanne Petit, below the text"
    assert below.text == f"{LEAD}\n\n{BODY}"
    above = extract(f"{TITLE}\n\nJeanne Petit\n12 juin 2014\n\n{LEAD}")
    assert above.authors is not None
    assert above.authors.how == "line 3: Jeanne Petit, beside the date"
    within = extract(f"{TITLE}\n\n{LEAD}\n\nJeanne Petit\n\n{BODY}")
    assert (within.authors, within.text) == (None, f"{LEAD}\n\nJeanne Petit\n\n{BODY}")


def test_a_footnote_may_stand_below_the_signature() -> None:
    note = "*Ce débat était organisé par le port et par les amis de la grue."
    found = extract(f"{TITLE}\n\n{LEAD}\n\n{BODY}\n\nA.D\n\n{note}")
    assert found.authors is not None
    assert found.authors.value == ("A.D",)
    assert found.text == f"{LEAD}\n\n{BODY}\n\n{note}"


def test_the_owner_of_the_page_is_likely_its_publisher() -> None:
    found = extract(f"{TITLE}\n\n{LEAD}\n\nPort Info\n© 2024 Port Info. Tous droits réservés.")
    assert found.publisher is not None
    assert (found.publisher.value, found.publisher.certainty) == ("Port Info", Certainty.LIKELY)
    assert found.text == LEAD
    above = extract(f"Port Info\n\nMenu\n\n{TITLE}\n\n{LEAD}\n\nPhoto : Port Info")
    assert above.publisher is not None
    assert above.publisher.how == "line 1, above the title, and line 9"


def test_the_address_of_the_page_stands_above_or_below_the_text() -> None:
    url = "https://port.example/a?b=1"
    labelled = extract(f"{TITLE}\nURL : {url}\n\n{LEAD}\n\n{BODY}")
    assert labelled.url is not None
    assert (labelled.url.value, labelled.url.certainty) == (url, Certainty.STATED)
    assert labelled.text == f"{LEAD}\n\n{BODY}"
    alone = extract(f"{TITLE}\n\n{LEAD}\n\n{BODY}\n\n{url}")
    assert alone.url is not None
    assert (alone.url.value, alone.url.certainty) == (url, Certainty.LIKELY)
    within = extract(f"{TITLE}\n\n{LEAD}\n\n{url}\n\n{BODY}")
    assert (within.url, url in within.text) == (None, True)
    assert extract(f"{TITLE}\n\n{LEAD}\n\n{url}\nhttps://other.example").url is None


def test_dates_are_found_in_the_lines_of_the_article_alone() -> None:
    related = "Lire aussi\nUn autre article\nPublié le 3 mai 2016"
    found = extract(f"{TITLE}\n\n{LEAD}\n\n{BODY}\n\n{related}")
    assert found.date_published is None
    told = "Ce jeudi 12 juin, les élus du port se sont réunis pour un débat ouvert à tous."
    assert extract(f"{TITLE}\n\n{told}").date_published is None
    inferred = extract(f"{TITLE}\n\n{told}", hint=date(2014, 6, 20)).date_published
    assert inferred is not None
    assert (inferred.value, inferred.certainty) == (date(2014, 6, 12), Certainty.INFERRED)


# What is never lost


def test_no_sentence_is_lost_among_lines_of_other_pages(clean_texts: Sequence[str]) -> None:
    """Lines left out of the invented pages are strewn among the paragraphs of the corpus."""
    junk = {
        language: [
            dropped.line
            for path in sorted(PAGES.glob(f"{language}*.txt"))
            for dropped in extract_text(path.read_bytes(), path.name, today=TODAY).dropped
            # Where these stand, all that follows is theirs.
            if dropped.reason not in ("title", "author", "date", "repeated", "comments")
        ]
        for language in Language
    }
    chance = random.Random(7)
    for text in clean_texts:
        language = extract(text).language
        assert language is not None
        lines = junk[language.value]
        pieces = [*chance.choices(lines, k=chance.randrange(12)), TITLE]
        for paragraph in text.split("\n\n"):
            pieces.append(paragraph)
            pieces += chance.choices(lines, k=chance.choice((0, 0, 0, 1, 2)))
        found = extract("\n\n".join([*pieces, *chance.choices(lines, k=chance.randrange(12))]))
        for span in split_sentences(text, language.value):
            sentence = text[span.start : span.end]
            if sentence[-1] in ".…" and len(sentence.split()) > 3:
                assert sentence in found.text


LINES = st.sampled_from(
    [
        *(LEAD, BODY, TITLE, f"{TITLE} | Port Info", "", "", " ", "Publicité", "Lire aussi", "|"),
        *("Par Jeanne Petit", "A.D", "12 juin 2014", "Publié le 12 juin 2014", "Contact", "- un"),
        *("Commentaire 0", "Lulu dit :", "Répondre", "IMG_1234", "©Jeanne", "l?air du c?ur", "x"),
        *(
            "dé\u00advelop\u00ad",
            "pement",
            "le tram-",
            "way",
            "e\u0301te\u0301",
            "© 2024 Port. Tous",
        ),
        *("Votre email ne sera pas publié", "https://a.example", "Le vieux quai", "Tags", "\u2028"),
    ]
)


@settings(deadline=None, max_examples=300)
@given(st.lists(LINES, min_size=1, max_size=14), st.sampled_from(["\n", "\r\n", "\n\n", "\r"]))
def test_runs_cover_the_text_of_any_page_and_lead_to_copies(lines: list[str], end: str) -> None:
    data = end.join(lines).encode()
    try:
        found = extract_text(data, "port.txt", today=TODAY)
    except ArticleError as error:
        assert "no article in it" in error.reason or "no text" in error.reason
        return
    check_runs(found, data)
    assert found.text == normalise_text(found.text)
    assert found.text.strip()
    for heading in found.headings:
        assert found.text[heading.start : heading.end].strip()
    if LEAD in lines:
        assert LEAD in found.text


def test_what_a_word_is_left_out_for_depends_on_how_sure_it_is() -> None:
    assert read_wording("Publicité") == Wording("advertisement")
    assert read_wording("Accueil") == Wording("menu", weak=True)
    assert read_wording("Lire aussi") == Wording("related articles", opens=True)
    assert read_wording("Tags") == Wording("tags", weak=True, opens=True)
    assert read_wording("Économie innovation numérique") == Wording("menu", weak=True)
    assert read_wording("—") == Wording("separator", weak=True)
    assert read_wording(LEAD) is None
    assert read_wording("x" * 5000) is None

import os
import time
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massilia.corpus.article import Heading, Language, normalise_text
from massilia.ingest.headings import find_headings
from massilia.ingest.sentences import (
    MAX_SENTENCE,
    MAX_SENTENCE_TOKENS,
    Span,
    estimate_tokens,
    split_sentences,
)

INVISIBLE = "\u200b\u2060\ufeff"
FLAG = "\U0001f1eb\U0001f1f7"
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"


def split(text: str, language: Language = Language.FRENCH) -> list[str]:
    return [text[span.start : span.end] for span in split_sentences(text, language)]


# A bar stands where one sentence ends and the next begins; it is no part of the text.
FRENCH = """
Le taux est de 16,6 % en 2013.| La moyenne est de 15,3 %.
La levée atteint 400 M€.| Le fonds pèse 3 Mds d'euros.| Il compte 40.000 membres.
M. Dupont et MM. Durand et Petit ont vu Mme. Leroy.| Le Dr. Blanc suit.
M. Le Goff préside.| Le plan de M. Van Damme est prêt.
La station St. Charles rouvre.| Voir l'étude n° 3.| Voir p. 4 et art. 2 du règlement.
Il vend des câbles, des serveurs, etc. dans le port.| Il loue des salles, etc.| Marseille suit.
Le texte est de J.-P. Enaut.| Un conte de J. R. R. Tolkien l'inspire.
L'art. L. 123 et le vol. IV, chap. 2, sont cités.| Le vol.| Il a duré.
Il dit « Venez.| Restez.| Marseille vous attend. »| La salle rit.
L'idée est neuve, c.-à-d. Rare.| On en parle.
Quoi ?!| Rien.| Tout va bien...| La suite demain.| Et puis…| Voilà.| Il attend… et repart.
Publié le 12.06.2014 à Aix.| Mis à jour le 1er avril 2022 à 12h24.| Fin.
Voir voyageprive.com, https://example.org/a.b?c=d.| Le site est neuf.
Écrire à a.b@example.org.| La photo img_7071.jpg suit.| La version 3.11.7 est sortie.
Le port [...] Marseille grandit.| Il ajoute (bravo !) Marseille et part.| (Il rit.)| Elle part.
Le câble est posé.[1]| Il est long.[2]| Un autre suit.
Le lieu ouvre ses portes.| thecamp accueille dix équipes.| iPhone et eBay aussi.
Il habite le 15e arrondiss. de Marseille.| 35 salariés suivent.
"Le quai est plein.| Venez !"| Elle rit.| “Oui.”| ‘Non.’| Bien.
Il y a.| Le projet suit.| Il pense donc.| En 500 av. J.-C. Marseille grandit.
En 49 av. J.-C.| Le siège.
Le prix : 3 euros ; le reste : rien !| Vraiment ?| Oui.
Yahoo! annonce un site.| « Qui vient ? » demande-t-il.| « Moi. », dit-elle.
La société Jaguar S.A.| Le groupe grandit.| Elle vaut 17 M€.| €2 de plus.
(il rit !)| Elle part.
Il rit !| iPhone et eBay aussi.| @numeum suit.| #port aussi.
Le câble est posé.[3]|Il est long.| Elle est à la S.A.| L'équipe grandit.| Il compte… 3 navires.
Bravo !| 🎉 Marseille gagne.| Elle gagne !🎉
"""
ENGLISH = """
Mr. Smith met Dr. Jones at St. Mary's.| They left at 5 p.m. on Monday.| It was late.
The U.S. Senate sat.| He lives in the U.S.| The law changed.
See No. 5 and Fig. 2.| He said no.| Then he left.
Apple Inc. Google and Foo Ltd. merged.| It cost approx. 5 euros, i.e. €2.3bn, e.g. Nothing.
France vs. England was played.| Prices rose 1.3 points.| Version 3.11.7 is out.
"Is it open?" she asked.| "It is."| She smiled.| ‘Good.’| He left.
It has ships, cranes, etc. and more.| It has docks, etc.| Marseille grew.
J. R. R. Tolkien wrote it.| A.D. Miller agreed.| Lt. Col. A. K. Togun left Foo Inc.| A crowd came.
It was founded c. AD 53.| In Sept. 2014 it grew.| The brother of P. N. Haksar spoke.
Wait...| What?| Really?!| Yes.| It ended (see p. 4).| The rest (It was long.)| Nobody knows.
"""


def cases(table: str) -> list[str]:
    return table.strip().splitlines()


@pytest.mark.parametrize("case", cases(FRENCH))
def test_a_french_line_splits_where_its_bars_are(case: str) -> None:
    assert split(case.replace("|", "")) == [part.strip() for part in case.split("|")]


@pytest.mark.parametrize("case", cases(ENGLISH))
def test_an_english_line_splits_where_its_bars_are(case: str) -> None:
    expected = [part.strip() for part in case.split("|")]
    assert split(case.replace("|", ""), Language.ENGLISH) == expected


# Line ends are written as "/", and bars stand as above.
@pytest.mark.parametrize(
    "case",
    [
        "Un titre court|/Un paragraphe suit, qui est bien plus long que son titre.",
        "Il dit cela.|//Elle répond.",
        "Il dit|//et s'arrête.",
        "Trois membres :|/• Anne Martin, présidente|/• et Paul Roux|/- Marc Petit|/* Luc Bon",
        "Étapes|/1. Poser le câble. |Vérifier.|/2) Le relier|/(3) Finir",
        "Il y a Anne, présidente,|/• Paul Roux",
        "©Anne Martin|/©Anne Martin",
        "Anne Martin, présidente du réseau|/Marc Dupont, directeur de l'école",
        "Elle est venue à la gare, oui.|/puis elle est partie.",
        "fintech|/cloud|/edtech",
        "Anne Martin|/thecamp ouvre.",
        "Le campus ouvre ses portes en/septembre, à Aix.",
        "12, rue de la Loge,/13002 Marseille",
        "Le travail de la mer se prépare à Marseille, où tous les/câbles de trois mers arrivent. |"
        "La ville de Marseille,/port ancien, vit de ses échanges avec la mer, avec M./"
        "Dupont et avec d'autres.|/Un titre|/Une nouvelle ligne commence ici.",
        "(Sipa A. Martin)|/Publié le 3 mai 2019 à 08:15",
    ],
)
def test_a_line_end_breaks_unless_prose_is_wrapped(case: str) -> None:
    text = case.replace("|", "").replace("/", "\n")
    assert split(text) == [part.strip("/ ").replace("/", "\n") for part in case.split("|")]


def test_french_spaces_before_marks_stay_inside_the_sentence() -> None:
    assert split("Oui\u202f!\u00a0Il dit «\u00a0Non.\u00a0» Fin.") == [
        "Oui\u202f!",
        "Il dit «\u00a0Non.\u00a0»",
        "Fin.",
    ]


@pytest.mark.parametrize("text", ["", " \n\t\u00a0", INVISIBLE])
def test_white_space_holds_no_sentence(text: str) -> None:
    assert split(text) == []


def test_a_heading_is_in_no_sentence() -> None:
    text = "Il part\nLe port\nil revient"
    spans = split_sentences(text, Language.FRENCH, [Heading(2, 8, 15)])
    assert [text[span.start : span.end] for span in spans] == ["Il part", "il revient"]


@pytest.mark.parametrize(
    "headings",
    [[Heading(1, 0, 9)], [Heading(1, 2, 4), Heading(1, 3, 5)], [Heading(1, -1, 2)]],
    ids=["beyond the end", "overlapping", "before the start"],
)
def test_a_heading_out_of_place_is_refused_by_name(headings: list[Heading]) -> None:
    with pytest.raises(ValueError, match=r"Heading\(level=1, .* has 7 characters"):
        split_sentences("Le port", Language.FRENCH, headings)


def test_too_long_a_sentence_is_cut_at_its_strongest_pause() -> None:
    clause = "le port accueille des navires, des câbles et des gens"
    text = "; ".join([clause] * 30)
    pieces = split(text)
    assert len(pieces) == 2
    assert pieces[0].endswith(";")
    assert pieces[1].startswith("le port")


def test_too_long_a_sentence_without_pauses_is_cut_at_a_space() -> None:
    pieces = split(" ".join(["navires"] * 300))
    assert {word for piece in pieces for word in piece.split()} == {"navires"}


@pytest.mark.parametrize("unit", ["e\u0301\u0323", FAMILY, FLAG, "\U0001f44d\U0001f3fd"])
def test_a_hard_cut_never_divides_what_a_reader_sees_as_one_character(unit: str) -> None:
    text = "日" + unit * 1000
    pieces = split(text)
    assert len(pieces) > 1
    assert all(piece == unit * (len(piece) // len(unit)) for piece in [pieces[0][1:], *pieces[1:]])


@pytest.mark.parametrize(
    "unit", ["x", "mot ", ". ", "A. ", "(a !) ", '." ', "\u0301", ". ((", "x\n"]
)
def test_time_grows_with_the_text_and_not_with_its_square(unit: str) -> None:
    text = unit * (100_000 // len(unit))
    begun = time.process_time()
    spans = split_sentences(text, Language.FRENCH)
    assert time.process_time() - begun < 2  # a tenth of that is usual; a square takes minutes
    assert max(span.end - span.start for span in spans) <= MAX_SENTENCE


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("la ville", 2),
        ("Marseille", 2),
        ("400 M€", 4),
        ("xzt", 3),
        ("日本", 2),
        ("a.b", 3),
    ],
)
def test_a_token_is_two_syllables_two_digits_or_one_other_character(text: str, tokens: int) -> None:
    assert estimate_tokens(text) == tokens


FRAGMENTS = st.sampled_from(
    "Marseille|accueille|M.|Dupont|U.S.|etc.|J.-P.|«|»|\"|'|(|)|[...]|"
    "[1]|...|…|?!| !| ?|.|. |: |; |"
    ", |\n|\n\n|\r\n|\t|\u00a0|\u202f|\u200b|\ufeff|\u2028|\u0301|é|e\u0301|16,6 %|3.11.7|"
    f"thecamp|iPhone|• |1. |- |The|port|400 M€|日本|"
    f"https://example.org/a.b?c=d.|{FAMILY}|{FLAG}".split("|")
)
TEXTS = st.one_of(
    st.lists(FRAGMENTS, max_size=80).map("".join),
    st.lists(FRAGMENTS, max_size=80).map(" ".join),
    st.text(max_size=200),
    st.tuples(FRAGMENTS, st.integers(1, 2000)).map(lambda pair: pair[0] * pair[1]),
).map(normalise_text)


def is_visible(character: str) -> bool:
    return not character.isspace() and character not in INVISIBLE


@settings(deadline=None, max_examples=300)
@given(TEXTS, st.sampled_from(Language), st.data())
def test_every_visible_character_outside_headings_is_in_exactly_one_sentence(
    text: str, language: Language, data: st.DataObject
) -> None:
    borders = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=4)))
    headings = [Heading(2, *pair) for pair in zip(borders[::2], borders[1::2], strict=False)]
    spans = split_sentences(text, language, headings)
    covered = [position for span in spans for position in range(span.start, span.end)]
    in_heading = {position for h in headings for position in range(h.start, h.end)}
    visible = {position for position, character in enumerate(text) if is_visible(character)}
    assert covered == sorted(set(covered))
    assert in_heading.isdisjoint(covered)
    assert visible - in_heading <= set(covered)
    for span in spans:
        sentence = text[span.start : span.end]
        assert is_visible(sentence[0])
        assert is_visible(sentence[-1])
        assert "\n\n" not in sentence
        assert len(sentence) <= MAX_SENTENCE
        assert estimate_tokens(sentence) <= MAX_SENTENCE_TOKENS


@settings(deadline=None, max_examples=200)
@given(TEXTS)
def test_no_sentence_starts_with_the_accent_of_the_character_before(text: str) -> None:
    for span in split_sentences(text, Language.FRENCH):
        before = text[max(0, span.start - 33) : span.start + 1]
        if unicodedata.combining(before[-1]) and len(before) > 1:
            chain = all(unicodedata.combining(character) for character in before)
            assert chain or not is_visible(before[-2])


@settings(deadline=None, max_examples=100)
@given(TEXTS)
def test_a_paragraph_splits_the_same_alone_and_among_others(text: str) -> None:
    alone = split_sentences(text, Language.FRENCH)
    before = "Un autre paragraphe.\n\n"
    among = split_sentences(before + text + "\n\nEncore un.", Language.FRENCH)
    assert among[1:-1] == tuple(
        Span(span.start + len(before), span.end + len(before)) for span in alone
    )


ABOVE = "Le texte du dessus est une phrase."
BELOW = "Le texte du dessous est une phrase aussi."
LONG = "Le port accueille des câbles et la ville accueille des gens, " * 2 + "dit-elle"


def headings_of(*blocks: str) -> list[tuple[int, str]]:
    text = "\n\n".join(blocks)
    return [(heading.level, text[heading.start : heading.end]) for heading in find_headings(text)]


@pytest.mark.parametrize(
    "line",
    [
        "Cap vers le large",
        "Un marché assez profond ?",
        "Réseau Machin : une alliance en R&D",
        "Un lieu à découvrir, ici et là",
        "What we do for the port",
    ],
)
def test_a_short_line_between_two_stretches_of_text_is_a_heading(line: str) -> None:
    assert headings_of(ABOVE, line, BELOW) == [(2, line)]
    assert headings_of(line, BELOW) == [(1, line)]
    assert headings_of(LONG, line + "\n" + LONG) == [(2, line)]
    assert headings_of("- le port\n- la ville", line, BELOW) == [(2, line)]


@pytest.mark.parametrize(
    "line",
    [
        "Contexte",
        "A.D",
        "le port en fête",
        "• Anne Martin, présidente",
        "- Le port de la ville",
        "1. Le port de la ville",
        "Photo : le vieux port",
        "Publié par le réseau",
        "Jean-Pierre Martin",
        "Une nouvelle vie pour la",
        "Le port compte trois cents navires.",
        "Les membres du réseau sont :",
        "Le port compte 300 navires",
        "Le port / la ville",
        "« Un mot du port »",
        "Un mot du « Port »",
        "Les collectivités accueillent des télécommunications transcontinentales durables",
        "Un à un les gens du port se lèvent et s'en vont au loin",
    ],
)
def test_a_line_that_may_be_a_sentence_a_caption_or_a_name_is_no_heading(line: str) -> None:
    assert headings_of(ABOVE, line, BELOW) == []


def test_a_short_line_among_other_short_lines_is_no_heading() -> None:
    line = "Cap vers le large"
    assert headings_of(ABOVE, line, "Nos vidéos") == []
    assert headings_of(ABOVE, "Nos vidéos", line, BELOW) == []
    assert headings_of(ABOVE, line + "\nLe port est au bout.", BELOW) == []
    assert headings_of(ABOVE, line) == []


@settings(deadline=None, max_examples=100)
@given(TEXTS)
def test_headings_found_are_in_order_and_can_be_left_out(text: str) -> None:
    headings = find_headings(text)
    assert all(
        text[heading.start : heading.end].strip() == text[heading.start : heading.end] != ""
        for heading in headings
    )
    split_sentences(text, Language.FRENCH, headings)  # raises if they are out of order


def shared_articles() -> list[Path]:
    default = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("MASSILIA_SHARED", default)) / "articles"
    return sorted(folder.glob("*.txt"))


def test_five_press_texts_split_into_as_many_sentences_as_were_read_by_eye() -> None:
    paths = shared_articles()
    if not paths:
        pytest.skip("no press texts: set MASSILIA_SHARED to the folder that holds articles/")
    counts = {}
    for path in paths:
        text = normalise_text(path.read_text("utf-8"))
        headings = find_headings(text)
        sentences = split_sentences(text, Language.FRENCH, headings)
        counts[path.name[:3]] = (len(headings), len(sentences))
    # (headings, sentences): every one of them was read, and no border was found wrong.
    assert counts == {
        "000": (2, 29),
        "001": (2, 29),
        "002": (7, 54),
        "003": (1, 30),
        "004": (1, 40),
    }

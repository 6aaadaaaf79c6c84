"""Articles in two languages: a release followed by its translation, a quoted page of the other."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from massilia.corpus.article import Article, Heading, Language, Source
from massilia.corpus.embedded import list_embedded_articles
from massilia.index.article_rows import fingerprint_article
from massilia.index.change import Outcome
from massilia.index.encoder import Encoder
from massilia.index.filter import Filter
from massilia.index.library import Library
from massilia.index.store import Store
from massilia.ingest.document import Document
from massilia.ingest.documents import read_article
from massilia.ingest.language import weigh_language
from massilia.ingest.language_stretches import find_stretches
from massilia.ingest.passages import split_passages
from massilia.ingest.sentences import Stretch, split_sentences
from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.composition import compose_answer
from massilia.service.marked_text import mark_text
from massilia.service.question import read_question

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
IN_FRENCH = (
    "Le chantier naval Kerloc a livré hier au port de Tréven son nouveau remorqueur, "
    "qui mesure 32 mètres et marche à l'hydrogène. L'équipage l'a baptisé Goéland devant "
    "une centaine d'habitants venus malgré la pluie."
)
MORE_FRENCH = (
    "La directrice du chantier, Maud Riou, a remercié les ouvriers qui ont travaillé pendant "
    "trois hivers. « Nous avons tout dessiné ici », a-t-elle dit."
)
IN_ENGLISH = (
    "The Kerloc shipyard yesterday delivered its new tug to the port of Treven; the boat is "
    "32 metres long and runs on hydrogen. The crew met Gov. Lee on the quay and named her "
    "Goeland before a hundred people who had come in spite of the rain."
)
MORE_ENGLISH = (
    "The head of the yard, Maud Riou, thanked the workers who had laboured on it for three "
    "winters. “We drew all of it here,” she said. The tug cost 14 million pounds to build."
)
IN_DUTCH = (
    "De werf heeft gisteren haar nieuwe sleepboot aan de haven geleverd; het schip is "
    "tweeëndertig meter lang en vaart op waterstof. De bemanning doopte het voor honderd "
    "mensen die ondanks de regen waren gekomen en daarna samen naar de kade liepen."
)
NAMES = (
    "Blue Harbour, Sea Cloud, Night Train, Data Bridge, Green Quay, Open Dock, Port Logic, "
    "Deep Water, White Sail, North Star, Wave Maker, Coast Line, Harbour Works, Ship Shape, "
    "Dock Five, Rope Walk, Salt House, Tide Table, Sea Change, Anchor Point, Harbour Light, "
    "Sail Loft, Ocean Mind, Quay Side, Tug Boat, Storm Glass, Sea Wall, Lock Keeper, Cargo Bay, "
    "Blue Peter, High Tide, Net Shed"
)


def make_article(*paragraphs: str, language: Language = FRENCH, **more: object) -> Article:
    article = Article("tug", language, "Le remorqueur", "\n\n".join(paragraphs), "tug.txt")
    return replace(article, **more)  # type: ignore[arg-type]


def cut(article: Article) -> list[str]:
    """Return the text of each stretch in the other language."""
    return [
        article.text[each.start : each.end]
        for each in find_stretches(article.text, article.language, article.headings)
    ]


MIXED = make_article(IN_FRENCH, MORE_FRENCH, IN_ENGLISH, MORE_ENGLISH)


# Which stretches are in the other language


def test_a_release_and_its_translation_are_told_apart() -> None:
    start = MIXED.text.index(IN_ENGLISH)
    assert find_stretches(MIXED.text, FRENCH) == (Stretch(start, len(MIXED.text), ENGLISH),)
    assert cut(replace(MIXED, language=ENGLISH)) == [f"{IN_FRENCH}\n\n{MORE_FRENCH}"]
    assert cut(make_article(IN_ENGLISH, IN_FRENCH, MORE_ENGLISH)) == [IN_ENGLISH, MORE_ENGLISH]


def test_every_passage_of_the_embedded_articles_is_in_the_language_of_its_article() -> None:
    articles = [read_article(path) for path in list_embedded_articles()]
    assert len(articles) > 50
    for article in articles:
        split = split_passages(article)
        assert {passage.language for passage in split.passages} == {article.language}
        assert split.sentences == split_sentences(article.text, article.language, article.headings)


def test_embedded_articles_put_together_are_told_apart_to_the_letter() -> None:
    articles = {each.id: each for each in map(read_article, list_embedded_articles())}
    pairs = [
        (each, articles[each.translation_of])
        for each in articles.values()
        if each.translation_of in articles
    ]
    assert len(pairs) > 20
    for first, second in pairs:
        article = make_article(first.text, second.text, language=first.language)
        border = len(first.text) + 2
        (stretch,) = find_stretches(article.text, article.language)
        assert abs(stretch.start - border) < 80
        assert stretch.end == len(article.text)


def test_a_few_words_of_the_other_language_are_not_enough() -> None:
    quoted = "“We drew all of it here, and we are proud of the boat,” she said."
    assert weigh_language(quoted, ENGLISH, FRENCH) > 20
    assert cut(make_article(IN_FRENCH, quoted, MORE_FRENCH)) == []


def test_an_address_between_paragraphs_of_the_other_language_is_in_it_too() -> None:
    article = make_article(IN_FRENCH, IN_ENGLISH, "Rue du Port, 3", MORE_ENGLISH, MORE_FRENCH)
    assert cut(article) == [f"{IN_ENGLISH}\n\nRue du Port, 3\n\n{MORE_ENGLISH}"]


def test_names_of_the_other_language_are_not_its_words() -> None:
    assert weigh_language(NAMES, ENGLISH, FRENCH) > 100
    assert cut(make_article(IN_FRENCH, NAMES, MORE_FRENCH)) == []


def test_a_third_language_is_not_the_other_one() -> None:
    assert weigh_language(IN_DUTCH, ENGLISH, FRENCH) < 0
    assert cut(make_article(IN_FRENCH, IN_DUTCH, MORE_FRENCH)) == []


@pytest.mark.parametrize("text", ["", "\n\n", "1972-1999", "\u200b"])
def test_a_text_without_words_has_no_stretch(text: str) -> None:
    assert find_stretches(text, FRENCH) == ()


def test_headings_that_leave_the_text_are_refused() -> None:
    with pytest.raises(ValueError, match="leaves the text"):
        find_stretches("Le port", FRENCH, (Heading(2, 3, 99),))


# How it is split


def test_a_passage_does_not_cross_from_one_language_into_the_other() -> None:
    passages = split_passages(MIXED).passages
    assert [(each.text, each.language) for each in passages] == [
        (f"{IN_FRENCH}\n\n{MORE_FRENCH}", FRENCH),
        (f"{IN_ENGLISH}\n\n{MORE_ENGLISH}", ENGLISH),
    ]
    assert passages[0].last_sentence + 1 == passages[1].first_sentence


def test_sentences_are_split_by_the_rules_of_their_own_language() -> None:
    def write(article: Article) -> list[str]:
        spans = split_passages(article).sentences
        return [article.text[span.start : span.end] for span in spans]

    alone = make_article(IN_ENGLISH, MORE_ENGLISH, language=ENGLISH)
    assert write(MIXED)[-len(write(alone)) :] == write(alone)
    # By French rules "Gov." ends one.
    assert len(split_sentences(MIXED.text, FRENCH)) == len(write(MIXED)) + 1


# What the library keeps


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.create(tmp_path / "kept")
    yield opened
    opened.close()


def test_a_library_keeps_the_language_of_each_passage_and_sentence(store: Store) -> None:
    store.put([Document(MIXED, "/nowhere/tug.txt")])
    passages = store.indexed_passages()
    assert [each.language for each in passages] == [FRENCH, ENGLISH]
    assert [row.language for row in store.passage_rows()] == [FRENCH, ENGLISH]
    stored = store.passages([each.id for each in passages])
    assert [each.language for each in stored] == [FRENCH, ENGLISH]
    for sentence in store.indexed_sentences():
        assert sentence.language is (FRENCH if sentence.text in MIXED.text[:380] else ENGLISH)
    (entry,) = store.entries()
    assert entry.language is FRENCH


def test_a_heading_between_passages_of_a_stretch_belongs_to_it(store: Store) -> None:
    text = f"{IN_FRENCH}\n\n{IN_ENGLISH}\n\nThe yard\n\n{MORE_ENGLISH}\n\n{MORE_FRENCH}"
    start = text.index("The yard")
    article = replace(MIXED, text=text, headings=(Heading(2, start, start + 8),))
    store.put([Document(article, "/nowhere/tug.txt")])
    (stretch,) = store.stretches("tug")
    assert text[stretch.start : stretch.end] == f"{IN_ENGLISH}\n\nThe yard\n\n{MORE_ENGLISH}"
    blocks = mark_text(article, None, (stretch,))
    assert [block.language for block in blocks] == [FRENCH, ENGLISH, ENGLISH, ENGLISH, FRENCH]
    assert store.stretches("nowhere") == ()


def test_two_stretches_of_an_article_stay_two(store: Store) -> None:
    article = make_article(IN_ENGLISH, IN_FRENCH, MORE_FRENCH, MORE_ENGLISH)
    store.put([Document(article, "/nowhere/tug.txt")])
    found = store.stretches("tug")
    assert [article.text[each.start : each.end] for each in found] == [IN_ENGLISH, MORE_ENGLISH]


def test_an_article_of_an_earlier_version_is_split_again_if_it_has_two_languages(
    store: Store,
) -> None:
    alone = replace(make_article(IN_FRENCH), id="alone")
    documents = [Document(MIXED, "/nowhere/tug.txt"), Document(alone, "/nowhere/alone.txt")]
    store.put(documents)
    assert [change.outcome for change in store.put(documents)] == [Outcome.UNCHANGED] * 2
    with store._transaction() as connection:
        for article in (MIXED, alone):
            connection.execute(
                "UPDATE articles SET fingerprint = ? WHERE id = ?",
                (fingerprint_article(article), article.id),
            )
        connection.execute("UPDATE passages SET language = NULL")
    assert [row.language for row in store.passage_rows()] == [FRENCH] * 3
    assert [change.outcome for change in store.put(documents)] == [
        Outcome.CHANGED,
        Outcome.UNCHANGED,
    ]
    assert sorted(row.language for row in store.passage_rows()) == [ENGLISH, FRENCH, FRENCH]


def test_an_article_in_one_language_has_the_fingerprint_of_earlier_versions() -> None:
    """As the version printed it that knew no stretches."""
    article = make_article("Le port vit.")
    assert fingerprint_article(article, find_stretches(article.text, FRENCH)) == (
        "c77d829c6e4ac1c6da8d59e78ddf12d48aece90039f5439f70260ef9043862be"
    )


# What is answered


@pytest.fixture(scope="module")
def bilingual(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Iterator[Answerer]:
    library = Library.create(tmp_path_factory.mktemp("bilingual") / "library")
    source = Source("s1", "Chantier", None, None, None, None)
    library.put([Document(replace(MIXED, sources=(source,)), "/nowhere/tug.txt")])
    library.mark_near_duplicates()
    library.build(encoder)
    yield Answerer(library, encoder)
    library.close()


def ask(answerer: Answerer, text: str, language: Language) -> Answer:
    return compose_answer(answerer.find(read_question(text, language)), threshold=0)


def test_a_filter_by_language_lets_the_passages_in_it_pass(bilingual: Answerer) -> None:
    for language, half in ((FRENCH, IN_FRENCH), (ENGLISH, IN_ENGLISH)):
        for text, asked in (("Who is Maud Riou?", ENGLISH), ("Qui est Maud Riou ?", FRENCH)):
            found = bilingual.find(
                read_question(text, asked, Filter(languages=frozenset({language})))
            )
            assert {each.passage.language for each in found.passages} == {language}
            begins = [MIXED.text[each.passage.start :] for each in found.passages]
            assert [each.startswith(half) for each in begins] == [True]


def test_a_quote_is_cited_in_its_own_language(bilingual: Answerer) -> None:
    english = ask(bilingual, "How long is the new tug of the Kerloc shipyard?", ENGLISH).quotes[0]
    assert "32 metres" in english.text
    assert (english.citation.language, english.citation.title_language) == (ENGLISH, FRENCH)
    french = ask(bilingual, "Combien mesure le remorqueur du chantier Kerloc ?", FRENCH).quotes[0]
    assert "32 mètres" in french.text
    assert (french.citation.language, french.citation.title_language) == (FRENCH, FRENCH)
    found = bilingual.find(read_question("How long is the new tug?", ENGLISH))
    assert {each.language for each in found.candidates} == {FRENCH, ENGLISH}


def test_pages_say_the_language_of_each_quote_and_paragraph(bilingual: Answerer) -> None:
    client = TestClient(create_app(bilingual))
    asked = "How much did the tug of the Kerloc shipyard cost to build?"
    page = client.get("/fr/", params={"q": asked}).text
    assert '<blockquote lang="en">' in page
    assert '<cite lang="fr">Le remorqueur</cite>' in page
    page = client.get("/fr/articles/tug").text
    assert f'<p lang="fr">{IN_FRENCH[:30]}' in page
    assert f'<p lang="en">{IN_ENGLISH[:30]}' in page

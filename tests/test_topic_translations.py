"""Names that are one in two languages: the library's own translations tell, and nothing else."""

from collections.abc import Mapping

import pytest
from fastapi.testclient import TestClient

from massilia.corpus.article import Article, Language
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.article_selection import Selection, select_articles
from massilia.service.library_topics import Topic, Topics
from massilia.service.topic_translations import MIN_WORKS, match_names
from tests.library_client import make_article

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH


def match(
    french: Mapping[str, Mapping[str, int]], english: Mapping[str, Mapping[str, int]]
) -> list[tuple[str, str]]:
    return [
        (pair[FRENCH], pair[ENGLISH]) for pair in match_names({FRENCH: french, ENGLISH: english})
    ]


def hold(*counts: int) -> dict[str, int]:
    return {f"work {number}": count for number, count in enumerate(counts) if count}


@pytest.mark.parametrize(
    ("french", "english", "matched"),
    [
        ({"ia": hold(4, 2, 1)}, {"ai": hold(3, 2, 1)}, [("ia", "ai")]),
        # Each next to its own.
        (
            {"ia": hold(4, 2, 1), "afrique": hold(0, 1, 1, 3)},
            {"africa": hold(0, 1, 1, 3), "ai": hold(4, 2, 1)},
            [("afrique", "africa"), ("ia", "ai")],
        ),
        # Too few works, too little in common.
        ({"ia": hold(9, 9)}, {"ai": hold(9, 9)}, []),
        ({"ia": hold(4, 4, 4)}, {"ai": hold(2, 2, 2)}, []),
        ({"ia": hold(9, 9, 1)}, {"ai": hold(9, 9, 0, 1)}, []),
        ({"ia": hold(1, 1, 1)}, {"ai": hold(0, 0, 0, 1, 1, 1)}, []),
        # A name that both languages have is its own translation.
        ({"ia": hold(4, 2, 1)}, {"ai": hold(4, 2, 1), "ia": hold(0, 0, 0, 1)}, []),
        ({"medusa": hold(4, 2, 1)}, {"medusa": hold(4, 2, 1)}, []),
        # Which of two it is isn't told.
        ({"ia": hold(4, 2, 1)}, {"ai": hold(4, 2, 1), "asia": hold(4, 2, 1)}, []),
        ({"ia": hold(4, 2, 1), "asie": hold(4, 2, 1)}, {"ai": hold(4, 2, 1)}, []),
        ({}, {"ai": hold(4, 2, 1)}, []),
    ],
)
def test_a_name_is_that_of_the_other_language_which_the_same_works_hold_as_often(
    french: Mapping[str, Mapping[str, int]],
    english: Mapping[str, Mapping[str, int]],
    matched: list[tuple[str, str]],
) -> None:
    assert match(french, english) == matched


def make_work(number: int) -> list[Article]:
    french = f"L'IA avance ici, étape {number}. On enseigne l'IA en {2020 + number}. Rien d'autre."
    english = f"Here AI advances, step {number}. They teach AI in {2020 + number}. Nothing else."
    return [
        make_article(f"{number}-fr", f"L'IA, partie {number}", french),
        make_article(
            f"{number}-en",
            f"AI, part {number}",
            english,
            language=ENGLISH,
            translation_of=f"{number}-fr",
        ),
    ]


def put(library: Library, articles: list[Article]) -> tuple[Topic, ...]:
    library.put(Document(each, each.origin) for each in articles)
    found = Topics(library.store).find(library.store.entries())
    assert found is not None
    return found


def test_names_that_are_one_are_one_topic_found_by_each_of_them(library: Library) -> None:
    works = [article for number in range(MIN_WORKS) for article in make_work(number)]
    alone = make_article("alone", "AI alone", "Of AI we speak. AI is here.", language=ENGLISH)
    (topic,) = put(library, [*works, alone])
    assert topic.names == {FRENCH: "IA", ENGLISH: "AI"}
    assert (topic.name_in(FRENCH), topic.name_in(ENGLISH)) == ("IA", "AI")
    assert set(topic.articles) == {"alone", *(each.id for each in works)}
    assert topic.sentences == 4 * MIN_WORKS + 2
    assert topic.count_years() == {2020 + number: 2 for number in range(MIN_WORKS)}
    entries = library.store.entries()
    for key in ("ia", "ai"):
        selected = select_articles(entries, Selection(topics=frozenset([key])), [topic], None)
        assert len(selected.keyed) == len(topic.articles)
        assert selected.selection.topics == {topic.key}


def test_where_too_few_articles_are_translated_names_stay_apart(library: Library) -> None:
    works = [article for number in range(MIN_WORKS) for article in make_work(number)]
    topics = put(library, [each for each in works if each.id != "0-en"])
    assert all(not topic.names for topic in topics)
    assert {topic.key for topic in topics} <= {"ia", "ai"}
    assert "ia" in {topic.key for topic in topics}


def test_in_the_embedded_corpus_one_topic_is_merged(answerer: Answerer) -> None:
    topics = Topics(answerer.store, patience=60).find(answerer.store.entries())
    assert topics is not None
    assert [dict(topic.names) for topic in topics if topic.names] == [{FRENCH: "IA", ENGLISH: "AI"}]


def test_the_pages_name_a_topic_in_their_language(answerer: Answerer) -> None:
    with TestClient(create_app(answerer)) as client:
        for language, name in (("fr", "IA"), ("en", "AI")):
            page = client.get(f"/{language}/articles?topic=AI&topic=medusa").text
            facet = page.partition('aria-labelledby="facet-topic"')[2].partition("</section>")[0]
            assert f'aria-current="true">{name} <' in facet
        listed = client.get("/v1/topics", params={"limit": 1000}).json()["topics"]
        found = client.get("/v1/articles", params={"topic": "ai"}).json()
    (merged,) = [each for each in listed if each["names"]]
    assert merged["names"] == {"fr": "IA", "en": "AI"}
    assert found["total"] == merged["articles"] == 6

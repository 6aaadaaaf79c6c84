"""Suggested and related questions: those that the library answers surely, and no others."""

import re
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from massilia.corpus.article import Article, Language
from massilia.index.encoder import Encoder, Vectors
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service.answer import Answer
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.question import read_question
from massilia.service.suggestions import SURE, Idea, Suggestions, read_ideas
from massilia.service.title_question import ask_about

DAY = date(2026, 11, 28)
DAYS = [date(2026, 12, day) for day in range(1, 15)]
HEADINGS = {Language.FRENCH: "Par exemple", Language.ENGLISH: "For example"}
ALL = 1000
SECONDS = 30

QUAY = "Where is the quay of Zephyrin Kowalczyk?"
CRANE = "Which crane lifts the containers of Tamboril?"
PHOCEA = "Who founded Phocea DC?"
THEODORA = "How many jobs did Unitel announce for Theodora?"
TOO_LONG = f"Where is the quay {'of Zephyrin Kowalczyk ' * 30}?"
POEM = "Write a poem about the yellow crane of Tamboril"
WEATHER = "What is the weather in Ulaanbaatar?"


def make_article(article_id: str, title: str, text: str, **values: object) -> Article:
    language = values.pop("language", Language.ENGLISH)
    return Article(article_id, language, title, text, f"{article_id}.md", **values)  # type: ignore[arg-type]


HARBOUR = make_article(
    "harbour",
    "The harbour",
    "The quay of Zephyrin Kowalczyk is where the lighthouse is. Nobody counts the seagulls there.",
)
CRANES = make_article(
    "cranes",
    "Tamboril, a port of cranes",
    "The yellow crane lifts the containers of Tamboril. What is Tamboril is known to sailors.",
)


def in_english(*texts: str) -> list[Idea]:
    return [Idea(text, Language.ENGLISH, listed=True) for text in texts]


def wait_until(condition: Callable[[], object]) -> None:
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def list_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "suggestions"]


class GatedEncoder:
    """Encode as another does, but a question only once the gate is open."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dimension = encoder.dimension
        self.encode_passages = encoder.encode_passages
        self.gate = threading.Event()
        self.asked: list[str] = []

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        self.asked += questions
        assert self.gate.wait(SECONDS)
        return self._encoder.encode_questions(questions)


@pytest.fixture
def port(library: Library, toy_encoder: Encoder) -> Library:
    """Give a library of two articles, built."""
    put(library, toy_encoder, HARBOUR, CRANES)
    return library


def put(library: Library, encoder: Encoder, *articles: Article) -> None:
    library.put(Document(article, f"/{article.id}.md") for article in articles)
    library.build(encoder)


def suggest_all(suggestions: Suggestions, language: Language = Language.ENGLISH) -> set[str]:
    return set(suggestions.suggest(language, DAY, ALL))


# Titles


@pytest.mark.parametrize(
    ("title", "text", "question"),
    [
        ("Medusa, from plan to landing", "Orange landed Medusa.", "What is Medusa?"),
        ("PEACE, Blue: cables", "In 2022 PEACE was there.", "What is PEACE?"),
        ("2Africa", "The cable 2Africa landed.", "What is 2Africa?"),
        ("Jaguar Network – a host", "He founded Jaguar Network.", "What is Jaguar Network?"),
        ("The Arbois, a technopole", "He works at the Arbois.", "What is the Arbois?"),
        ("Ada Byron's House: a museum", "In Ada Byron's House.", "What is Ada Byron’s House?"),
        # No name: the text never writes it with a capital, but where all words have one.
        ("Clusters, and the port", "Many clusters are there. Clusters grow.", None),
        ("Clusters, and the port", "See:\nClusters grow\nClusters", None),
        ("The harbour", "There is the harbour.", None),
        ("From Gemplus to Thales, a story", "It went from Gemplus to Thales.", None),
        ("MRS1 and MRS2, how it began", "There are MRS1 and MRS2.", None),
        ("How many cables reach Marseille?", "Many cables reach Marseille.", None),
        ("A Very Long Title Of Words, indeed", "In A Very Long Title Of Words.", None),
        ("Medusae, jellyfish", "He saw Medusaes.", None),
        ("?!", "What ?!", None),
        ("", "Nothing.", None),
    ],
)
def test_the_name_in_an_english_title_is_asked_about(
    title: str, text: str, question: str | None
) -> None:
    assert ask_about(make_article("a", title, text)) == question


@pytest.mark.parametrize(
    ("title", "text", "question"),
    [
        ("Medusa, un câble", "Orange exploite Medusa.", "Qu’est-ce que Medusa\u202f?"),
        ("Arenc : le silo", "Il va vers Arenc.", "Qu’est-ce qu’Arenc\u202f?"),
        ("Éguilles, un village", "Il vit à Éguilles.", "Qu’est-ce qu’Éguilles\u202f?"),
        ("L'Arbois, un plateau", "Le plateau de l'Arbois.", "Qu’est-ce que l’Arbois\u202f?"),
        (
            "La Plateforme, une école",
            "L'école La Plateforme.",
            "Qu’est-ce que La Plateforme\u202f?",
        ),
        ("Emerging Valley", "Le sommet d'Emerging Valley.", "Qu’est-ce qu’Emerging Valley\u202f?"),
        (
            "Frédéric Chevalier, fondateur",
            "Feu Frédéric Chevalier.",
            "Qui est Frédéric Chevalier\u202f?",
        ),
        ("Pôles, campus et programmes", "Les pôles. Pôles et campus.", None),
        ("Medusa et Blue, deux câbles", "Il y a Medusa et Blue.", None),
    ],
)
def test_the_name_in_a_french_title_is_asked_about(
    title: str, text: str, question: str | None
) -> None:
    assert ask_about(make_article("a", title, text, language=Language.FRENCH)) == question


# The list


@pytest.mark.parametrize("language", Language)
def test_the_list_has_questions_that_can_be_asked_and_no_two_alike(
    language: Language, encoder: Encoder
) -> None:
    texts = [idea.text for idea in read_ideas() if idea.language is language]
    assert len(texts) >= 90
    assert len({re.sub(r"\W", "", text.casefold()) for text in texts}) == len(texts)
    assert all(text.endswith("?") for text in texts)
    for text in texts:
        assert read_question(text).language is language, text
        assert "'" not in text
    # Raises for one that wouldn't be read whole.
    encoder.encode_questions(texts)


def test_the_french_of_the_list_is_set_as_french() -> None:
    for text in (idea.text for idea in read_ideas() if idea.language is Language.FRENCH):
        assert not re.search(r"[^\u202f][?!;]|[^\u00a0][:»]|«[^\u00a0]", text), text


# What is chosen, with the toy encoder


def test_what_the_library_answers_is_suggested_and_what_it_does_not_is_not(
    port: Library, toy_encoder: Encoder
) -> None:
    suggestions = Suggestions(Answerer(port, toy_encoder), in_english(QUAY, WEATHER, TOO_LONG))
    assert suggest_all(suggestions) == set()
    suggestions.choose()
    # The last one is made of a title.
    assert suggest_all(suggestions) == {QUAY, "What is Tamboril?"}
    assert suggest_all(suggestions, Language.FRENCH) == set()
    assert suggestions.suggest(Language.ENGLISH, DAY, 1) == (QUAY,)


def test_what_is_answered_otherwise_than_by_one_finding_is_not_suggested(
    port: Library, toy_encoder: Encoder
) -> None:
    two = f"{QUAY} {CRANE}"
    none = "Which cranes do not lift the containers of Tamboril?"
    answerer = Answerer(port, toy_encoder)
    assert answerer.answer(read_question(two)).second
    assert answerer.answer(read_question(none)).abstained
    assert answerer.answer(read_question(POEM)).abstained
    suggestions = Suggestions(answerer, in_english(two, none, POEM))
    suggestions.choose()
    assert suggest_all(suggestions) == {"What is Tamboril?"}


def test_nothing_is_suggested_of_a_library_without_a_generation(
    library: Library, toy_encoder: Encoder
) -> None:
    suggestions = Suggestions(Answerer(library, toy_encoder))
    suggestions.choose()
    assert suggest_all(suggestions) == set()


def test_one_sentence_answers_one_suggestion(port: Library, toy_encoder: Encoder) -> None:
    again = "So where is the quay of Zephyrin Kowalczyk?"
    suggestions = Suggestions(Answerer(port, toy_encoder), in_english(QUAY, again))
    suggestions.choose()
    assert suggest_all(suggestions) == {QUAY, "What is Tamboril?"}


def test_a_removed_or_replaced_article_takes_its_suggestions_with_it_before_any_build(
    port: Library, toy_encoder: Encoder
) -> None:
    answerer = Answerer(port, toy_encoder)
    suggestions = Suggestions(answerer, in_english(QUAY, CRANE))
    suggestions.choose()
    answer = answerer.answer(read_question("Who is Zephyrin Kowalczyk?", Language.ENGLISH))
    assert {QUAY, CRANE} <= suggest_all(suggestions)
    assert CRANE in suggestions.relate(answer)
    port.remove(["cranes"])
    assert suggest_all(suggestions) == {QUAY}
    assert CRANE not in suggestions.relate(answer)
    changed = make_article("harbour", "The harbour", HARBOUR.text.replace("lighthouse", "tower"))
    port.put([Document(changed, "/harbour.md")])
    assert suggest_all(suggestions) == set()


def test_a_new_generation_has_none_until_they_are_chosen_again(
    port: Library, toy_encoder: Encoder
) -> None:
    suggestions = Suggestions(Answerer(port, toy_encoder), in_english(QUAY, CRANE))
    suggestions.choose()
    port.remove(["harbour"])
    port.build(toy_encoder)
    assert suggest_all(suggestions) == set()
    suggestions.choose()
    assert suggest_all(suggestions) == {CRANE, "What is Tamboril?"}


def test_what_is_related_is_another_question_that_another_sentence_answers(
    port: Library, toy_encoder: Encoder
) -> None:
    answerer = Answerer(port, toy_encoder)
    suggestions = Suggestions(answerer, in_english(QUAY, CRANE))
    suggestions.choose()
    asked = read_question("WHERE is the quay of Zephyrin Kowalczyk", Language.ENGLISH)
    answer = answerer.answer(asked)
    assert suggestions.relate(answer) == (CRANE, "What is Tamboril?")
    assert suggestions.relate(answer, 1) == (CRANE,)
    # Not even where its own answer isn't quoted.
    assert QUAY not in suggestions.relate(replace(answer, quotes=(), near=answer.quotes))
    # Put otherwise, it has the same answer.
    same = answerer.answer(read_question("The quay of Zephyrin Kowalczyk is where?"))
    assert same.quotes[0].text == answer.quotes[0].text
    assert QUAY not in suggestions.relate(same)
    # An abstention has neighbours too, if anything comes near.
    assert suggestions.relate(replace(same, quotes=(), near=same.quotes))[0] == QUAY
    assert suggestions.relate(replace(same, quotes=())) == ()
    french = answerer.answer(read_question("Zephyrin Kowalczyk", Language.FRENCH))
    assert suggestions.relate(french) == ()


def test_a_library_that_cannot_be_read_has_no_suggestions_and_recovers(
    port: Library, toy_encoder: Encoder
) -> None:
    answerer = Answerer(port, toy_encoder)
    suggestions = Suggestions(answerer, in_english(QUAY))
    with suggestions.running():
        wait_until(lambda: suggest_all(suggestions))
        answer = answerer.answer(read_question(CRANE))
        pointer = port.path / "CURRENT"
        intact = pointer.read_text()
        pointer.write_text("nonsense")
        assert suggest_all(suggestions) == set()
        assert suggestions.relate(answer) == ()
        pointer.write_text("gen-0123456789abcdef")
        assert suggest_all(suggestions) == set()
        pointer.write_text(intact)
        wait_until(lambda: suggest_all(suggestions))
        (thread,) = list_threads()
        assert thread.is_alive()


# Off the path of requests


def test_the_page_waits_for_nothing_and_shows_them_once_they_are_chosen(
    port: Library, toy_encoder: Encoder
) -> None:
    gated = GatedEncoder(toy_encoder)
    suggestions = Suggestions(Answerer(port, gated), in_english(QUAY))
    client = TestClient(create_app(Answerer(port, toy_encoder), suggestions))
    started = time.monotonic()
    with suggestions.running():
        assert time.monotonic() - started < 1
        wait_until(lambda: gated.asked)
        for language, heading in HEADINGS.items():
            page = client.get(f"/{language}/")
            assert page.status_code == 200
            assert heading not in page.text
        gated.gate.set()
        wait_until(lambda: "For example" in client.get("/en/").text)
        page = client.get("/en/").text
        address = "/en/?q=Where%20is%20the%20quay%20of%20Zephyrin%20Kowalczyk%3F"
        assert f'<a href="{address}" data-ask>' in page
        assert f"<span>{QUAY}</span></a>" in page
        assert QUAY in client.get(address).text
        assert "Par exemple" not in client.get("/fr/").text
        # One that can't be asked is asked anew on the same page.
        assert f'<a href="{address}" data-ask>' in client.get("/en/?q=").text


def test_they_are_chosen_again_when_the_library_is_built_anew(
    port: Library, toy_encoder: Encoder
) -> None:
    suggestions = Suggestions(Answerer(port, toy_encoder), in_english(QUAY, CRANE))
    with suggestions.running():
        wait_until(lambda: QUAY in suggest_all(suggestions))
        port.remove(["harbour"])
        port.build(toy_encoder)
        wait_until(lambda: suggest_all(suggestions) == {CRANE, "What is Tamboril?"})


def test_a_build_in_the_middle_of_the_choice_starts_it_again(
    port: Library, toy_encoder: Encoder
) -> None:
    gated = GatedEncoder(toy_encoder)
    suggestions = Suggestions(Answerer(port, gated), in_english(QUAY, CRANE))
    with suggestions.running():
        wait_until(lambda: gated.asked == [QUAY])
        port.remove(["harbour"])
        port.build(toy_encoder)
        gated.gate.set()
        wait_until(lambda: suggest_all(suggestions) == {CRANE, "What is Tamboril?"})
    assert gated.asked[:3] == [QUAY, QUAY, CRANE]


def test_the_thread_ends_with_the_server_and_leaves_the_rest_untried(
    port: Library, toy_encoder: Encoder
) -> None:
    gated = GatedEncoder(toy_encoder)
    suggestions = Suggestions(Answerer(port, gated), in_english(QUAY, CRANE))
    with suggestions.running():
        wait_until(lambda: gated.asked)
        (thread,) = list_threads()
        assert thread.daemon
        # What is being tried ends while the server waits for it.
        threading.Timer(0.2, gated.gate.set).start()
    assert list_threads() == []
    assert gated.asked == [QUAY]
    assert suggest_all(suggestions) == set()
    with suggestions.running():
        wait_until(lambda: QUAY in suggest_all(suggestions))
    assert list_threads() == []


def test_asking_from_many_threads_while_they_are_chosen_is_safe(
    port: Library, toy_encoder: Encoder
) -> None:
    suggestions = Suggestions(Answerer(port, toy_encoder), in_english(QUAY, CRANE))
    seen: list[set[str]] = []
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            seen.append(suggest_all(suggestions))

    with suggestions.running(), ThreadPoolExecutor(4) as lookers:
        looks = [lookers.submit(look) for _ in range(4)]
        try:
            wait_until(lambda: seen and seen[-1])
            port.remove(["harbour"])
            port.build(toy_encoder)
            wait_until(lambda: seen[-1] == {CRANE, "What is Tamboril?"})
        finally:
            stop.set()
    for each in looks:
        each.result()
    whole = {QUAY, CRANE, "What is Tamboril?"}
    assert all(each in (set(), whole, whole - {QUAY}) for each in seen)


# The embedded corpus, with the real model


@pytest.fixture(scope="module")
def chosen(answerer: Answerer) -> Suggestions:
    suggestions = Suggestions(answerer)
    suggestions.choose()
    return suggestions


@pytest.fixture(scope="module")
def answers(chosen: Suggestions, answerer: Answerer) -> dict[Language, dict[str, Answer]]:
    """Ask every suggestion as the page does."""
    return {
        language: {
            text: answerer.answer(read_question(text, language, today=DAY))
            for text in sorted(suggest_all(chosen, language))
        }
        for language in Language
    }


def is_sure(answer: Answer) -> bool:
    return not answer.abstained and answer.confidence.bucket in SURE


@pytest.mark.parametrize("language", Language)
def test_every_suggested_question_is_answered_surely_by_a_sentence_of_its_own(
    answers: dict[Language, dict[str, Answer]], language: Language
) -> None:
    assert len(answers[language]) >= 40
    for text, answer in answers[language].items():
        assert is_sure(answer), text
    firsts = [answer.quotes[0].citation for answer in answers[language].values()]
    assert len({(each.article_id, each.start) for each in firsts}) == len(firsts)


def test_a_listed_question_that_is_not_suggested_is_unsure_or_answered_by_a_sentence_that_is_told(
    answers: dict[Language, dict[str, Answer]], answerer: Answerer
) -> None:
    told = {
        language: {answer.quotes[0].text for answer in asked.values()}
        for language, asked in answers.items()
    }
    left_out = [idea for idea in read_ideas() if idea.text not in answers[idea.language]]
    for idea in left_out:
        answer = answerer.answer(read_question(idea.text, idea.language, today=DAY))
        assert not is_sure(answer) or answer.quotes[0].text in told[idea.language], idea.text


def test_what_the_corpus_does_not_answer_is_not_suggested(answerer: Answerer) -> None:
    ideas = in_english(WEATHER, "How long should I boil an egg?", PHOCEA)
    suggestions = Suggestions(answerer, ideas)
    suggestions.choose()
    suggested = suggest_all(suggestions)
    assert PHOCEA in suggested
    assert suggested.isdisjoint(idea.text for idea in ideas[:2])


def test_those_of_a_day_are_of_different_topics_and_stay_the_same_all_day(
    chosen: Suggestions, answers: dict[Language, dict[str, Answer]], answerer: Answerer
) -> None:
    again = Suggestions(answerer)
    again.choose()
    listed = {idea.text for idea in read_ideas()}
    for language in Language:
        by_day = [chosen.suggest(language, day, 6) for day in DAYS]
        assert by_day == [again.suggest(language, day, 6) for day in DAYS]
        assert len(set(by_day)) == len(DAYS)
        for texts in by_day:
            assert listed.issuperset(texts)
            quoted = [answers[language][text].quotes[0].citation.article_id for text in texts]
            works = {work for work, _ in answerer.store.works(quoted).values()}
            assert len(works) == len(texts) == 6


@pytest.mark.parametrize("language", Language)
def test_related_questions_are_near_in_the_same_language_and_say_something_else(
    chosen: Suggestions, answers: dict[Language, dict[str, Answer]], language: Language
) -> None:
    same_article = 0
    for text, answer in answers[language].items():
        related = chosen.relate(answer)
        assert 1 <= len(set(related)) == len(related) <= 3
        assert text not in related
        assert set(related) <= answers[language].keys()
        quoted = {(quote.citation.article_id, quote.citation.start) for quote in answer.quotes}
        firsts = [answers[language][each].quotes[0].citation for each in related]
        assert quoted.isdisjoint((first.article_id, first.start) for first in firsts)
        same_article += any(
            first.article_id == answer.quotes[0].citation.article_id for first in firsts
        )
    # Near: most articles answer two questions, of some forty.
    assert same_article >= 0.3 * len(answers[language])


@pytest.fixture
def copied(corpus_path: Path, tmp_path: Path) -> Iterator[Library]:
    shutil.copytree(corpus_path, tmp_path / "copy")
    opened = Library.open(tmp_path / "copy")
    yield opened
    opened.close()


def test_the_suggestions_of_a_removed_article_disappear_with_it(
    copied: Library, encoder: Encoder
) -> None:
    answerer = Answerer(copied, encoder)
    suggestions = Suggestions(answerer, in_english(PHOCEA, THEODORA))
    with suggestions.running():
        wait_until(lambda: {PHOCEA, THEODORA} <= suggest_all(suggestions))
        first = answerer.answer(read_question(PHOCEA, Language.ENGLISH)).quotes[0]
        holding = [
            entry.id
            for entry in copied.store.entries()
            if "Phocea" in (copied.store.article(entry.id) or HARBOUR).text
        ]
        assert first.citation.article_id in holding
        copied.remove(holding)
        assert PHOCEA not in suggest_all(suggestions)
        copied.build(encoder)
        wait_until(lambda: THEODORA in suggest_all(suggestions))
        assert PHOCEA not in suggest_all(suggestions)

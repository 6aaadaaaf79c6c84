"""The real model on a library of one short article: what an editor tries first."""

from pathlib import Path

import pytest

from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.ingest.documents import read_article
from massilia.service.answerer import Answerer
from massilia.service.question import read_question

ARTICLE = """---
id: kora
language: en
title: Kora Robotics opens a workshop
sources: [{id: register, title: Trade register}]
---

Kora Robotics opened its workshop in the Belle de Mai district on 3 March 2025. The company, \
founded by Lina Ferrand, employs 42 people.[^register] It builds inspection drones for ports.
"""


@pytest.fixture(scope="module")
def kora(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Answerer:
    folder = tmp_path_factory.mktemp("kora")
    (folder / "kora.md").write_text(ARTICLE, encoding="utf-8")
    library = Library.create(folder / "library")
    path = folder / "kora.md"
    library.put([Document(read_article(path), str(path))])
    library.build(encoder)
    return Answerer(library, encoder)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who founded Kora Robotics?", "Lina Ferrand"),
        ("How many people work at Kora Robotics?", "42 people"),
        ("Combien de salariés compte Kora Robotics ?", "42 people"),
        ("When did the workshop open?", "3 March 2025"),
    ],
)
def test_three_sentences_are_enough_to_answer(kora: Answerer, question: str, answer: str) -> None:
    assert answer in kora.answer(read_question(question)).quotes[0].text


@pytest.mark.parametrize(
    "question",
    [
        "What is the capital of Mongolia?",
        "Quelle est la recette de la bouillabaisse ?",
        "Comment faire pousser des tomates ?",
        "Who is the president of France?",
    ],
)
def test_what_the_article_says_nothing_of_is_not_answered(kora: Answerer, question: str) -> None:
    assert kora.answer(read_question(question)).abstained


def test_a_quote_names_the_sources_that_are_marked_within_it(kora: Answerer) -> None:
    quotes = kora.answer(read_question("Who founded Kora Robotics?")).quotes
    assert [source.id for source in quotes[0].citation.sources] == ["register"]
    assert "[^" not in quotes[0].text


def test_the_press_texts_answer_or_abstain(
    press_texts: Path, tmp_path: Path, encoder: Encoder
) -> None:
    library = Library.create(tmp_path / "library")
    paths = sorted(press_texts.glob("*.txt"))
    library.put([Document(read_article(path), str(path)) for path in paths])
    library.build(encoder)
    answerer = Answerer(library, encoder)

    president = answerer.answer(read_question("Qui est le président d'Interxion France ?"))
    assert "Fabrice Coquio" in president.quotes[0].text
    employees = answerer.answer(
        read_question("How many employees did Jaguar Network have in 2013?")
    )
    assert "50 emplois" in employees.quotes[0].text
    recipe = answerer.answer(read_question("Quelle est la recette de la bouillabaisse ?"))
    assert recipe.abstained

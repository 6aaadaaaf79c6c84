from math import sqrt

import pytest

from massilia.corpus.article import Article, Heading, Language
from massilia.index.dense import DenseRanker
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.index.ranker import EncodedQuestion
from massilia.index.retriever import Retriever, ScoredPassage, ScoredSentence
from massilia.ingest.document import Document


def make_document(article_id: str, *sections: str) -> Document:
    """Make an article of sections, each a heading line and a paragraph: a passage each."""
    text, headings = "", []
    for section in sections:
        heading, paragraph = section.split("\n")
        headings.append(Heading(2, len(text), len(text) + len(heading)))
        text += f"{heading}\n\n{paragraph}\n\n"
    article = Article(
        article_id, Language.FRENCH, "titre", text.strip(), article_id, headings=tuple(headings)
    )
    return Document(article, article_id)


def open_retriever(library: Library) -> Retriever:
    generation = library.generation()
    assert generation is not None
    ranker = DenseRanker(generation.index)
    return Retriever(library.store, generation, ranker)


def ask(question: str, encoder: Encoder) -> EncodedQuestion:
    return EncodedQuestion.encode(question, Language.FRENCH, encoder)


@pytest.fixture
def retriever(library: Library, toy_encoder: Encoder) -> Retriever:
    """Search three passages: two of an article, one of another."""
    library.put(
        [
            make_document("port", "quai\nBateau bleu. Bateau vert. Mer calme.", "phare\nLumière."),
            make_document("ville", "rue\nVélo bleu."),
        ]
    )
    library.build(toy_encoder)
    return open_retriever(library)


def describe_passages(library: Library, found: list[ScoredPassage]) -> list[tuple[str, float]]:
    described = []
    for each in found:
        article = library.store.article(each.passage.article_id)
        assert article is not None
        text = article.text[each.passage.start : each.passage.end]
        described.append((text, pytest.approx(each.score)))
    return described


def describe_sentences(
    library: Library, found: list[ScoredSentence]
) -> list[tuple[str, float, float]]:
    described = []
    for each in found:
        article = library.store.article(each.sentence.article_id)
        assert article is not None
        text = article.text[each.sentence.start : each.sentence.end]
        scores = pytest.approx(each.passage_score), pytest.approx(each.score)
        described.append((text, *scores))
    return described


# The toy encoder's similarity is the number of common words over the square root of the product of
# the numbers of distinct words. A passage is read as title, heading and text: "titre quai bateau
# bleu vert mer calme" is 7 words, "titre rue vélo bleu" 4 and "titre phare lumière" 3.
def test_passages_are_scored_by_title_heading_and_text(
    library: Library, retriever: Retriever, toy_encoder: Encoder
) -> None:
    question = ask("bateau bleu", toy_encoder)
    assert describe_passages(library, retriever.retrieve(question, 10)) == [
        ("Bateau bleu. Bateau vert. Mer calme.", 2 / sqrt(2 * 7)),
        ("Vélo bleu.", 1 / sqrt(2 * 4)),
        ("Lumière.", 0),
    ]
    question = ask("titre phare", toy_encoder)
    (found,) = describe_passages(library, retriever.retrieve(question, 1))
    assert found == ("Lumière.", 2 / sqrt(2 * 3))


# A sentence is read under its heading alone: "quai bateau bleu" is 3 words.
def test_sentences_are_ranked_by_their_own_score_and_carry_their_passage_s(
    library: Library, retriever: Retriever, toy_encoder: Encoder
) -> None:
    question = ask("bateau bleu", toy_encoder)
    ranked = retriever.rank_sentences(question, retriever.retrieve(question, 2))
    first, second = 2 / sqrt(2 * 7), 1 / sqrt(2 * 4)
    assert describe_sentences(library, ranked) == [
        ("Bateau bleu.", first, 2 / sqrt(2 * 3)),
        ("Bateau vert.", first, 1 / sqrt(2 * 3)),
        ("Vélo bleu.", second, 1 / sqrt(2 * 3)),
        ("Mer calme.", first, 0),
    ]


@pytest.mark.parametrize(("limit", "count"), [(-1, 0), (0, 0), (1, 1), (2, 2), (3, 3), (50, 3)])
def test_no_more_passages_are_returned_than_asked_for(
    retriever: Retriever, toy_encoder: Encoder, limit: int, count: int
) -> None:
    question = ask("bleu", toy_encoder)
    assert len(retriever.retrieve(question, limit)) == count


def test_no_passage_has_no_sentence(retriever: Retriever, toy_encoder: Encoder) -> None:
    assert retriever.rank_sentences(ask("bleu", toy_encoder), []) == []


def test_equal_scores_keep_the_order_of_the_text(library: Library, toy_encoder: Encoder) -> None:
    library.put([make_document("mer", "quai\nUn port. Un banc. Un port. Un banc.")])
    library.build(toy_encoder)
    retriever = open_retriever(library)
    question = ask("port", toy_encoder)
    ranked = retriever.rank_sentences(question, retriever.retrieve(question, 1))
    starts = [each.sentence.start for each in ranked]
    assert [text for text, *_ in describe_sentences(library, ranked)] == [
        "Un port.",
        "Un port.",
        "Un banc.",
        "Un banc.",
    ]
    assert starts[:2] == sorted(starts[:2])
    assert starts[2:] == sorted(starts[2:])


@pytest.mark.parametrize("reverse", [False, True])
def test_a_sentence_that_two_passages_share_counts_once_with_the_better_of_them(
    library: Library, toy_encoder: Encoder, reverse: bool
) -> None:
    sentences = [f"Phrase numéro {number} sur la grande mer bleue." for number in range(40)]
    library.put([make_document("long", "quai\n" + " ".join(sentences))])
    library.build(toy_encoder)
    retriever = open_retriever(library)
    question = ask("numéro 39", toy_encoder)
    passages = retriever.retrieve(question, 50)
    shared = {
        each.passage.last_sentence
        for each in passages
        for other in passages
        if each.passage.last_sentence == other.passage.first_sentence
    }
    assert shared  # the splitter repeats the last sentence of a passage in the next one
    if reverse:
        passages = passages[::-1]
    ranked = retriever.rank_sentences(question, passages)
    assert len(ranked) == len({each.sentence.id for each in ranked}) == 40
    for each in ranked:
        scores = [
            scored.score
            for scored in passages
            if scored.passage.start <= each.sentence.start < scored.passage.end
        ]
        assert each.passage_score == max(scores)


def test_what_was_removed_since_the_build_leaves_its_place_to_what_comes_next(
    library: Library, retriever: Retriever, toy_encoder: Encoder
) -> None:
    question = ask("bateau bleu", toy_encoder)
    before = retriever.retrieve(question, 10)
    library.remove(["port"])
    assert describe_passages(library, retriever.retrieve(question, 1)) == [
        ("Vélo bleu.", 1 / sqrt(2 * 4))
    ]
    # Even where the passages were found before it went.
    ranked = retriever.rank_sentences(question, before)
    assert [text for text, *_ in describe_sentences(library, ranked)] == ["Vélo bleu."]


def test_no_more_take_the_places_of_what_was_removed_than_were_asked_for(
    library: Library, toy_encoder: Encoder
) -> None:
    for number in range(9):
        library.put([make_document(f"port-{number}", f"quai\n{'bleu ' * (number + 1)}.")])
    library.put(
        [make_document("ville", "rue\nVélo bleu rouge."), make_document("mer", "eau\nIci.")]
    )
    library.build(toy_encoder)
    library.remove(f"port-{number}" for number in range(9))
    question = ask("titre bleu", toy_encoder)
    found = [open_retriever(library).retrieve(question, limit) for limit in (1, 2, 3)]
    assert [[each.passage.article_id for each in passages] for passages in found] == [
        ["ville"],
        ["ville", "mer"],
        ["ville", "mer"],
    ]


def test_what_has_changed_since_the_build_is_left_out(
    library: Library, retriever: Retriever, toy_encoder: Encoder
) -> None:
    question = ask("bleu", toy_encoder)
    before = retriever.retrieve(question, 10)
    library.put([make_document("ville", "rue\nVélo bleu et rouge.")])
    assert {each.passage.article_id for each in retriever.retrieve(question, 10)} == {"port"}
    ranked = retriever.rank_sentences(question, before)
    assert {each.sentence.article_id for each in ranked} == {"port"}
    library.build(toy_encoder)
    (first, *_) = open_retriever(library).retrieve(question, 10)
    assert first.passage.article_id == "ville"

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from massilia.corpus.article import Article, Heading, Language, normalise_text
from massilia.ingest.headings import find_headings
from massilia.ingest.passages import (
    LIMIT_TOKENS,
    MAX_TOKENS,
    MIN_TOKENS,
    SplitArticle,
    split_passages,
)
from massilia.ingest.sentences import Span, estimate_tokens, split_sentences

FAMILY = "\U0001f469\u200d\U0001f467"
FLAG = "\U0001f1eb\U0001f1f7"


def make_article(text: str, headings: tuple[Heading, ...] = ()) -> Article:
    return Article("port", Language.FRENCH, "Le port", text, "port.txt", headings=headings)


def make_text(*lengths: int) -> str:
    """Write one sentence of so many words for each length."""
    return " ".join("Il " + "a " * (length - 2) + "vu." for length in lengths)


def count_words(text: str) -> int:
    return len(text.split())


def sentence_runs(split: SplitArticle) -> list[tuple[int, int]]:
    return [(passage.first_sentence, passage.last_sentence) for passage in split.passages]


def test_a_passage_is_cut_from_the_text_at_sentence_borders() -> None:
    article = make_article("  Le port vit.\n\nLa ville dort. ")
    split = split_passages(article)
    assert split.sentences == (Span(2, 14), Span(16, 30))
    (passage,) = split.passages
    assert (passage.article_id, passage.ordinal) == ("port", 0)
    assert (passage.start, passage.end) == (2, 30)
    assert passage.text == "Le port vit.\n\nLa ville dort."
    assert (passage.first_sentence, passage.last_sentence) == (0, 1)


@pytest.mark.parametrize("text", ["", " \n\n ", "\u200b"])
def test_an_article_without_words_has_no_passage(text: str) -> None:
    assert split_passages(make_article(text)) == SplitArticle((), ())


def test_an_article_of_headings_alone_has_no_passage() -> None:
    assert split_passages(make_article("Le port", (Heading(1, 0, 7),))) == SplitArticle((), ())


@pytest.mark.parametrize(
    ("lengths", "runs"),
    [
        # Whole, up to 160 words.
        ([40, 40, 40, 40], [(0, 3)]),
        # 240 words are two shares of 120; the second passage repeats a sentence: 160.
        ([40] * 6, [(0, 2), (2, 5)]),
        # 400 words are three shares of about 133.
        ([40] * 10, [(0, 2), (2, 6), (6, 9)]),
        # No overlap where it would make more than 200: 90 + 120.
        ([60, 90, 60, 60], [(0, 1), (2, 3)]),
        # A sentence that belongs by its first half stays out if it would make more than 200.
        ([100, 110, 110], [(0, 0), (1, 1), (2, 2)]),
        # A short beginning joins even a long sentence, and so does a short end.
        ([5, 230], [(0, 1)]),
        ([230, 5], [(0, 1)]),
        # Where neither fits under 260, a short one stands alone.
        ([10, 235, 16], [(0, 1), (2, 2)]),
    ],
)
def test_passages_share_a_section_out(lengths: list[int], runs: list[tuple[int, int]]) -> None:
    split = split_passages(make_article(make_text(*lengths)), count_words)
    assert sentence_runs(split) == runs


def test_a_short_sentence_stays_alone_beside_one_that_the_given_count_finds_too_long() -> None:
    article = make_article(make_text(5, 100))
    split = split_passages(article, lambda text: 3 * count_words(text))
    assert sentence_runs(split) == [(0, 0), (1, 1)]


def test_a_passage_may_cross_paragraphs_but_no_heading() -> None:
    text = "Le port vit.\n\nIl dort.\n\nLa ville\n\nElle rit.\n\nElle chante."
    start = text.index("La ville")
    split = split_passages(make_article(text, (Heading(2, start, start + 8),)))
    assert [passage.text for passage in split.passages] == [
        "Le port vit.\n\nIl dort.",
        "Elle rit.\n\nElle chante.",
    ]


def test_no_passage_repeats_a_sentence_from_before_a_heading() -> None:
    text = make_text(40, 40) + "\n\nLa ville\n\n" + make_text(40, 40)
    start = text.index("La ville")
    split = split_passages(make_article(text, (Heading(2, start, start + 8),)), count_words)
    assert sentence_runs(split) == [(0, 1), (2, 3)]


def test_prose_makes_passages_of_a_hundred_to_two_hundred_tokens() -> None:
    sentence = "Le port de Marseille accueille chaque année des câbles venus de trois continents. "
    split = split_passages(make_article(sentence * 200))
    sizes = [estimate_tokens(passage.text) for passage in split.passages]
    assert min(sizes) >= 100
    assert max(sizes) <= MAX_TOKENS
    assert all(
        after.first_sentence == before.last_sentence for before, after in pairwise(split.passages)
    )


@pytest.mark.parametrize(
    "unit", ["x", "mot ", "\U0001f389", "日本", "aB3", "e\u0301", ".", "½", FLAG]
)
def test_a_line_of_a_hundred_thousand_characters_is_split_fast_and_small(unit: str) -> None:
    article = make_article(unit * (100_000 // len(unit)))
    begun = time.process_time()
    split = split_passages(article)
    assert time.process_time() - begun < 2  # a tenth of that is usual; a square takes minutes
    assert max(estimate_tokens(passage.text) for passage in split.passages) <= LIMIT_TOKENS
    assert "".join(article.text.split()) == "".join(
        "".join(article.text[span.start : span.end].split()) for span in split.sentences
    )


FRAGMENTS = st.sampled_from(
    "Marseille accueille |des câbles |The port |M. Dupont |« Oui. » |. |. |. |! |, |: |\n|\n\n|"
    "\r\n|\t|\u00a0|\u202f|\u200b|\u0301|e\u0301|etc. |16,6 % |• |thecamp |日本|"
    f"{FAMILY}|{FLAG}|{'x' * 150}|{'mot ' * 60}|{'Il vient. ' * 30}|{'1,' * 90}".split("|")
)
TEXTS = st.one_of(
    st.lists(FRAGMENTS, max_size=60).map("".join),
    st.lists(FRAGMENTS, min_size=1, max_size=8).map(lambda parts: "".join(parts) * 20),
    st.text(max_size=300),
).map(normalise_text)


@st.composite
def articles(draw: st.DrawFn) -> Article:
    text = draw(TEXTS)
    if draw(st.booleans()):
        return make_article(text, find_headings(text))
    borders = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pairs = zip(borders[::2], borders[1::2], strict=False)
    return make_article(text, tuple(Heading(2, start, end) for start, end in pairs))


@settings(deadline=None, max_examples=300)
@given(articles())
def test_passages_are_runs_of_whole_sentences_that_cover_the_article(article: Article) -> None:
    split = split_passages(article)
    sentences, passages = split.sentences, split.passages
    assert sentences == split_sentences(article.text, article.language, article.headings)
    assert split == split_passages(article)
    assert [passage.ordinal for passage in passages] == list(range(len(passages)))
    for passage in passages:
        assert passage.text == article.text[passage.start : passage.end]
        assert passage.start == sentences[passage.first_sentence].start
        assert passage.end == sentences[passage.last_sentence].end
        assert estimate_tokens(passage.text) <= LIMIT_TOKENS
        assert not any(
            passage.start < heading.end and heading.start < passage.end
            for heading in article.headings
        )
    covered = {
        index
        for passage in passages
        for index in range(passage.first_sentence, passage.last_sentence + 1)
    }
    assert covered == set(range(len(sentences)))
    for before, after in pairwise(passages):
        assert after.first_sentence in (before.last_sentence, before.last_sentence + 1)
        assert after.last_sentence > before.last_sentence


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(2, 235), min_size=2, max_size=40))
def test_a_short_passage_is_one_that_no_neighbour_has_room_for(lengths: list[int]) -> None:
    split = split_passages(make_article(make_text(*lengths)), count_words)
    new_words = []
    first_new = 0
    for passage in split.passages:
        new_words.append(sum(lengths[first_new : passage.last_sentence + 1]))
        first_new = passage.last_sentence + 1
    for index, words in enumerate(new_words):
        if words < MIN_TOKENS and index > 0:
            assert new_words[index - 1] + words > LIMIT_TOKENS
        if words < MIN_TOKENS and index + 1 < len(new_words):
            assert words + lengths[split.passages[index].last_sentence + 1] > LIMIT_TOKENS

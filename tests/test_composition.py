"""From what was found to what is quoted: which sentences, how much of them, and how sure."""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from massilia.corpus.article import Article, Language, Source, SourceMark
from massilia.index.retriever import ScoredPassage, ScoredSentence
from massilia.index.store import StoredPassage, StoredSentence
from massilia.ingest.sentences import split_sentences
from massilia.service.answer import Answer, Bucket, Citation, SkippedReason, Timings
from massilia.service.asking import read_asking
from massilia.service.composition import MARKED, MAX_NEAR, compose_answer, make_answer_id
from massilia.service.evidence import FIGURES, QUESTION_FIGURES
from massilia.service.finding import Candidate, Finding, Findings
from massilia.service.known_names import NameFindings
from massilia.service.question import Question

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH
COST = "How much did Medusa cost?"
PLAIN = "Tell of the sea."
NO_NAMES = NameFindings(names=(), years=(), reasons=(), works=None, passages=())
LEAD = "𝄞 Ünë.\n\n"


def make_article(
    article_id: str,
    text: str,
    language: Language = ENGLISH,
    translation_of: str | None = None,
    sources: Sequence[Source] = (),
    marks: Sequence[SourceMark] = (),
) -> Article:
    return Article(
        article_id,
        language,
        f"Title of {article_id}",
        LEAD + text,
        f"{article_id}.md",
        translation_of=translation_of,
        sources=tuple(sources),
        marks=tuple(marks),
    )


def candidate(
    article: Article, words: str, probability: float, language: Language | None = None
) -> Candidate:
    """Make a candidate of the sentence that holds `words`."""
    siblings = tuple(
        StoredSentence(number, article.id, span.start, span.end)
        for number, span in enumerate(split_sentences(article.text, article.language, ()))
    )
    position = article.text.index(words)
    (place,) = (each for each in siblings if each.start <= position < each.end)
    passage = ScoredPassage(
        StoredPassage(
            1, article.id, 0, len(article.text), 0, len(siblings), language or article.language
        ),
        0.5,
    )
    return Candidate(
        article, ScoredSentence(place, passage, 0.5, 0.5, None, siblings), 1.0, probability
    )


def find(
    candidates: Sequence[Candidate],
    question: str = PLAIN,
    language: Language = ENGLISH,
    threshold: float = 0.2,
) -> Finding:
    findings = Findings(
        candidates=tuple(candidates),
        evidence=np.full((len(candidates), len(FIGURES)), 9, dtype=np.float32),
        described=np.zeros(len(QUESTION_FIGURES), dtype=np.float32),
        names=NO_NAMES,
    )
    return Finding(
        question=Question(question, language),
        asking=read_asking(question, language),
        dates=(),
        encoded=None,
        generation_id="gen-1",
        passages=tuple(each.scored.passage for each in candidates),
        findings=findings,
        threshold=threshold,
        timings=Timings(1.0, 2.0, 3.0, 6.0),
    )


def check_citations(answer: Answer, candidates: Sequence[Candidate]) -> None:
    """Check that all that is quoted anywhere stands in its article to the letter."""
    articles = {each.article.id: each.article for each in candidates}
    quotes = [*answer.quotes, *answer.near]
    for quote in quotes:
        text = articles[quote.citation.article_id].text
        assert quote.text == quote.citation.cited_text
        if quote.mark:
            assert quote.citation.start <= quote.mark.start < quote.mark.end <= quote.citation.end
            assert quote.mark_text == text[quote.mark.start : quote.mark.end]
        if quote.speaker:
            assert quote.speaker_text == text[quote.speaker.start : quote.speaker.end]
    values = answer.series.values if answer.series else ()
    for value in values:
        text = articles[value.citation.article_id].text
        assert value.value_text == text[value.value.start : value.value.end]
        for place in (value.value, value.when):
            assert value.citation.start <= place.start < place.end <= value.citation.end
    citations: list[Citation] = [each.citation for each in (*quotes, *values)]
    for citation in citations:
        article = articles[citation.article_id]
        assert citation.cited_text == article.text[citation.start : citation.end]
        assert citation.text_sha256 == article.text_sha256
    ids = [citation.id for citation in citations]
    assert len(set(ids)) == len(ids)


def compose(
    candidates: Sequence[Candidate],
    question: str = PLAIN,
    *,
    language: Language = ENGLISH,
    threshold: float | None = None,
    top_k: int = 3,
) -> Answer:
    answer = compose_answer(find(candidates, question, language), top_k, threshold)
    check_citations(answer, candidates)
    assert answer.abstained == bool(answer.skipped_reasons)
    assert not (answer.quotes and answer.near)
    return answer


def texts(answer: Answer) -> list[str]:
    return [quote.text for quote in answer.quotes]


def scores(answer: Answer) -> list[float]:
    return [quote.score for quote in answer.quotes]


def make_many(*probabilities: float) -> list[Candidate]:
    """Make a candidate of each of as many works, best first."""
    return [
        candidate(
            make_article(f"a{number}", f"The sea has {number} waves."), "The sea", probability
        )
        for number, probability in enumerate(probabilities)
    ]


# Which sentences


def test_the_half_in_the_language_of_the_question_is_quoted_of_a_bilingual_article() -> None:
    article = make_article("tug", "The tug is long. Le remorqueur est long.", FRENCH)
    french = candidate(article, "remorqueur", 0.6)
    english = candidate(article, "The tug", 0.5, ENGLISH)
    for language, text in ((ENGLISH, "The tug is long."), (FRENCH, "Le remorqueur est long.")):
        (quote,) = compose_answer(find([french, english], language=language)).quotes
        assert (quote.text, quote.citation.language) == (text, language)
        assert quote.citation.title_language is FRENCH


def test_one_sentence_of_each_work_is_quoted() -> None:
    one = make_article("one", "The sea is blue here.\n\nThe sea is deep there.")
    two = make_article("two", "The sea is cold now.")
    found = [candidate(one, "deep", 0.9), candidate(one, "blue", 0.8), candidate(two, "cold", 0.7)]
    answer = compose(found)
    assert texts(answer) == ["The sea is deep there.", "The sea is cold now."]
    assert [quote.citation.id for quote in answer.quotes] == ["c1", "c2"]


def test_what_two_works_say_in_the_same_words_is_quoted_once() -> None:
    one = make_article("one", "The sea is blue here.")
    two = make_article("two", "The sea is blue here.\n\nThe sea is deep there.")
    found = [candidate(one, "blue", 0.9), candidate(two, "blue", 0.9), candidate(two, "deep", 0.8)]
    assert texts(compose(found)) == ["The sea is blue here.", "The sea is deep there."]


@pytest.mark.parametrize(
    ("asked_in", "probability", "quoted"),
    [
        (ENGLISH, 0.5, "en"),
        (ENGLISH, 0.44, "fr"),  # not half as sure
        (FRENCH, 0.5, "fr"),
    ],
)
@pytest.mark.parametrize("original", [FRENCH, ENGLISH])
def test_of_a_translation_the_one_in_the_language_of_the_question_is_quoted(
    asked_in: Language, probability: float, quoted: str, original: Language
) -> None:
    of = {each: None if each is original else original.value for each in Language}
    french = make_article("fr", "La mer est bleue ici.", FRENCH, of[FRENCH])
    english = make_article("en", "The sea is blue here.", ENGLISH, of[ENGLISH])
    found = [candidate(french, "bleue", 0.9), candidate(english, "blue", probability)]
    answer = compose(found, language=asked_in)
    assert [quote.citation.article_id for quote in answer.quotes] == [quoted]
    assert answer.confidence.value == answer.quotes[0].score


@pytest.mark.parametrize(
    ("probabilities", "threshold", "quoted"),
    [
        # half as sure as the first, and no less
        ((0.8, 0.4, 0.39), 0.2, 2),
        ((0.8, 0.79, 0.41), 0.7, 3),
        ((0.2,), 0.2, 1),
        ((0.19,), 0.2, 0),
        # the first decides, however sure others are
        ((0.19, 0.9), 0.2, 0),
        # without a threshold, that of the judge
        ((0.2,), None, 1),
        ((0.19,), None, 0),
        # one of 0 never abstains
        ((0.0,), 0.0, 1),
        ((1e-9, 0.0), 0.0, 1),
    ],
)
def test_how_sure_a_quote_must_be(
    probabilities: Sequence[float], threshold: float | None, quoted: int
) -> None:
    answer = compose(make_many(*probabilities), threshold=threshold)
    assert len(answer.quotes) == quoted
    assert answer.confidence.value == probabilities[0]


def test_quotes_stay_in_order_and_none_is_surer_than_one_before_it() -> None:
    answer = compose(make_many(0.5, 0.9, 0.45, 0.5), top_k=4)
    assert [quote.citation.article_id for quote in answer.quotes] == ["a0", "a1", "a2", "a3"]
    assert scores(answer) == [0.5, 0.5, 0.45, 0.45]
    assert answer.confidence.value == 0.5
    assert answer.confidence.bucket is Bucket.MEDIUM


def test_no_more_are_quoted_than_asked_for() -> None:
    found = make_many(0.9, 0.9, 0.9, 0.9, 0.9)
    assert [len(compose(found, top_k=top_k).quotes) for top_k in (1, 2, 3, 10)] == [1, 2, 3, 5]


def test_nothing_found_abstains_even_with_a_threshold_of_0() -> None:
    answer = compose([], threshold=0.0)
    assert answer.abstained
    assert answer.near == ()
    assert answer.confidence.bucket is Bucket.NOT_AVAILABLE


def test_an_answer_says_what_was_looked_at() -> None:
    one = make_article("one", "The sea is blue here.\n\nThe sea is deep there.")
    two = make_article("two", "The sea is cold now.")
    found = [candidate(one, "blue", 0.9), candidate(two, "cold", 0.1), candidate(one, "deep", 0.1)]
    answer = compose(found)
    assert answer.ranked_article_ids == ("one", "two")
    assert answer.generation_id == "gen-1"
    assert (answer.timings.encode, answer.timings.retrieve) == (1, 2)
    added = answer.timings.quote - 3
    assert added >= 0
    assert answer.timings.total == pytest.approx(6 + added)


def test_no_two_answers_have_one_name() -> None:
    assert len({make_answer_id() for _ in range(100)}) == 100


# How much of them


def test_the_words_that_answer_are_marked_where_the_quote_is_sure() -> None:
    article = make_article("one", "The Medusa cable cost 342 million euros.")
    for probability, mark in (
        (1.0, "342 million euros"),
        (MARKED, "342 million euros"),
        (0.59, None),
    ):
        (quote,) = compose([candidate(article, "342", probability)], COST).quotes
        assert quote.mark_text == mark


def test_what_is_less_sure_than_a_quote_before_it_is_not_marked() -> None:
    one = make_article("one", "The Medusa cable is worth 5 euros.")
    two = make_article("two", "The Medusa cable cost 342 million euros.")
    answer = compose([candidate(one, "5 euros", 0.5), candidate(two, "342", 0.9)], COST)
    assert [quote.mark for quote in answer.quotes] == [None, None]


def test_the_marker_of_a_list_item_is_left_out() -> None:
    article = make_article(
        "one", "• The Medusa cable cost 342 million euros.\n• It waits in Toulon."
    )
    (quote,) = compose([candidate(article, "342", 0.9)], COST).quotes
    assert quote.text == "The Medusa cable cost 342 million euros."
    assert quote.citation.start == len(LEAD) + 2
    assert quote.mark_text == "342 million euros"


def test_a_list_is_quoted_whole_where_several_are_asked_for() -> None:
    items = "• The port of Marseille waits.\n• The port of Toulon sleeps."
    found = [candidate(make_article("one", f"Ports of cables.\n{items}"), "Marseille", 0.9)]
    (quote,) = compose(found, "Which cities have ports?").quotes
    assert quote.text == items.removeprefix("• ")
    (quote,) = compose(found, "Which city has ports?").quotes
    assert quote.text == "The port of Marseille waits."


def test_who_speaks_is_told_beside_a_quote_that_leaves_it_out() -> None:
    article = make_article(
        "one",
        "« Le port est très grand », explique Céline Souliers. "
        + "Le chantier avance bien. " * 4
        + "« Notre rôle est d'aider les jeunes ».",
        FRENCH,
    )
    (quote,) = compose([candidate(article, "Notre", 0.9)], language=FRENCH).quotes
    assert quote.text == "« Notre rôle est d'aider les jeunes »."
    assert quote.speaker is not None
    assert quote.speaker_text == "Céline Souliers"
    (quote,) = compose([candidate(article, "très grand", 0.9)], language=FRENCH).quotes
    assert (quote.speaker, quote.speaker_text) == (None, None)


def test_the_sources_of_a_quote_are_those_marked_in_it() -> None:
    text = "The sea is blue here.\n\nThe sea is deep there."
    first, last = len(LEAD) + len("The sea is blue here."), len(LEAD + text)
    sources = [Source("s1", "One"), Source("s2", "Two")]
    marks = [SourceMark(first, "s1"), SourceMark(last, "s2"), SourceMark(last, "s2")]
    article = make_article("one", text, sources=sources, marks=marks)
    (quote,) = compose([candidate(article, "deep", 0.9)]).quotes
    assert [source.id for source in quote.citation.sources] == ["s2"]


# Series


def test_values_through_time_are_cited_oldest_first() -> None:
    one = make_article("one", "Crosscall employait 220 personnes en 2022.", FRENCH)
    two = make_article("two", "Crosscall employait 130 personnes en 2020.", FRENCH)
    found = [candidate(one, "220", 0.9), candidate(two, "130", 0.1)]
    answer = compose(found, "Combien de salariés chez Crosscall ?", language=FRENCH)
    # What is too unsure to be quoted may still give a value.
    assert len(answer.quotes) == 1
    assert answer.series is not None
    assert [value.citation.id for value in answer.series.values] == ["s1", "s2"]
    assert [value.first for value in answer.series.values] == [date(2020, 1, 1), date(2022, 1, 1)]
    assert ["130" in value.value_text for value in answer.series.values] == [True, False]
    assert answer.series.disagreements == ()


def test_values_that_differ_for_one_time_are_told_by_their_places() -> None:
    found = []
    for number, (count, year) in enumerate(((100, 2020), (220, 2022), (150, 2022))):
        text = f"Crosscall employait {count} personnes en {year}."
        mark = SourceMark(len(LEAD + text), f"s{number}")
        source = Source(f"s{number}", f"Source {number}")
        article = make_article(f"a{number}", text, FRENCH, None, [source], [mark])
        found.append(candidate(article, "Crosscall", 0.9))
    answer = compose(found, "Combien de salariés chez Crosscall ?", language=FRENCH)
    assert answer.series is not None
    assert [value.first.year for value in answer.series.values] == [2020, 2022, 2022]
    assert answer.series.disagreements == ((1, 2),)


def test_an_abstention_has_no_series() -> None:
    one = make_article("one", "Crosscall employait 220 personnes en 2022.", FRENCH)
    two = make_article("two", "Crosscall employait 130 personnes en 2020.", FRENCH)
    found = [candidate(one, "220", 0.1), candidate(two, "130", 0.1)]
    answer = compose(found, "Combien de salariés chez Crosscall ?", language=FRENCH)
    assert answer.abstained and answer.series is None


# Near


def test_an_abstention_shows_what_comes_near() -> None:
    answer = compose(make_many(0.1, 0.16, 0.07, 0.09, 0.1, 0.1))
    assert answer.skipped_reasons == (SkippedReason.WEAK_EVIDENCE,)
    # In their order, those that are half as sure as the surest: never more than three.
    assert [quote.citation.article_id for quote in answer.near] == ["a0", "a1", "a3"]
    assert [quote.citation.id for quote in answer.near] == ["n1", "n2", "n3"]
    assert [quote.score for quote in answer.near] == [0.1, 0.16, 0.09]
    assert len(answer.near) == MAX_NEAR
    assert answer.confidence.value == 0.1


def test_what_comes_near_is_of_each_work_once_and_in_the_language_of_the_question() -> None:
    french = make_article("fr", "La mer est bleue ici.\n\nLa mer est froide ici.", FRENCH)
    english = make_article("en", "The sea is blue here.", ENGLISH, "fr")
    found = [
        candidate(french, "bleue", 0.1),
        candidate(french, "froide", 0.1),
        candidate(english, "blue", 0.1),
    ]
    assert [quote.citation.article_id for quote in compose(found).near] == ["en"]

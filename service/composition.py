"""From what was found to an answer: quotes with their citations, or the reasons for having none."""

import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import accumulate

from massilia.corpus.article import Article, Language
from massilia.ingest.sentences import Span
from massilia.service.abstention import explain_abstention
from massilia.service.answer import Answer, Citation, DatedSeries, DatedValue, Quote
from massilia.service.answer_kind import AnswerKind
from massilia.service.answer_span import mark_answer
from massilia.service.asking import Asking
from massilia.service.confidence import NO_CONFIDENCE, make_confidence
from massilia.service.finding import Candidate, Finding
from massilia.service.quotation import choose_extent
from massilia.service.series import Point, Series, Statement, find_series
from massilia.service.text_fragment import address_fragment

MAX_QUOTES = 3
MIN_SHARE = 0.5
"""A quote that is half as sure as the first is left out. On the development set, quotes from .6, .4
and .2 on hold the answer for .548, .566 and .581 of the questions, and .485, .425 and .372 of what
is quoted is gold."""
MARKED = 0.6
"""From this probability on the words that answer are marked: .76 of them are exactly an accepted
answer on the development set, .60 without it, .71 from .5 and .74 from .8 on."""
MAX_NEAR = 3
"""How many sentences that come near an abstention shows."""
NEAR_SHARE = 0.5
"""One much less sure than the nearest isn't shown."""
SERIES_SENTENCES = 20
"""How many of the best sentences may give a value of a series."""


def compose_answer(
    finding: Finding, top_k: int = MAX_QUOTES, threshold: float | None = None
) -> Answer:
    """Return up to `top_k` quotes that are sure enough, or the reasons for having none.

    Without a threshold, that of the finding counts; one of 0 never abstains while there is a
    sentence to quote.
    """
    started = time.perf_counter()
    least = finding.threshold if threshold is None else threshold
    chosen = _choose(finding.candidates, finding.question.language, top_k, least)
    quotes = tuple(
        _quote(candidate, finding.asking, f"c{number}")
        for number, candidate in enumerate(chosen, start=1)
    )
    best = (chosen or finding.candidates)[:1]
    answer = Answer(
        id=make_answer_id(),
        question=finding.question,
        quotes=quotes,
        # Of an abstention: what was thought of the best sentence.
        confidence=make_confidence(best[0].probability) if best else NO_CONFIDENCE,
        skipped_reasons=(),
        ranked_article_ids=tuple(
            dict.fromkeys(scored.passage.article_id for scored in finding.passages)
        ),
        generation_id=finding.generation_id,
        dates=finding.dates,
        timings=finding.timings,
        encoded=finding.encoded,
    )
    if quotes:
        answer = replace(answer, series=_find_series(finding))
    else:
        reasons, hints = explain_abstention(finding)
        near = tuple(
            _quote(candidate, finding.asking, f"n{number}")
            for number, candidate in enumerate(_choose_near(finding), start=1)
        )
        answer = replace(answer, skipped_reasons=reasons, hints=hints, near=near)
    composing = (time.perf_counter() - started) * 1000
    timings = finding.timings
    return replace(
        answer,
        timings=replace(timings, quote=timings.quote + composing, total=timings.total + composing),
    )


def cite(
    article: Article, start: int, end: int, citation_id: str, language: Language | None = None
) -> Citation:
    """Return the citation of `article.text[start:end]`, with the sources marked within it.

    `language` is that of these words, the article's where it isn't given.
    """
    sources = {source.id: source for source in article.sources}
    marked = dict.fromkeys(mark.source_id for mark in article.marks if start < mark.position <= end)
    page = article.find_page(start)
    return Citation(
        id=citation_id,
        article_id=article.id,
        title=article.title,
        origin=article.origin,
        language=language or article.language,
        title_language=article.language,
        cited_text=article.text[start:end],
        start=start,
        end=end,
        text_sha256=article.text_sha256,
        url=article.url,
        publisher=article.publisher,
        date_published=article.date_published,
        sources=tuple(sources[source_id] for source_id in marked),
        page=page,
        deep_link=article.url and address_fragment(article.url, article.text, start, end, page),
    )


def make_answer_id() -> str:
    """Return a name for an answer that no other has."""
    return f"ans_{secrets.token_hex(12)}"


def _choose(
    candidates: Sequence[Candidate], language: Language, limit: int, threshold: float
) -> list[Candidate]:
    """Return the best candidate of each work if it is sure enough, none that is said already.

    Of an article and its translation, the one in the question's language is quoted if it can be.
    """
    if not candidates or candidates[0].probability < threshold:
        return []
    floor = MIN_SHARE * candidates[0].probability
    chosen = list(_take_one_of_each_work(candidates, language, floor))[:limit]
    # They stay in the order of their scores: by their probabilities, the first of the development
    # set holds the answer .568 of the time instead of .578. So none is surer than one before it.
    surest = list(accumulate((each.probability for each in chosen), min))
    return [
        replace(each, probability=probability)
        for each, probability in zip(chosen, surest, strict=True)
    ]


def _choose_near(finding: Finding) -> list[Candidate]:
    candidates = finding.candidates
    if not candidates:
        return []
    floor = NEAR_SHARE * max(each.probability for each in candidates)
    chosen = _take_one_of_each_work(candidates, finding.question.language, floor)
    return list(chosen)[:MAX_NEAR]


def _take_one_of_each_work(
    candidates: Sequence[Candidate], language: Language, floor: float
) -> Iterator[Candidate]:
    sure = [each for each in candidates if each.probability >= floor]
    languages: dict[str, Language] = {}
    for candidate in sorted(sure, key=lambda each: each.language is not language):
        languages.setdefault(candidate.article.work, candidate.language)
    works: set[str] = set()
    texts: set[str] = set()
    for candidate in sure:
        work = candidate.article.work
        if candidate.language is not languages[work] or candidate.text in texts:
            continue
        if work not in works:
            works.add(work)
            texts.add(candidate.text)
            yield _choose_shown(candidate, sure)


def _choose_shown(candidate: Candidate, sure: Sequence[Candidate]) -> Candidate:
    """Return the candidate, or what the article that stands for its cluster says to the letter."""
    shown = candidate.article.cluster
    if shown is None or shown == candidate.article.id:
        return candidate
    same = (each for each in sure if each.article.id == shown and each.text == candidate.text)
    return next(same, candidate)


def _quote(candidate: Candidate, asking: Asking, citation_id: str) -> Quote:
    article, siblings = candidate.article, candidate.scored.siblings
    asked = asking.asked
    is_list = asked.kind is AnswerKind.LIST or asked.several
    extent = choose_extent(
        article,
        siblings,
        siblings.index(candidate.scored.sentence),
        is_list=is_list,
        language=candidate.language,
    )
    citation = cite(article, extent.start, extent.end, citation_id, candidate.language)
    span = mark = None
    if candidate.probability >= MARKED:
        span = mark_answer(asking.text, asked, candidate.text, asking.language, candidate.language)
    if span is not None:
        mark = Span(candidate.start + span.start, candidate.start + span.end)
        # The marker of a list item is left out of the quote.
        mark = mark if extent.start <= mark.start and mark.end <= extent.end else None
    speaker = extent.speaker
    return Quote(
        text=citation.cited_text,
        score=candidate.probability,
        citation=citation,
        mark=mark,
        speaker=speaker,
        speaker_text=article.text[speaker.start : speaker.end] if speaker else None,
    )


def _find_series(finding: Finding) -> DatedSeries | None:
    asking = finding.asking
    statements = [
        Statement(each.article, each.start, each.end, each.language)
        for each in finding.candidates[:SERIES_SENTENCES]
    ]
    found = find_series(asking.text, asking.language, finding.dates, statements)
    return None if found is None else _cite_series(found)


def _cite_series(series: Series) -> DatedSeries:
    places = {id(point): number for number, point in enumerate(series.points)}
    return DatedSeries(
        values=tuple(
            _cite_point(point, f"s{number}") for number, point in enumerate(series.points, start=1)
        ),
        disagreements=tuple(
            (places[id(one)], places[id(two)]) for one, two in series.disagreements
        ),
    )


def _cite_point(point: Point, citation_id: str) -> DatedValue:
    statement = point.statement
    text = statement.article.text
    return DatedValue(
        value=Span(point.start, point.end),
        value_text=text[point.start : point.end],
        when=Span(point.date_start, point.date_end),
        first=point.first or date.min,
        last=point.last or date.max,
        speaker=text[slice(*point.speaker)] if point.speaker else None,
        citation=cite(
            statement.article, statement.start, statement.end, citation_id, statement.language
        ),
        amount=point.amount,
        unit=point.unit,
    )

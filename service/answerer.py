"""From a question to quotes with their citations, or to an abstention."""

import re
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from massilia.corpus.article import Article, Language
from massilia.index.background import Spread
from massilia.index.encoder import Encoder, TooManyTokensError
from massilia.index.errors import LibraryError
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.generation import Generation
from massilia.index.library import Library
from massilia.index.ranker import EncodedQuestion, RankerName
from massilia.index.rankers import open_ranker
from massilia.index.retriever import Retriever, ScoredPassage, ScoredSentence
from massilia.index.store import Store, StoredPassage
from massilia.service.answer import (
    Answer,
    Citation,
    Confidence,
    Quote,
    SkippedReason,
    Timings,
)
from massilia.service.confidence import NO_CONFIDENCE, THRESHOLD, estimate_confidence
from massilia.service.question import Question, QuestionError
from massilia.service.question_dates import DateSpan, DateUse, mentions_date_within, narrow_filter

PASSAGES = 10
"""How many passages' sentences are looked at."""
PASSAGE_WEIGHT = 0.3
"""What a passage's similarity adds to that of its sentences. Swept over 0, 0.3, 0.5 and 1 on our
first forty questions and 22 on the press texts: an accepted answer is among the first three
sentences for 77, 83, 83 and 77 % of the former, and for all of the latter."""
MAX_QUOTES = 3
MAX_TOP_K = 10
"""How many quotes may be asked for."""
MIN_SHARE = 0.6
"""A quote much less sure than the first is left out. None of our first forty questions, nor of the
22 on the press texts, has its accepted answer in such a quote and not in the first."""
MIN_WORDS = 3
"""A shorter sentence is a byline, a caption or a menu's entry."""

_WORD = re.compile(r"\w+")
_LIST_MARKER = re.compile(r"[•◦▪‣●*–—-]\s+")


@dataclass(frozen=True, slots=True)
class Candidate:
    """Hold a sentence that may be quoted, and how sure it is that it answers."""

    article: Article
    start: int
    end: int
    confidence: Confidence

    @property
    def text(self) -> str:
        """Cut the sentence out of its article."""
        return self.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold what was found for a question: passages, and the sentences in them, best first.

    `dates` are those of the question, as they were used. Without a library that holds anything,
    `encoded` and `generation_id` are None.
    """

    question: Question
    dates: tuple[DateSpan, ...]
    encoded: EncodedQuestion | None
    generation_id: str | None
    passages: tuple[ScoredPassage, ...]
    candidates: tuple[Candidate, ...]
    timings: Timings


class Answerer:
    """Answer questions from a library with an encoder; safe to use from several threads."""

    def __init__(
        self, library: Library, encoder: Encoder, ranker: RankerName = RankerName.DEFAULT
    ) -> None:
        self.library = library
        self._encoder = encoder
        self._ranker = ranker
        self._retriever: Retriever | None = None
        self._opening = threading.Lock()

    @property
    def store(self) -> Store:
        """Give the articles that are quoted."""
        return self.library.store

    def check(self) -> None:
        """Raise `LibraryError` unless the library can be searched with this encoder."""
        generation = self._open_generation()
        if generation is not None:
            generation.index.check()

    def answer(self, question: Question, top_k: int = MAX_QUOTES) -> Answer:
        """Return up to `top_k` quotes that answer the question, or the reason for having none.

        Raises `LibraryError` when the library can't be read.
        """
        return compose_answer(self.find(question), top_k)

    def find(self, question: Question, encoded: EncodedQuestion | None = None) -> Finding:
        """Return all that may be quoted for a question, sure or not.

        `encoded`, that of an earlier finding for the same question, spares encoding it again.
        Raises `LibraryError`, and `QuestionError` for a question that the encoder can't read whole.
        """
        started = time.perf_counter()
        retriever = self._open_retriever()
        if retriever is None:
            return Finding(question, (), None, None, (), (), _time_nothing(started))
        if encoded is None:
            encoded = self._encode(question)
        encoding = _since(started)
        # One reading, or an article that is replaced in between would be cut at its old places.
        with self.store.reading():
            passages, dates = self._retrieve(retriever, encoded, question)
            sentences = retriever.rank_sentences(encoded, passages)
            retrieving = _since(started) - encoding
            spreads = retriever.measure_background(encoded)
            candidates = self._weigh(sentences, spreads)
        total = _since(started)
        return Finding(
            question=question,
            dates=dates,
            encoded=encoded,
            generation_id=retriever.generation_id,
            passages=tuple(passages),
            candidates=tuple(candidates),
            timings=Timings(encoding, retrieving, total - encoding - retrieving, total),
        )

    def _encode(self, question: Question) -> EncodedQuestion:
        try:
            return EncodedQuestion.encode(question.text, question.language, self._encoder)
        except TooManyTokensError as error:
            raise QuestionError(
                "too_many_tokens", str(error), length=error.tokens, limit=error.limit
            ) from error

    def _retrieve(
        self, retriever: Retriever, encoded: EncodedQuestion, question: Question
    ) -> tuple[list[ScoredPassage], tuple[DateSpan, ...]]:
        """Return passages, and the question's dates as they were used to find them.

        Dates that leave nothing as a filter are a preference: that nothing in the library was
        published then says nothing of what it knows of that time.
        """
        # Of what is dated latest no passage says that it is: nothing is done with such words yet.
        dates = tuple(span for span in question.dates if span.use is not DateUse.NEWEST)
        narrowed = narrow_filter(question.within, dates)
        for within in dict.fromkeys((narrowed, question.within)):
            if within is None:
                continue
            prefer = self._prefer_dates(dates) if dates else None
            passages = retriever.retrieve_diverse(encoded, PASSAGES, within, prefer)
            if passages:
                return passages, dates
            dates = tuple(replace(span, use=DateUse.PREFERENCE) for span in dates)
        return [], dates

    def _prefer_dates(self, dates: Sequence[DateSpan]) -> Callable[[StoredPassage], bool]:
        def prefer(passage: StoredPassage) -> bool:
            text = self.store.passage_text(passage)
            return any(mentions_date_within(text, span) for span in dates)

        return prefer

    def rank_passages(
        self, question: EncodedQuestion, limit: int, within: Filter = EVERYTHING
    ) -> list[ScoredPassage]:
        """Return the `limit` passages that rank highest, far beyond those that are quoted from."""
        retriever = self._open_retriever()
        if retriever is None:
            return []
        with self.store.reading():
            return retriever.retrieve(question, limit, within)

    def _open_retriever(self) -> Retriever | None:
        generation = self._open_generation()
        if generation is None:
            return None
        with self._opening:
            if self._retriever is None or self._retriever.generation_id != generation.id:
                ranker = open_ranker(self._ranker, generation.index)
                self._retriever = Retriever(self.store, generation, ranker)
            return self._retriever

    def _open_generation(self) -> Generation | None:
        generation = self.library.generation()
        if generation is None:
            if self.store.count_articles():
                raise LibraryError(
                    f"The library {self.library.path} has not been built; run `massilia build`."
                )
            return None
        if generation.manifest.encoder_fingerprint != self._encoder.fingerprint:
            raise LibraryError(
                f"The library {self.library.path} was built with the encoder "
                f"{generation.manifest.encoder_name!r}, not {self._encoder.name!r}; "
                "run `massilia build`."
            )
        return generation

    def _weigh(
        self, sentences: list[ScoredSentence], spreads: Mapping[Language, Spread]
    ) -> list[Candidate]:
        """Return the sentences that may be quoted, best first."""
        articles: dict[str, Article | None] = {}
        candidates = []
        for scored in sorted(sentences, key=_rank):
            sentence = scored.sentence
            if sentence.article_id not in articles:
                articles[sentence.article_id] = self.store.article(sentence.article_id)
            article = articles[sentence.article_id]
            if article is None:
                continue
            confidence = estimate_confidence(scored.score, spreads[article.language])
            marker = _LIST_MARKER.match(article.text, sentence.start, sentence.end)
            start = marker.end() if marker else sentence.start
            candidate = Candidate(article, start, sentence.end, confidence)
            if _is_quotable(candidate.text):
                candidates.append(candidate)
        return candidates


def compose_answer(
    finding: Finding, top_k: int = MAX_QUOTES, threshold: float = THRESHOLD
) -> Answer:
    """Return up to `top_k` quotes that are as sure as `threshold`, or the reason for having none.

    A threshold of 0 never abstains while there is a sentence to quote.
    """
    started = time.perf_counter()
    chosen = _choose(finding.candidates, finding.question.language, top_k, threshold)
    quotes = _quote(chosen)
    # Of an abstention: what was thought of the best sentence.
    best = (chosen or finding.candidates)[:1]
    composing = _since(started)
    timings = finding.timings
    return Answer(
        id=_make_id(),
        question=finding.question,
        quotes=quotes,
        confidence=best[0].confidence if best else NO_CONFIDENCE,
        skipped_reasons=() if quotes else (_explain_nothing(finding),),
        ranked_article_ids=_rank_articles(finding.passages),
        generation_id=finding.generation_id,
        dates=finding.dates,
        timings=replace(timings, quote=timings.quote + composing, total=timings.total + composing),
    )


def cite(article: Article, start: int, end: int, citation_id: str) -> Citation:
    """Return the citation of `article.text[start:end]`, with the sources marked within it."""
    sources = {source.id: source for source in article.sources}
    marked = dict.fromkeys(mark.source_id for mark in article.marks if start < mark.position <= end)
    return Citation(
        id=citation_id,
        article_id=article.id,
        title=article.title,
        origin=article.origin,
        language=article.language,
        cited_text=article.text[start:end],
        start=start,
        end=end,
        text_sha256=article.text_sha256,
        url=article.url,
        publisher=article.publisher,
        date_published=article.date_published,
        sources=tuple(sources[source_id] for source_id in marked),
    )


def _explain_nothing(finding: Finding) -> SkippedReason:
    if not finding.passages and not finding.question.within.is_empty:
        return SkippedReason.NO_MATCHING_ARTICLES
    return SkippedReason.NO_RELEVANT_CONTENT


def _rank(scored: ScoredSentence) -> tuple[float, int]:
    return -(scored.score + PASSAGE_WEIGHT * scored.passage_score), scored.sentence.id


def _is_quotable(text: str) -> bool:
    # A question in an article asks; it doesn't answer.
    return len(_WORD.findall(text)) >= MIN_WORDS and not text.endswith("?")


def _choose(
    candidates: Sequence[Candidate], language: Language, limit: int, threshold: float
) -> tuple[Candidate, ...]:
    """Leave out what is too unsure, said already, or the translation of an article quoted.

    Of an article and its translation, the one in the question's language is quoted if it can be.
    """
    sure = [each for each in candidates if each.confidence.value >= threshold]
    languages: dict[str, Language] = {}
    for candidate in sorted(sure, key=lambda each: each.article.language is not language):
        languages.setdefault(_work(candidate.article), candidate.article.language)
    chosen: dict[str, Candidate] = {}
    for candidate in sure:
        if candidate.article.language is languages[_work(candidate.article)]:
            chosen.setdefault(candidate.text, candidate)
    quoted = sorted(
        list(chosen.values())[:limit], key=lambda each: each.confidence.value, reverse=True
    )
    return tuple(
        each for each in quoted if each.confidence.value >= MIN_SHARE * quoted[0].confidence.value
    )


def _work(article: Article) -> str:
    return article.translation_of or article.id


def _quote(chosen: Sequence[Candidate]) -> tuple[Quote, ...]:
    citations = [
        cite(candidate.article, candidate.start, candidate.end, f"c{number}")
        for number, candidate in enumerate(chosen, start=1)
    ]
    return tuple(
        Quote(citation.cited_text, candidate.confidence.value, citation)
        for candidate, citation in zip(chosen, citations, strict=True)
    )


def _rank_articles(passages: Sequence[ScoredPassage]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(scored.passage.article_id for scored in passages))


def _time_nothing(started: float) -> Timings:
    return Timings(0.0, 0.0, 0.0, _since(started))


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def _make_id() -> str:
    return f"ans_{secrets.token_hex(12)}"

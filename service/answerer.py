"""From a question to quotes with their citations, or to an abstention."""

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from massilia.corpus.article import Article, Language
from massilia.index.background import Spread
from massilia.index.encoder import Encoder
from massilia.index.errors import LibraryError
from massilia.index.generation import Generation
from massilia.index.library import Library
from massilia.index.retriever import Retriever, ScoredPassage, ScoredSentence
from massilia.index.store import Store
from massilia.service.answer import (
    Answer,
    Citation,
    Confidence,
    Quote,
    SkippedReason,
    Timings,
)
from massilia.service.confidence import NO_CONFIDENCE, THRESHOLD, estimate_confidence
from massilia.service.question import Question

PASSAGES = 10
"""How many passages' sentences are looked at."""
PASSAGE_WEIGHT = 0.3
"""What a passage's similarity adds to that of its sentences. Swept over 0, 0.3, 0.5 and 1 on our
first forty questions and 22 on the press texts: an accepted answer is among the first three
sentences for 77, 83, 83 and 77 % of the former, and for all of the latter."""
MAX_QUOTES = 3
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


class Answerer:
    """Answer questions from a library with an encoder; safe to use from several threads."""

    def __init__(self, library: Library, encoder: Encoder) -> None:
        self.library = library
        self._encoder = encoder

    @property
    def store(self) -> Store:
        """Give the articles that are quoted."""
        return self.library.store

    def check(self) -> None:
        """Raise `LibraryError` unless the library can be searched with this encoder."""
        self._open_generation()

    def answer(self, question: Question, top_k: int = MAX_QUOTES) -> Answer:
        """Return up to `top_k` quotes that answer the question, or the reason for having none.

        Raises `LibraryError` when the library can't be read.
        """
        started = time.perf_counter()
        generation = self._open_generation()
        if generation is None:
            return _abstain_without_library(question, started)
        vector = self._encoder.encode_questions([question.text])[0]
        encoded = time.perf_counter()
        retriever = Retriever(self.store, generation)
        # One reading, or an article that is replaced in between would be cut at its old places.
        with self.store.reading():
            passages = retriever.retrieve(vector, PASSAGES)
            sentences = retriever.rank_sentences(vector, passages)
            retrieved = time.perf_counter()
            candidates = self._weigh(sentences, retriever.measure_background(vector))
        chosen = _choose(candidates, question.language, top_k)
        quotes = _quote(chosen)
        # Of an abstention: what was thought of the best sentence.
        best = (chosen or candidates)[:1]
        finished = time.perf_counter()
        return Answer(
            id=_make_id(),
            question=question,
            quotes=quotes,
            confidence=best[0].confidence if best else NO_CONFIDENCE,
            skipped_reasons=() if quotes else (SkippedReason.NO_RELEVANT_CONTENT,),
            ranked_article_ids=_rank_articles(passages),
            generation_id=generation.id,
            timings=Timings(
                encode=(encoded - started) * 1000,
                retrieve=(retrieved - encoded) * 1000,
                quote=(finished - retrieved) * 1000,
                total=(finished - started) * 1000,
            ),
        )

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


def _rank(scored: ScoredSentence) -> tuple[float, int]:
    return -(scored.score + PASSAGE_WEIGHT * scored.passage_score), scored.sentence.id


def _is_quotable(text: str) -> bool:
    # A question in an article asks; it doesn't answer.
    return len(_WORD.findall(text)) >= MIN_WORDS and not text.endswith("?")


def _choose(candidates: list[Candidate], language: Language, limit: int) -> list[Candidate]:
    """Leave out what is too unsure, said already, or the translation of an article quoted.

    Of an article and its translation, the one in the question's language is quoted if it can be.
    """
    sure = [each for each in candidates if each.confidence.value >= THRESHOLD]
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
    return [
        each for each in quoted if each.confidence.value >= MIN_SHARE * quoted[0].confidence.value
    ]


def _work(article: Article) -> str:
    return article.translation_of or article.id


def _quote(chosen: list[Candidate]) -> tuple[Quote, ...]:
    citations = [
        cite(candidate.article, candidate.start, candidate.end, f"c{number}")
        for number, candidate in enumerate(chosen, start=1)
    ]
    return tuple(
        Quote(citation.cited_text, candidate.confidence.value, citation)
        for candidate, citation in zip(chosen, citations, strict=True)
    )


def _rank_articles(passages: list[ScoredPassage]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(scored.passage.article_id for scored in passages))


def _abstain_without_library(question: Question, started: float) -> Answer:
    return Answer(
        id=_make_id(),
        question=question,
        quotes=(),
        confidence=NO_CONFIDENCE,
        skipped_reasons=(SkippedReason.NO_RELEVANT_CONTENT,),
        ranked_article_ids=(),
        generation_id=None,
        timings=Timings(0.0, 0.0, 0.0, (time.perf_counter() - started) * 1000),
    )


def _make_id() -> str:
    return f"ans_{secrets.token_hex(12)}"

"""From a question to quotes with their citations, or to an abstention."""

import secrets
import time
from dataclasses import dataclass
from itertools import count

from massilia.corpus.article import Article, Language
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
from massilia.service.confidence import (
    NO_CONFIDENCE,
    THRESHOLD,
    Evidence,
    estimate_confidence,
    weigh_evidence,
)
from massilia.service.question import Question

PASSAGES = 10
"""How many passages' sentences are looked at."""
MAX_QUOTES = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """Hold a sentence that may be quoted: where it stands, and what speaks for it."""

    article: Article
    sentence: ScoredSentence
    evidence: Evidence
    confidence: Confidence

    @property
    def text(self) -> str:
        """Cut the sentence out of its article."""
        return self.article.text[self.sentence.sentence.start : self.sentence.sentence.end]


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
        passages = retriever.retrieve(vector, PASSAGES)
        sentences = retriever.rank_sentences(vector, passages)
        retrieved = time.perf_counter()
        candidates = self._weigh(question, sentences)
        quotes = self._quote(question, candidates, top_k)
        confidence = candidates[0].confidence if candidates else NO_CONFIDENCE
        finished = time.perf_counter()
        return Answer(
            id=_make_id(),
            question=question,
            quotes=quotes,
            confidence=confidence,
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

    def _weigh(self, question: Question, sentences: list[ScoredSentence]) -> list[Candidate]:
        articles: dict[str, Article | None] = {}
        candidates = []
        for scored in sentences:
            article_id = scored.sentence.article_id
            if article_id not in articles:
                articles[article_id] = self.store.article(article_id)
            article = articles[article_id]
            if article is None:
                continue
            evidence = weigh_evidence(question, article, scored, sentences)
            candidates.append(Candidate(article, scored, evidence, estimate_confidence(evidence)))
        return sorted(candidates, key=lambda each: -each.confidence.value)

    def _quote(
        self, question: Question, candidates: list[Candidate], top_k: int
    ) -> tuple[Quote, ...]:
        quotes: list[Quote] = []
        numbers = count(1)
        for candidate in _choose(candidates, question.language):
            if len(quotes) == top_k:
                break
            citation = cite(
                candidate.article,
                candidate.sentence.sentence.start,
                candidate.sentence.sentence.end,
                f"c{next(numbers)}",
            )
            quotes.append(Quote(citation.cited_text, candidate.confidence.value, citation))
        return tuple(quotes)


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


def _choose(candidates: list[Candidate], language: Language) -> list[Candidate]:
    """Leave out what is too unsure, said already, or the translation of an article quoted."""
    chosen: list[Candidate] = []
    texts: set[str] = set()
    languages: dict[str, Language] = {}
    for candidate in candidates:
        article = candidate.article
        work = article.translation_of or article.id
        if candidate.confidence.value < THRESHOLD or candidate.text in texts:
            continue
        if languages.setdefault(work, article.language) != article.language:
            continue
        texts.add(candidate.text)
        chosen.append(candidate)
    return chosen


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

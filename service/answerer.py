"""From a question to an answer: what is looked for, found, judged and composed."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from massilia.corpus.article import Article, Language
from massilia.index.encoder import Encoder, TooManyTokensError
from massilia.index.errors import LibraryError
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.generation import Generation
from massilia.index.library import Library
from massilia.index.ranker import EncodedQuestion, RankerName
from massilia.index.rankers import open_ranker
from massilia.index.retriever import Retriever, ScoredPassage
from massilia.index.store import Store, StoredPassage
from massilia.service.also_in import name_copies
from massilia.service.answer import Answer, Hint, SkippedReason, Timings
from massilia.service.asking import Asking, read_asking
from massilia.service.composition import MAX_QUOTES, compose_answer, make_answer_id
from massilia.service.confidence import NO_CONFIDENCE
from massilia.service.evidence import describe_question, gather_evidence
from massilia.service.finding import Candidate, Finding, Findings
from massilia.service.judge import Judge, SimilarityJudge, open_judge
from massilia.service.known_names import NameFindings, NameIndex
from massilia.service.negation import asks_for_what_is_not
from massilia.service.question import Question, QuestionError
from massilia.service.question_check import Remark, check_question, strip_markup
from massilia.service.question_dates import DateSpan, DateUse, mentions_date_within, narrow_filter
from massilia.service.question_parts import split_questions
from massilia.service.quotation import is_quotable

PASSAGES = 10
"""How many passages' sentences are looked at."""
MAX_TOP_K = 10
"""How many quotes may be asked for."""
AT_ONCE = 2
"""How many questions are answered at a time, the others in turn: one is encoded while another holds
the interpreter, and more only take it from each other. On two cores, 1, 2, 3, 4 and 40 at once
answer 66, 62, 60, 55 and 44 questions a second for 8 clients, 58, 65, 63, 53 and 29 for 32."""


@dataclass(frozen=True, slots=True)
class _Searched:
    """Hold what one generation of the library is searched and judged with."""

    retriever: Retriever
    names: NameIndex
    judge: Judge
    generation: Generation


class Answerer:
    """Answer questions from a library with an encoder; safe to use from several threads."""

    def __init__(
        self, library: Library, encoder: Encoder, ranker: RankerName = RankerName.DEFAULT
    ) -> None:
        self.library = library
        self._encoder = encoder
        self._ranker = ranker
        self._searched: _Searched | None = None
        self._opening = threading.Lock()
        self._turns = threading.Semaphore(AT_ONCE)

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
        """Return up to `top_k` quotes that answer the question, or the reasons for having none.

        Of a text that asks two questions, the answer is to the first, and holds that to the other.
        Raises `LibraryError` when the library can't be read.
        """
        *_, answer = self.answer_parts(question, top_k)
        return answer

    def answer_parts(self, question: Question, top_k: int = MAX_QUOTES) -> Iterator[Answer]:
        """Yield the answer as it grows: of a text that asks two questions, first without `second`.

        The last is what `answer` returns, which raises the same. Whoever stops taking them spares
        what comes after.
        """
        if remark := check_question(question.text):
            yield _reply(question, remark)
            return
        # A mark around a question would hide how it begins.
        parts = split_questions(strip_markup(question.text))
        if len(parts) == 1:
            yield self._answer_one(question, top_k)
            return
        first, second = (
            replace(question, text=part, dates=_keep_dates(question, part)) for part in parts
        )
        answer = self._answer_one(first, top_k)
        yield answer
        yield replace(answer, second=self._answer_one(second, top_k))

    def _answer_one(self, question: Question, top_k: int) -> Answer:
        with self._turns:
            answer = name_copies(compose_answer(self.find(question), top_k), self.store)
        if not asks_for_what_is_not(strip_markup(question.text)):
            return answer
        # What is near says of whom the opposite is true.
        near = answer.near or tuple(
            replace(quote, citation=replace(quote.citation, id=f"n{number}"))
            for number, quote in enumerate(answer.quotes, start=1)
        )
        return replace(
            answer,
            quotes=(),
            series=None,
            near=near,
            skipped_reasons=(SkippedReason.ASKS_WHAT_IS_NOT,),
            hints=(Hint("what_is_not"),),
        )

    def find(self, question: Question, encoded: EncodedQuestion | None = None) -> Finding:
        """Return all that may be quoted for a question, sure or not.

        `encoded`, that of an earlier finding for the same question, spares encoding it again.
        Raises `LibraryError`, and `QuestionError` for a question that the encoder can't read whole.
        """
        started = time.perf_counter()
        searched = self._open()
        # Markup would be searched for as words.
        text = strip_markup(question.text) or question.text
        if searched is None:
            asking = read_asking(text, question.language)
            threshold = SimilarityJudge().threshold
            nothing = Timings(0.0, 0.0, 0.0, _since(started))
            return Finding(question, asking, (), None, None, (), None, threshold, nothing)
        if encoded is None:
            encoded = self._encode(text, question)
        encoding = _since(started)
        # One reading, or an article that is replaced in between would be cut at its old places.
        with self.store.reading():
            passages, dates = self._retrieve(searched.retriever, encoded, question)
            retrieving = _since(started) - encoding
            asking = read_asking(text, question.language)
            findings = self._weigh(searched, asking, encoded, passages)
        total = _since(started)
        return Finding(
            question=question,
            asking=asking,
            dates=dates,
            encoded=encoded,
            generation_id=searched.generation.id,
            passages=tuple(passages),
            findings=findings,
            threshold=searched.judge.threshold,
            timings=Timings(encoding, retrieving, total - encoding - retrieving, total),
        )

    def _encode(self, text: str, question: Question) -> EncodedQuestion:
        try:
            return EncodedQuestion.encode(text, question.language, self._encoder)
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

    def search(self, question: Question, limit: int) -> tuple[str | None, list[ScoredPassage]]:
        """Return the `limit` passages that rank highest for a question, within its filter.

        With them comes the generation that was searched, None where the library is empty. Raises
        what `find` does.
        """
        searched = self._open()
        if searched is None:
            return None, []
        encoded = self._encode(strip_markup(question.text) or question.text, question)
        with self.store.reading():
            passages = searched.retriever.retrieve(encoded, limit, question.within)
        return searched.generation.id, passages

    def rank_passages(
        self, question: EncodedQuestion, limit: int, within: Filter = EVERYTHING
    ) -> list[ScoredPassage]:
        """Return the `limit` passages that rank highest, far beyond those that are quoted from."""
        searched = self._open()
        if searched is None:
            return []
        with self.store.reading():
            return searched.retriever.retrieve(question, limit, within)

    def _open(self) -> _Searched | None:
        generation = self._open_generation()
        if generation is None:
            return None
        with self._opening:
            if self._searched is None or self._searched.generation.id != generation.id:
                ranker = open_ranker(self._ranker, generation.index)
                local = generation.local
                self._searched = _Searched(
                    retriever=Retriever(self.store, generation, ranker),
                    names=NameIndex(list(local.terms.indexes.values()), local.table),
                    # Of other rankings the scores have another scale.
                    judge=open_judge(self._encoder.fingerprint)
                    if self._ranker is RankerName.DEFAULT
                    else SimilarityJudge(),
                    generation=generation,
                )
            return self._searched

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
        self,
        searched: _Searched,
        asking: Asking,
        encoded: EncodedQuestion,
        passages: Sequence[ScoredPassage],
    ) -> Findings:
        """Return the sentences that may be quoted, best first, with what is thought of each."""
        judge = searched.judge
        sentences = searched.retriever.rank_sentences(encoded, passages)
        articles = self.store.articles(
            list(dict.fromkeys(each.sentence.article_id for each in sentences))
        )
        quotable = [
            each
            for each in sentences
            if (article := articles.get(each.sentence.article_id)) is not None
            and is_quotable(article.text[each.sentence.start : each.sentence.end])
        ]
        evidence = gather_evidence(
            asking,
            quotable,
            articles,
            searched.retriever.measure_background(
                encoded, {each.passage.passage.language for each in quotable}
            ),
            searched.generation.local.terms,
        )
        names = searched.names.look_up(asking.text, asking.language)
        described = describe_question(asking, names)
        judgement = judge.judge(evidence, described)
        # Equal scores come in the order of the sentences' ids.
        ids = np.array([each.sentence.id for each in quotable], dtype=np.int64)
        order = np.lexsort((ids, -judgement.scores)).tolist()
        candidates = tuple(
            Candidate(
                article=articles[quotable[row].sentence.article_id],
                scored=quotable[row],
                score=float(judgement.scores[row]),
                probability=float(judgement.probabilities[row]),
            )
            for row in order
        )
        # As is decided when the answer is composed: by the first of them.
        sure = bool(candidates) and candidates[0].probability >= judge.threshold
        return Findings(
            candidates=candidates,
            evidence=evidence[order],
            described=described,
            names=names,
            known_articles=() if sure else self._name_articles(names, asking.language),
        )

    def _name_articles(
        self, names: NameFindings, language: Language
    ) -> tuple[tuple[str, str], ...]:
        """Return the ids and titles of one article of each work, in `language` if it may be."""
        article_ids = [each.article_id for each in self.store.passages(names.passages)]
        articles = self.store.articles(list(dict.fromkeys(article_ids)))
        works: dict[str, Article] = {}
        for article in sorted(articles.values(), key=lambda each: each.language is not language):
            works.setdefault(article.work, article)
        return tuple((article.id, article.title) for article in works.values())


def _reply(question: Question, remark: Remark) -> Answer:
    """Return the answer to what asks nothing, for which nothing is looked for."""
    return Answer(
        id=make_answer_id(),
        question=question,
        quotes=(),
        confidence=NO_CONFIDENCE,
        skipped_reasons=(SkippedReason.NOT_A_QUESTION,),
        ranked_article_ids=(),
        generation_id=None,
        timings=Timings(0.0, 0.0, 0.0, 0.0),
        remark=remark,
    )


def _keep_dates(question: Question, part: str) -> tuple[DateSpan, ...]:
    """Return the dates of a question that stand in one of its parts too."""
    return tuple(span for span in question.dates if span.text in part)


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000

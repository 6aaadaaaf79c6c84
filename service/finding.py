"""What was found for a question: passages, and the sentences in them with their evidence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.article import Article, Language
from massilia.index.ranker import EncodedQuestion
from massilia.index.retriever import ScoredPassage, ScoredSentence
from massilia.service.answer import Timings
from massilia.service.asking import Asking
from massilia.service.evidence import Matrix
from massilia.service.known_names import NameFindings
from massilia.service.question import Question
from massilia.service.question_dates import DateSpan


@dataclass(frozen=True, slots=True)
class Candidate:
    """Hold a sentence that may be quoted, its rank's score, and the probability that it answers."""

    article: Article
    scored: ScoredSentence
    score: float
    probability: float

    @property
    def start(self) -> int:
        """Give the offset of its first character."""
        return self.scored.sentence.start

    @property
    def end(self) -> int:
        """Give the offset after its last character."""
        return self.scored.sentence.end

    @property
    def language(self) -> Language:
        """Give the language of its passage, which may be another than the article's."""
        return self.scored.passage.passage.language

    @property
    def text(self) -> str:
        """Cut the sentence out of its article."""
        return self.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Hold the candidates of a question, best first, with the evidence that ranks them.

    Row i of `evidence` is that of candidate i; `described` is what `describe_question` says.
    `known_articles` are the ids and titles of those that have all the names of the question; they
    are looked up only where the first candidate isn't sure.
    """

    candidates: tuple[Candidate, ...]
    evidence: Matrix
    described: NDArray[np.float32]
    names: NameFindings
    known_articles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """Hold what was found for a question: passages, and the sentences in them, best first.

    `asking` is what the question asks, `dates` are those of the question, as they were used;
    `threshold` is the probability from which on a sentence is quoted. Without a library that holds
    anything, `encoded`, `generation_id` and `findings` are None.
    """

    question: Question
    asking: Asking
    dates: tuple[DateSpan, ...]
    encoded: EncodedQuestion | None
    generation_id: str | None
    passages: tuple[ScoredPassage, ...]
    findings: Findings | None
    threshold: float
    timings: Timings

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Give the sentences that may be quoted, best first."""
        return () if self.findings is None else self.findings.candidates

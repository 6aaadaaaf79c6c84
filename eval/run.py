"""A run: every question of a set asked, and what came back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from massilia.corpus.article import Article
from massilia.eval.question_set import ExpectedAnswer
from massilia.service.answer import Answer, Citation
from massilia.service.answerer import Answerer
from massilia.service.question import read_question


@dataclass(frozen=True, slots=True)
class CheckedCitation:
    """Say of a citation what was found when its article was read again.

    `verbatim`: the cited text stands in the article, to the letter. `offset_exact`: it is what
    lies between the offsets, in the text whose hash the citation gives.
    """

    verbatim: bool
    offset_exact: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold what came of one question."""

    expected: ExpectedAnswer
    answer: Answer
    citations: tuple[CheckedCitation, ...]

    def hit(self, quotes: int) -> bool:
        """Tell whether an accepted string stands in one of the first `quotes` quotes."""
        return any(
            accepted in quote.text
            for quote in self.answer.quotes[:quotes]
            for accepted in self.expected.answers
        )


def run_questions(
    answerer: Answerer,
    questions: Sequence[ExpectedAnswer],
    advance: Callable[[int], None] | None = None,
) -> tuple[Outcome, ...]:
    """Ask every question, in order, and check every citation against the library."""
    outcomes = []
    for expected in questions:
        answer = answerer.answer(read_question(expected.question, expected.language))
        citations = tuple(
            check_citation(quote.citation, answerer.store.article(quote.citation.article_id))
            for quote in answer.quotes
        )
        outcomes.append(Outcome(expected, answer, citations))
        if advance is not None:
            advance(1)
    return tuple(outcomes)


def check_citation(citation: Citation, article: Article | None) -> CheckedCitation:
    """Compare a citation with its article; None, an article that isn't there, fails both."""
    if article is None:
        return CheckedCitation(verbatim=False, offset_exact=False)
    return CheckedCitation(
        verbatim=bool(citation.cited_text) and citation.cited_text in article.text,
        offset_exact=(
            0 <= citation.start < citation.end <= len(article.text)
            and article.text[citation.start : citation.end] == citation.cited_text
            and article.text_sha256 == citation.text_sha256
        ),
    )

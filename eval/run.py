"""A run: every question of a set asked, and what came back."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from massilia.corpus.article import Language
from massilia.eval.citations import CheckedCitation, ReaderPages, check_citation
from massilia.eval.conversations import Conversations, answer_finding
from massilia.eval.question_set import ExpectedAnswer
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.retriever import ScoredPassage
from massilia.ingest.sentences import Span
from massilia.service.answer import Answer, Quote, SkippedReason
from massilia.service.answerer import Answerer
from massilia.service.composition import compose_answer
from massilia.service.finding import Finding
from massilia.service.question_dates import narrow_filter
from massilia.service.turns import Carried, Resumed

DEPTH = 100
"""How many articles of a ranking are kept: as deep as R@100 and AP look."""
PASSAGES_KEPT = 10
REFUSED_UNSEEN = frozenset({SkippedReason.NOT_A_QUESTION, SkippedReason.ASKS_WHAT_IS_NOT})
"""Why nothing is quoted whatever is found, and however low a threshold lies."""
_SCORE_DIGITS = 6


@dataclass(frozen=True, slots=True)
class RankedArticle:
    """Pair an article with the score of the best of its passages."""

    article_id: str
    score: float


@dataclass(frozen=True, slots=True)
class PassagePlace:
    """Place a passage that was found: code point offsets into its article's text."""

    article_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class CheckedQuote:
    """Hold a quote, how sure it is, and what became of its citation when it was checked.

    `mark` places the words that answer, as the quote itself is placed: in code points of the
    article. None where none are marked.
    """

    text: str
    article_id: str
    language: Language
    start: int
    end: int
    confidence: float
    citation: CheckedCitation
    mark: Span | None = None

    @property
    def mark_text(self) -> str | None:
        """Cut the words that answer out of the quote."""
        if self.mark is None:
            return None
        return self.text[self.mark.start - self.start : self.mark.end - self.start]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Hold what came of one question.

    `best` is the first quote, or of an abstention the one that would have been the first without
    it: how sure it is and whether it is right is known for every question that finds anything. It
    is None where nothing is, and where nothing would be quoted whatever is found.
    `reasons` are those of an abstention. `rewritten` is what was searched with where it isn't what
    was asked, and `carried` what it took from earlier turns of the conversation.
    """

    expected: ExpectedAnswer
    ranking: tuple[RankedArticle, ...]
    passages: tuple[PassagePlace, ...]
    quotes: tuple[CheckedQuote, ...]
    best: CheckedQuote | None
    milliseconds: float
    reasons: tuple[SkippedReason, ...] = ()
    rewritten: str | None = None
    carried: tuple[Carried, ...] = ()

    @property
    def searched(self) -> str:
        """Give the text that was searched with."""
        return self.rewritten if self.rewritten is not None else self.expected.question

    @property
    def abstained(self) -> bool:
        """Tell whether nothing is quoted."""
        return not self.quotes

    @property
    def confidence(self) -> float:
        """Give the probability that `best` is right; 0 where there is none."""
        return self.best.confidence if self.best else 0.0

    @property
    def best_is_right(self) -> bool:
        """Tell whether `best` holds an accepted string."""
        return self.best is not None and self._holds_answer(self.best)

    def hit(self, depth: int) -> bool:
        """Tell whether an accepted string stands in one of the first `depth` quotes."""
        return any(self._holds_answer(quote) for quote in self.quotes[:depth])

    def hit_within(self, characters: int) -> bool:
        """Tell whether an accepted string stands whole in the first `characters` that are quoted.

        Of the quote that they end in, what comes before counts; no string goes across two quotes.
        """
        left = characters
        for quote in self.quotes:
            shown = quote.text[:left]
            if any(accepted in shown for accepted in self.expected.answers):
                return True
            left -= len(shown)
        return False

    def _holds_answer(self, quote: CheckedQuote) -> bool:
        return any(accepted in quote.text for accepted in self.expected.answers)


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Hold what came of every question of a set, in its order.

    `whole` is of the library as it is. `directions` are of its articles in one language, by the
    languages of the question and of the articles, such as "fr-en"; a question that has an answer,
    but none in that language, isn't among them. There are none for a library of one language.
    """

    whole: tuple[Outcome, ...]
    directions: Mapping[str, tuple[Outcome, ...]]


def run_questions(
    answerer: Answerer,
    questions: Sequence[ExpectedAnswer],
    pages: ReaderPages,
    only: Language | None = None,
    advance: Callable[[int], None] | None = None,
    *,
    today: date | None = None,
    context: Sequence[ExpectedAnswer] | None = None,
) -> Outcomes:
    """Ask every question of the library, then of its articles in each language apart.

    Given `only`, the library is taken to hold nothing but its articles in that language. Every
    citation is checked against the library and opened. A turn of a conversation follows the
    earlier ones that `context` holds, by default the questions themselves, as they are answered
    from the library whole; in each language apart, the same text is searched with. Relative dates
    are counted from `today`; without it, questions have none.
    """
    languages = {entry.id: entry.language for entry in answerer.store.entries()}
    spoken = sorted(set(languages.values()))
    # Restricting a library of one language changes nothing.
    directions = spoken if only is None and len(spoken) > 1 else []
    conversations = Conversations(
        answerer, questions if context is None else context, _restrict(only), today
    )
    whole = []
    restricted: dict[tuple[Language, Language], list[Outcome]] = defaultdict(list)
    for expected in questions:
        asked = conversations.ask(expected)
        whole.append(
            _take_outcome(answerer, expected, asked.finding, asked.answer, asked.resumed, pages)
        )
        for language in directions:
            narrowed = restrict_expected(expected, language, languages)
            if narrowed is not None:
                within = replace(asked.question, within=_restrict(language))
                again = answerer.find(within, asked.finding.encoded)
                answer = answer_finding(answerer, again)
                restricted[expected.language, language].append(
                    _take_outcome(answerer, narrowed, again, answer, asked.resumed, pages)
                )
        if advance is not None:
            advance(1)
    return Outcomes(
        whole=tuple(whole),
        directions={
            f"{spoken_in}-{found_in}": tuple(outcomes)
            for (spoken_in, found_in), outcomes in sorted(restricted.items())
        },
    )


def restrict_expected(
    expected: ExpectedAnswer, language: Language, languages: Mapping[str, Language]
) -> ExpectedAnswer | None:
    """Return what is expected of the articles in `language` alone.

    `languages` are those of the articles by id. None where the question has an answer, but only
    in the other language.
    """
    qrels = tuple(each for each in expected.qrels if languages.get(each.article_id) is language)
    gold = tuple(each for each in expected.gold if languages.get(each.article_id) is language)
    narrowed = replace(expected, qrels=qrels, gold=gold)
    return None if expected.article_ids and not narrowed.article_ids else narrowed


def rank_articles(passages: Sequence[ScoredPassage], depth: int) -> tuple[RankedArticle, ...]:
    """Return the articles of ranked passages, each once, with the score of its best passage."""
    best: dict[str, float] = {}
    for scored in passages:
        best.setdefault(scored.passage.article_id, round(scored.score, _SCORE_DIGITS))
    return tuple(RankedArticle(*pair) for pair in list(best.items())[:depth])


def _take_outcome(
    answerer: Answerer,
    expected: ExpectedAnswer,
    finding: Finding,
    answer: Answer,
    resumed: Resumed | None,
    pages: ReaderPages,
) -> Outcome:
    def check(quote: Quote) -> CheckedQuote:
        citation = quote.citation
        article = answerer.store.article(citation.article_id)
        resolves = pages.resolve(citation, expected.language)
        return CheckedQuote(
            text=quote.text,
            article_id=citation.article_id,
            language=citation.language,
            start=citation.start,
            end=citation.end,
            confidence=quote.score,
            citation=check_citation(citation, article, resolves),
            mark=quote.mark,
        )

    quotes = tuple(map(check, answer.quotes))
    best = quotes[:1]
    if not quotes and REFUSED_UNSEEN.isdisjoint(answer.skipped_reasons):
        best = tuple(map(check, compose_answer(finding, threshold=0.0).quotes[:1]))
    return Outcome(
        expected=expected,
        ranking=_rank_deeply(answerer, finding, answer),
        passages=tuple(
            PassagePlace(each.passage.article_id, each.passage.start, each.passage.end)
            for each in finding.passages[:PASSAGES_KEPT]
        ),
        quotes=quotes,
        best=best[0] if best else None,
        milliseconds=answer.timings.total,
        reasons=answer.skipped_reasons,
        rewritten=resumed.text if resumed is not None and resumed.rewritten else None,
        carried=resumed.carried if resumed is not None else (),
    )


def _restrict(language: Language | None) -> Filter:
    return EVERYTHING if language is None else Filter(languages=frozenset([language]))


def _rank_deeply(answerer: Answerer, finding: Finding, answer: Answer) -> tuple[RankedArticle, ...]:
    """Rank passages until they are of `DEPTH` articles, or there are no more.

    What the question's dates leave out is left out here too; that some come first because of them
    isn't seen.
    """
    if finding.encoded is None:
        return ()
    asked_within = finding.question.within
    within = narrow_filter(asked_within, answer.dates) or asked_within
    limit = 2 * DEPTH
    while True:
        passages = answerer.rank_passages(finding.encoded, limit, within)
        ranking = rank_articles(passages, DEPTH)
        if len(ranking) == DEPTH or len(passages) < limit:
            return ranking
        limit *= 2

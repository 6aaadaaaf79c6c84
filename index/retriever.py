"""Passages and sentences that are near a question."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache

from massilia.corpus.article import Language
from massilia.index.background import Spread
from massilia.index.diversity import Provenance, choose_diverse
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.generation import Generation
from massilia.index.late import score_passage_sentences
from massilia.index.late_interaction import SentenceScores
from massilia.index.near_duplicates import are_near_duplicates, list_neighbours
from massilia.index.ranker import EncodedQuestion, Ranker
from massilia.index.store import Store, StoredPassage, StoredSentence

CANDIDATES = 30
"""How many passages diverse ones are chosen from."""
PREFERENCE = 0.05
"""What being preferred adds to a passage's score. Swept for dates on the 96 answerable development
questions with one: reciprocal rank of the gold passage .653 with 0, .669 with .01, .676 with .02,
.684 with .05, .685 with .1 and .2."""
PER_ARTICLE = 5
"""How many passages of one article are kept, of those that are near a question."""


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """Pair a passage with the score that its ranker gives it, of whatever scale."""

    passage: StoredPassage
    score: float


@dataclass(frozen=True, slots=True)
class LateScores:
    """Hold what late interaction says of a sentence: see `SentenceScores`."""

    own: float
    led: float
    near: float


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """Hold a sentence with its similarity, and the passage it was found in with its own.

    `passage_score` is the passage's similarity, and `passage` what its ranker says of it;
    `siblings` are its sentences in order. `late` is None where no tokens are held.
    """

    sentence: StoredSentence
    passage: ScoredPassage
    passage_score: float
    score: float
    late: LateScores | None
    siblings: tuple[StoredSentence, ...]


class Retriever:
    """Find passages in one generation of a library, and rank the sentences in them.

    What has been removed from the library since the generation was built is left out.
    """

    def __init__(self, store: Store, generation: Generation, ranker: Ranker) -> None:
        self._store = store
        self._generation = generation
        self._ranker = ranker

    @property
    def generation_id(self) -> str:
        """Name the generation that is searched."""
        return self._generation.id

    def retrieve(
        self, question: EncodedQuestion, limit: int, within: Filter = EVERYTHING
    ) -> list[ScoredPassage]:
        """Return the `limit` passages that rank highest, best first, of those that may pass."""
        wanted = limit
        while True:
            hits = self._ranker.rank(question, wanted, within)
            passages = self._store.passages([hit.id for hit in hits])
            if len(passages) >= limit or len(hits) < wanted:
                break
            # Some have been removed since: others take their places.
            wanted *= 2
        scores = {hit.id: hit.score for hit in hits}
        return [ScoredPassage(passage, scores[passage.id]) for passage in passages[:limit]]

    def retrieve_diverse(
        self,
        question: EncodedQuestion,
        limit: int,
        within: Filter = EVERYTHING,
        prefer: Callable[[StoredPassage], bool] | None = None,
    ) -> list[ScoredPassage]:
        """Return passages as `retrieve` does, but for those that repeat what is returned already.

        At most `PER_ARTICLE` are of one article, and those of an article and of its translation are
        in one language, the question's if it may be. Of near-duplicates in different articles the
        first is kept. They are taken from the `CANDIDATES` that rank highest, so that there may be
        fewer than `limit`. Those that the caller prefers have `PREFERENCE` added to their scores.
        """
        found = self.retrieve(question, max(limit, CANDIDATES), within)
        if prefer is not None:
            found = [
                replace(each, score=each.score + PREFERENCE * prefer(each.passage))
                for each in found
            ]
            found.sort(key=lambda each: (-each.score, each.passage.id))
        works = self._store.works([each.passage.article_id for each in found])
        tokens = self._generation.index.read_tokens([each.passage.id for each in found])

        @cache
        def find_neighbours(position: int) -> frozenset[int]:
            passage = tokens[position]
            return frozenset() if passage is None else list_neighbours(passage)

        def is_repeated(earlier: int, later: int) -> bool:
            # Passages of one article share a sentence where one ends and the next begins.
            same_article = found[earlier].passage.article_id == found[later].passage.article_id
            return not same_article and are_near_duplicates(
                find_neighbours(earlier), find_neighbours(later)
            )

        provenances = [
            Provenance(each.passage.article_id, *works[each.passage.article_id]) for each in found
        ]
        kept = choose_diverse(
            provenances, question.language, PER_ARTICLE, is_repeated, max(limit, 0)
        )
        return [found[position] for position in kept]

    def measure_background(
        self, question: EncodedQuestion, languages: Collection[Language] = tuple(Language)
    ) -> dict[Language, Spread]:
        """Return how similar the question is to the library's sentences at large, by language."""
        return self._generation.background.measure(question.vector, languages)

    def rank_sentences(
        self, question: EncodedQuestion, passages: Sequence[ScoredPassage]
    ) -> list[ScoredSentence]:
        """Return the sentences of `passages`, each once, best first, by their similarity.

        A sentence that two passages share counts with the better of them.
        """
        # Whatever ranked the passages, sentences are weighed by similarities.
        ids = [each.passage.id for each in passages]
        similarities = (self._generation.index.read_vectors(ids) @ question.vector).tolist()
        late = score_passage_sentences(self._generation.index, question, ids)
        sentences = self._store.sentences_of([each.passage for each in passages])
        found: dict[int, ScoredSentence] = {}
        for scored, similarity in zip(passages, similarities, strict=True):
            scores = late.get(scored.passage.id)
            siblings = sentences[scored.passage.id]
            for number, sentence in enumerate(siblings):
                if sentence.id in found and found[sentence.id].passage_score >= similarity:
                    continue
                found[sentence.id] = ScoredSentence(
                    sentence=sentence,
                    passage=scored,
                    passage_score=similarity,
                    score=0.0,
                    late=_pick(scores, number),
                    siblings=siblings,
                )
        hits = self._generation.sentences.score(question.vector, list(found))
        ranked = [replace(found[hit.id], score=hit.score) for hit in hits]
        return sorted(ranked, key=lambda each: (-each.score, each.sentence.id))


def _pick(scores: SentenceScores | None, number: int) -> LateScores | None:
    if scores is None or number >= len(scores.own):
        return None
    return LateScores(
        float(scores.own[number]), float(scores.led[number]), float(scores.near[number])
    )

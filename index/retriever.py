"""Passages and sentences that are near a question."""

from collections.abc import Sequence
from dataclasses import dataclass

from massilia.corpus.article import Language
from massilia.index.background import Spread
from massilia.index.generation import Generation
from massilia.index.ranker import EncodedQuestion, Ranker
from massilia.index.store import Store, StoredPassage, StoredSentence


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """Pair a passage with the score that its ranker gives it, of whatever scale."""

    passage: StoredPassage
    score: float


@dataclass(frozen=True, slots=True)
class ScoredSentence:
    """Pair a sentence with its similarity, and with that of the passage it was found in."""

    sentence: StoredSentence
    passage_score: float
    score: float


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
        self, question: EncodedQuestion, limit: int, language: Language | None = None
    ) -> list[ScoredPassage]:
        """Return the `limit` passages that rank highest, best first, of one language if given."""
        wanted = limit
        while True:
            hits = self._ranker.rank(question, wanted, language)
            passages = self._store.passages([hit.id for hit in hits])
            if len(passages) >= limit or len(hits) < wanted:
                break
            # Some have been removed since: others take their places.
            wanted *= 2
        scores = {hit.id: hit.score for hit in hits}
        return [ScoredPassage(passage, scores[passage.id]) for passage in passages[:limit]]

    def measure_background(self, question: EncodedQuestion) -> dict[Language, Spread]:
        """Return how similar the question is to the library's sentences at large, by language."""
        return self._generation.background.measure(question.vector)

    def rank_sentences(
        self, question: EncodedQuestion, passages: Sequence[ScoredPassage]
    ) -> list[ScoredSentence]:
        """Return the sentences of `passages`, each once, best first, by their similarity.

        A sentence that two passages share counts with the better of them.
        """
        ids = [scored.passage.id for scored in passages]
        # Whatever ranked the passages, sentences are weighed by similarities.
        similarities = {
            hit.id: hit.score for hit in self._generation.passages.score(question.vector, ids)
        }
        found: dict[int, tuple[StoredSentence, float]] = {}
        for scored in passages:
            similarity = similarities[scored.passage.id]
            for sentence in self._store.sentences(scored.passage):
                if sentence.id not in found or found[sentence.id][1] < similarity:
                    found[sentence.id] = (sentence, similarity)
        hits = self._generation.sentences.score(question.vector, list(found))
        ranked = [ScoredSentence(*found[hit.id], hit.score) for hit in hits]
        return sorted(ranked, key=lambda each: (-each.score, each.sentence.id))

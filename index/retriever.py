"""Passages and sentences that are near a question, by the encoder's similarity."""

from dataclasses import dataclass

from massilia.corpus.article import Language
from massilia.index.background import Spread
from massilia.index.encoder import Vectors
from massilia.index.generation import Generation
from massilia.index.store import Store, StoredPassage, StoredSentence


@dataclass(frozen=True, slots=True)
class ScoredPassage:
    """Pair a passage with its similarity with the question."""

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

    def __init__(self, store: Store, generation: Generation) -> None:
        self._store = store
        self._generation = generation

    def retrieve(self, question: Vectors, limit: int) -> list[ScoredPassage]:
        """Return the `limit` passages nearest to the question's vector, best first."""
        wanted = limit
        while True:
            hits = self._generation.passages.search(question, wanted)
            passages = self._store.passages([hit.id for hit in hits])
            if len(passages) >= limit or len(hits) < wanted:
                break
            # Some have been removed since: others take their places.
            wanted *= 2
        scores = {hit.id: hit.score for hit in hits}
        return [ScoredPassage(passage, scores[passage.id]) for passage in passages[:limit]]

    def measure_background(self, question: Vectors) -> dict[Language, Spread]:
        """Return how similar the question is to the library's sentences at large, by language."""
        return self._generation.background.measure(question)

    def rank_sentences(
        self, question: Vectors, passages: list[ScoredPassage]
    ) -> list[ScoredSentence]:
        """Return the sentences of `passages`, each once, best first.

        A sentence that two passages share counts with the better of them.
        """
        found: dict[int, tuple[StoredSentence, float]] = {}
        for scored in passages:
            for sentence in self._store.sentences(scored.passage):
                if sentence.id not in found or found[sentence.id][1] < scored.score:
                    found[sentence.id] = (sentence, scored.score)
        hits = self._generation.sentences.score(question, list(found))
        ranked = [ScoredSentence(*found[hit.id], hit.score) for hit in hits]
        return sorted(ranked, key=lambda each: (-each.score, each.sentence.id))

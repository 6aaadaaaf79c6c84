"""Passages near a question, ranked but not judged: for programs that choose for themselves."""

from dataclasses import dataclass

from massilia.corpus.article import Article
from massilia.index.store import Store, StoredPassage, StoredSentence
from massilia.service.answerer import Answerer
from massilia.service.question import Question

MAX_FOUND = 50
"""How many passages may be asked for."""


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """Hold a passage with its sentences, its article, and its score where it was searched for."""

    passage: StoredPassage
    sentences: tuple[StoredSentence, ...]
    article: Article
    score: float | None = None

    @property
    def text(self) -> str:
        """Cut the passage out of its article."""
        return self.article.text[self.passage.start : self.passage.end]


@dataclass(frozen=True, slots=True)
class PassageSearch:
    """Hold the passages near a question, best first, and the generation they were found in."""

    question: Question
    generation_id: str | None
    found: tuple[FoundPassage, ...]


def search_passages(answerer: Answerer, question: Question, limit: int) -> PassageSearch:
    """Return the `limit` passages that rank highest for a question, of those that its filter lets.

    Dates that the question names play no part. Raises `LibraryError`, and `QuestionError` for a
    question that the encoder can't read whole.
    """
    # One reading, or an article that is replaced in between would be cut at its old places.
    with answerer.store.reading():
        generation_id, scored = answerer.search(question, limit)
        found = (_gather(answerer.store, each.passage, each.score) for each in scored)
        return PassageSearch(question, generation_id, tuple(each for each in found if each))


def find_passage(store: Store, passage_id: int) -> FoundPassage | None:
    """Return a passage of the library, or None where it has none of this id."""
    with store.reading():
        passages = store.passages([passage_id])
        return _gather(store, passages[0]) if passages else None


def _gather(
    store: Store, passage: StoredPassage, score: float | None = None
) -> FoundPassage | None:
    article = store.article(passage.article_id)
    if article is None:
        return None
    return FoundPassage(passage, tuple(store.sentences(passage)), article, score)

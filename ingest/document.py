"""An article and the place it was read from."""

from dataclasses import dataclass

from massilia.corpus.article import Article


@dataclass(frozen=True, slots=True)
class Document:
    """Pair an article with the place it was read from."""

    article: Article
    location: str

"""The addresses of pages of this site."""

from urllib.parse import quote as quote_for_url
from urllib.parse import urlencode

from massilia.corpus.article import Language
from massilia.service.marked_text import Span


def address_article(
    language: Language, article_id: str, start: int | None = None, end: int | None = None
) -> str:
    """Return the address of the reader page, at the quote where its offsets are given."""
    address = f"/{language}/articles/{quote_for_url(article_id, safe='')}"
    if start is None or end is None:
        return address
    return f"{address}?{urlencode({'start': start, 'end': end})}#quote"


def address_original(language: Language, article_id: str, span: Span | None) -> str:
    """Return the address of the document that an article was read from, at a part of it."""
    address = f"{address_article(language, article_id)}/original"
    if span is None:
        return address
    return f"{address}?{urlencode({'start': span.start, 'end': span.end})}#part"

"""Where in its article a quote stands, as a reader is told: under what heading, on what page."""

from dataclasses import dataclass

from massilia.corpus.article import Article
from massilia.service.marked_text import Span, number_sources
from massilia.service.text_fragment import address_fragment


@dataclass(frozen=True, slots=True)
class QuotePlace:
    """Hold where a quote stands: the last heading before it, and the page that it begins on.

    `source_numbers` are those marked within it; `deep_link` is the address of the publisher's
    page at the quote.
    """

    start: int
    end: int
    heading: str | None
    page: int | None
    source_numbers: tuple[int, ...]
    deep_link: str | None


def place_quote(article: Article, span: Span) -> QuotePlace:
    """Return where `article.text[span.start:span.end]` stands."""
    before = [each for each in article.headings if each.start <= span.start]
    heading = max(before, key=lambda each: each.start, default=None)
    numbers = {source.id: number for number, source in enumerate(number_sources(article), 1)}
    marked = {
        numbers[mark.source_id] for mark in article.marks if span.start < mark.position <= span.end
    }
    page = article.find_page(span.start)
    return QuotePlace(
        start=span.start,
        end=span.end,
        heading=article.text[heading.start : heading.end] if heading else None,
        page=page,
        source_numbers=tuple(sorted(marked)),
        deep_link=article.url
        and address_fragment(article.url, article.text, span.start, span.end, page),
    )

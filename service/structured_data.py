"""What a page of an article says of it to machines: JSON-LD in the vocabulary of schema.org."""

import json
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from massilia.corpus.article import Article, Source
from massilia.corpus.pattern import Pattern
from massilia.index.store import ArticleEntry
from massilia.service.marked_text import Span
from massilia.service.page_addresses import address_article

_ISO_DATE: Final = Pattern(r"[0-9]{4}(?:-[01][0-9](?:-[0-3][0-9])?)?")
# In a script element nothing is escaped as HTML, and "</script>" would end it.
_ESCAPES: Final = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def describe_article(
    article: Article,
    site: str,
    sources: Sequence[Source],
    translations: Sequence[ArticleEntry],
    quote: Span | None,
) -> Markup:
    """Return the content of a script of the type application/ld+json, safe to stand in one.

    It describes the article and, where one is marked, the quote. Addresses lie below `site`.
    """
    page = site + address_article(article.language, article.id)
    graph = [_describe_text(article, page, site, sources, translations)]
    if quote is not None:
        address = address_article(article.language, article.id, quote.start, quote.end)
        graph.append(
            {
                "@type": "Quotation",
                "text": article.text[quote.start : quote.end],
                "inLanguage": str(article.language),
                "url": site + address,
                "isPartOf": {"@id": page},
            }
        )
    content = {"@context": "https://schema.org", "@graph": graph}
    written = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return Markup(written.translate(_ESCAPES))


def _describe_text(
    article: Article,
    page: str,
    site: str,
    sources: Sequence[Source],
    translations: Sequence[ArticleEntry],
) -> dict[str, object]:
    described: dict[str, object] = {
        "@type": "Article",
        "@id": page,
        "url": page,
        "headline": article.title,
        "inLanguage": str(article.language),
        "datePublished": article.date_published and article.date_published.isoformat(),
        "dateModified": article.date_modified and article.date_modified.isoformat(),
        "genre": article.kind,
        # A name alone: nobody has said which are persons.
        "author": [{"name": name} for name in article.authors],
        "publisher": article.publisher and {"@type": "Organization", "name": article.publisher},
        "license": article.licence,
        "isBasedOn": article.url,
        "citation": [_describe_source(source) for source in sources],
    }
    related = [
        {"@id": site + address_article(each.language, each.id), "inLanguage": str(each.language)}
        for each in translations
    ]
    name = "translationOfWork" if article.translation_of else "workTranslation"
    return _drop_empty(described | {name: related})


def _describe_source(source: Source) -> dict[str, object]:
    is_date = source.date is not None and _ISO_DATE.fullmatch(source.date) is not None
    return _drop_empty(
        {
            "@type": "CreativeWork",
            "name": source.title,
            "url": source.url,
            "inLanguage": source.language,
            "datePublished": source.date if is_date else None,
            "publisher": source.publisher and {"@type": "Organization", "name": source.publisher},
        }
    )


def _drop_empty(described: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in described.items() if value}

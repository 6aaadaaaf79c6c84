"""What search engines are told: where not to look, and which pages there are."""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from massilia.corpus.article import Language
from massilia.index.store import ArticleEntry
from massilia.service.page_addresses import address_article

MOST_ADDRESSES = 50_000
"""More than that a sitemap may not hold (sitemaps.org)."""
PAGES = ("/", "/articles", "/map", "/about", "/docs", "/quality")
"""The pages there are in each language, besides those of articles."""


def write_robots(site: str) -> str:
    """Return the rules for robots (RFC 9309): answers are for those who ask."""
    rules = ["User-agent: *", "Disallow: /v1/", "Disallow: /mcp", "Disallow: /*?q=", "Allow: /"]
    return "\n".join([*rules, "", f"Sitemap: {site}/sitemap.xml", ""])


def write_sitemap(entries: Sequence[ArticleEntry], site: str) -> str:
    """Return the sitemap: the pages of each language, and each article in its own.

    Of more than fit, the articles published last are named.
    """
    general = [
        f"  <url><loc>{escape(site)}/{language}{page}</loc></url>"
        for language in Language
        for page in PAGES
    ]
    dated = sorted(entries, key=lambda entry: (str(entry.date_published or ""), entry.id))
    articles = [_write_article(entry, site) for entry in dated[::-1]]
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
            *[*general, *articles][:MOST_ADDRESSES],
            "</urlset>",
            "",
        ]
    )


def _write_article(entry: ArticleEntry, site: str) -> str:
    address = escape(site + address_article(entry.language, entry.id))
    changed = entry.date_modified or entry.date_published
    modified = f"<lastmod>{changed.isoformat()}</lastmod>" if changed else ""
    return f"  <url><loc>{address}</loc>{modified}</url>"

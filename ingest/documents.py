"""One file, as the article in it."""

from collections.abc import Mapping
from datetime import date
from functools import cache, partial
from pathlib import Path

from massilia.corpus.article import Article, Source
from massilia.corpus.document import read_document
from massilia.corpus.errors import ArticleError
from massilia.corpus.markdown import parse_article
from massilia.corpus.sources import find_catalogue, read_catalogue
from massilia.ingest.markdown_file import names_itself


def read_article(path: Path) -> Article:
    """Return the article in the file `path`; raises `ArticleError`.

    An article file's sources are looked up in the nearest `sources.json` above it. What can be
    told of any other document, its reader finds.
    """
    text = _read_article_file(path)
    if text is not None:
        return parse_article(text, path.name, cache(partial(_read_sources, path)))
    return _read_document(path)


def _read_article_file(path: Path) -> str | None:
    """Return the text of an article file of ours, None for any other document."""
    if path.suffix.lower() != ".md":
        return None
    try:
        text = read_document(path, path.name)
        return text if names_itself(text, path.name) else None
    except ArticleError:
        # It may be in another charset; what can't be read at all, its reader refuses too.
        return None


def _read_sources(path: Path) -> Mapping[str, Source]:
    catalogue = find_catalogue(path)
    return read_catalogue(catalogue) if catalogue else {}


def _read_document(path: Path) -> Article:
    # Imported here: what reads all kinds of documents takes half a second to load.
    from massilia.ingest.document import Reading
    from massilia.ingest.job import Job
    from massilia.ingest.reader import read_job

    result = read_job(Job(str(path), True, date.today(), path=path))
    assert isinstance(result, Reading)
    for document in result.documents:
        return document.article
    for refusal in result.refusals:
        origin, _, reason = refusal.reason.partition(": ")
        raise ArticleError(origin, reason)
    raise ArticleError(path.name, "no article was found in it")

"""Articles from text that carries no metadata: plain text, and Markdown without a front matter.

The text is taken as it is: menus, captions and comment forms of a scraped page stay in it.
"""

import hashlib
import re
import unicodedata
from pathlib import Path

from massilia.corpus.article import Article
from massilia.corpus.errors import ArticleError
from massilia.corpus.markdown import render_markdown
from massilia.ingest.headings import find_headings
from massilia.ingest.language import detect_language

TITLE_CHARACTERS = 200
TITLE_WORDS = 3
"""A scraped page often opens with a menu's word or two ("Publicité") before its title."""


def parse_plain_text(text: str, path: Path) -> Article:
    """Return the article that the plain text of the file `path` makes.

    Raises `ArticleError` when there is nothing but white space.
    """
    if not text.strip():
        raise ArticleError(path.name, "the file holds no text")
    return Article(
        id=derive_id(path),
        language=detect_language(text),
        title=_find_title(text) or path.stem,
        text=text,
        origin=path.name,
        headings=find_headings(text),
    )


def parse_bare_markdown(markdown: str, path: Path) -> Article:
    """Return the article that a Markdown file without a front matter makes.

    Raises `ArticleError` when there is no text in it.
    """
    body = render_markdown(markdown, path.name, source_ids=None)
    if not body.text:
        raise ArticleError(path.name, "the file holds no text")
    first = body.headings[0] if body.headings else None
    heading = body.text[first.start : first.end].replace("\n", " ") if first else ""
    title = heading[:TITLE_CHARACTERS].strip() or _find_title(body.text)
    return Article(
        id=derive_id(path),
        language=detect_language(body.text),
        title=title or path.stem,
        text=body.text,
        origin=path.name,
        headings=body.headings,
    )


def derive_id(path: Path) -> str:
    """Return the id of an article whose file gives none: its name, folded to an id's letters."""
    folded = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode()
    derived = re.sub(r"[^a-z0-9._-]+", "-", folded.lower()).strip("-._")[:100]
    return derived or f"article-{hashlib.sha256(path.name.encode()).hexdigest()[:12]}"


def _find_title(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    title = next((line for line in lines if len(line.split()) >= TITLE_WORDS), lines[0])
    return title[:TITLE_CHARACTERS].strip()

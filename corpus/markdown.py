"""Article files: Markdown under a YAML front matter, with footnote marks that name sources.

Reading turns the Markdown into the plain text that is quoted. Each paragraph, heading, list item
and table row becomes one paragraph of that text, without its markup. A mark such as
`[^orange-medusa]` is taken out, and its place kept.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from massilia.corpus.article import (
    Article,
    Heading,
    Language,
    Source,
    SourceMark,
    normalise_text,
)
from massilia.corpus.errors import ArticleError
from massilia.corpus.front_matter import (
    Field,
    FrontMatter,
    date_field,
    list_field,
    split_front_matter,
    text_field,
)
from massilia.corpus.sources import check_web_address, make_source

FIELDS = frozenset(
    {
        "id",
        "language",
        "title",
        "publisher",
        "authors",
        "date_published",
        "date_modified",
        "url",
        "licence",
        "translation_of",
        "sources",
    }
)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_MARK = re.compile(r"[ \t\u00a0]*\[\^([^\]\s]+)\]")
_COMMENT = re.compile(r"\s*<!--.*?-->\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class MarkdownText:
    """Hold the plain text of a Markdown body, and what its markup said about places in it."""

    text: str
    headings: tuple[Heading, ...]
    marks: tuple[SourceMark, ...]


def parse_article(text: str, origin: str, catalogue: Mapping[str, Source]) -> Article:
    """Return the article that the text of an article file describes.

    A source in the front matter is either the id of one in `catalogue` or a mapping of its own.
    Raises `ArticleError`, with file, line and reason, for anything missing, unknown or wrong.
    """
    front_matter = split_front_matter(text, origin)
    fields = front_matter.fields
    for key, field in fields.items():
        if key not in FIELDS:
            known = ", ".join(sorted(FIELDS))
            raise ArticleError(origin, f"unknown field {key!r}; known are {known}", field.line)
    sources = _read_sources(fields, origin, catalogue)
    body = _read_body(front_matter, origin, frozenset(source.id for source in sources))
    if not body.text:
        raise ArticleError(origin, "the article has no text", front_matter.body_line)
    url = text_field(fields, "url", origin)
    check_web_address(url, origin, fields["url"].line if url else None)
    translation_of = text_field(fields, "translation_of", origin)
    return Article(
        id=_read_id(fields, origin),
        language=_read_language(fields, origin),
        title=_require_text(fields, "title", origin),
        text=body.text,
        origin=origin,
        publisher=text_field(fields, "publisher", origin),
        authors=_read_authors(fields, origin),
        date_published=date_field(fields, "date_published", origin),
        date_modified=date_field(fields, "date_modified", origin),
        url=url,
        licence=text_field(fields, "licence", origin),
        translation_of=translation_of,
        sources=sources,
        marks=body.marks,
        headings=body.headings,
    )


def render_markdown(
    markdown: str, origin: str, source_ids: frozenset[str] = frozenset(), first_line: int = 1
) -> MarkdownText:
    """Return the plain text of `markdown`, with its headings and marks placed in it.

    Raises `ArticleError` for a mark of a source that isn't among `source_ids` and for a block of
    raw HTML, whose text would be lost. `first_line` is where `markdown` begins in its file.
    """
    paragraphs: list[str] = []
    headings: list[Heading] = []
    marks: list[SourceMark] = []
    start = 0
    for block in _split_blocks(markdown, origin, first_line):
        text, block_marks = _strip_marks(block, origin, source_ids)
        if not text:
            continue
        if block.heading_level:
            headings.append(Heading(block.heading_level, start, start + len(text)))
        marks += (SourceMark(start + mark.position, mark.source_id) for mark in block_marks)
        paragraphs.append(text)
        start += len(text) + 2
    return MarkdownText("\n\n".join(paragraphs), tuple(headings), tuple(marks))


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    heading_level: int
    line: int


def _split_blocks(markdown: str, origin: str, first_line: int) -> Iterator[_Block]:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    level = 0
    row: list[str] | None = None
    for token in tokens:
        line = first_line + (token.map[0] if token.map else 0)
        if token.type == "heading_open":
            level = int(token.tag[1:])
        elif token.type == "heading_close":
            level = 0
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            yield _Block(" | ".join(row), 0, line)
            row = None
        elif token.type == "inline":
            text = _render_inline(token)
            if row is None:
                yield _Block(text, level, line)
            else:
                row.append(text)
        elif token.type in {"fence", "code_block"}:
            yield _Block(token.content.rstrip("\n"), 0, line)
        elif token.type == "html_block" and not _COMMENT.fullmatch(token.content):
            reason = "a block of raw HTML can't be quoted: write it in Markdown"
            raise ArticleError(origin, reason, line)


def _render_inline(token: Token) -> str:
    pieces = []
    for child in token.children or []:
        if child.type in {"text", "code_inline"}:
            pieces.append(child.content)
        elif child.type == "softbreak":
            pieces.append(" ")
        elif child.type == "hardbreak":
            pieces.append("\n")
    return "".join(pieces).strip()


def _strip_marks(
    block: _Block, origin: str, source_ids: frozenset[str]
) -> tuple[str, list[SourceMark]]:
    marks: list[SourceMark] = []
    text = ""
    end = 0
    for match in _MARK.finditer(block.text):
        source_id = match[1]
        if source_id not in source_ids:
            line = block.line + block.text.count("\n", 0, match.start())
            reason = f"the mark [^{source_id}] names no source of the front matter"
            raise ArticleError(origin, reason, line)
        text = _join(text, block.text[end : match.start()])
        marks.append(SourceMark(len(text), source_id))
        end = match.end()
    return _join(text, block.text[end:]).rstrip(), marks


def _join(text: str, rest: str) -> str:
    # A mark may have kept a letter and its combining accent apart; the stored text is NFC.
    return normalise_text(text + rest).lstrip()


def _read_body(front_matter: FrontMatter, origin: str, source_ids: frozenset[str]) -> MarkdownText:
    return render_markdown(front_matter.body, origin, source_ids, front_matter.body_line)


def _require_text(fields: Mapping[str, Field], key: str, origin: str) -> str:
    value = text_field(fields, key, origin)
    if value is None:
        line = fields[key].line if key in fields else 1
        raise ArticleError(origin, f"the front matter gives no {key!r}", line)
    return value


def _read_id(fields: Mapping[str, Field], origin: str) -> str:
    article_id = _require_text(fields, "id", origin)
    if not _ID.fullmatch(article_id):
        reason = (
            f"{article_id!r} can't be an id: at most 100 lower-case letters, digits, hyphens, "
            "dots and underscores, beginning with a letter or digit"
        )
        raise ArticleError(origin, reason, fields["id"].line)
    return article_id


def _read_language(fields: Mapping[str, Field], origin: str) -> Language:
    value = _require_text(fields, "language", origin)
    try:
        return Language(value)
    except ValueError as error:
        known = " or ".join(Language)
        reason = f"the language must be {known}, not {value!r}"
        raise ArticleError(origin, reason, fields["language"].line) from error


def _read_authors(fields: Mapping[str, Field], origin: str) -> tuple[str, ...]:
    authors = list_field(fields, "authors", origin)
    for author in authors:
        if not isinstance(author, str) or not author.strip():
            reason = f"an author must be a name, not {author!r}"
            raise ArticleError(origin, reason, fields["authors"].line)
    return tuple(str(author).strip() for author in authors)


def _read_sources(
    fields: Mapping[str, Field], origin: str, catalogue: Mapping[str, Source]
) -> tuple[Source, ...]:
    sources: dict[str, Source] = {}
    for entry in list_field(fields, "sources", origin):
        line = fields["sources"].line
        if isinstance(entry, str):
            if entry not in catalogue:
                raise ArticleError(origin, f"no sources.json knows the source {entry!r}", line)
            source = catalogue[entry]
        else:
            source = make_source(entry, origin, line)
        if source.id in sources:
            raise ArticleError(origin, f"the source {source.id!r} is listed twice", line)
        sources[source.id] = source
    return tuple(sources.values())

"""Article files: Markdown under a YAML front matter, with footnote marks that name sources.

Reading turns the Markdown into the plain text that is quoted. Each paragraph, heading, list item
and table row becomes one paragraph of that text, without its markup. A mark such as
`[^orange-medusa]` is taken out, and its place kept; in code, or after a backslash, it is text.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from massilia.corpus.article import (
    Article,
    Heading,
    Language,
    Source,
    SourceMark,
    normalise_text,
)
from massilia.corpus.document import normalise_line
from massilia.corpus.errors import ArticleError, show_value
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
        "kind",
        "translation_of",
        "sources",
    }
)
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_MARK = re.compile(r"\[\^([^\[\]\s]+)\]")
_COMMENTS = re.compile(r"(?:\s*<!--(?:(?!-->).)*-->)+\s*", re.DOTALL)
_LINE_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
# What may stand next to the word before a mark, once the mark is taken out.
_CLOSING = re.compile(r"[\s.,…;:!?)\]»”]")


@dataclass(frozen=True, slots=True)
class MarkdownText:
    """Hold the plain text of a Markdown body, and what its markup said about places in it."""

    text: str
    headings: tuple[Heading, ...]
    marks: tuple[SourceMark, ...]


def parse_article(
    text: str, origin: str, read_catalogue: Callable[[], Mapping[str, Source]]
) -> Article:
    """Return the article that the text of an article file describes.

    A source in the front matter is a mapping of its own, or the id of one in the catalogue, which
    is read only for such an id: a faulty catalogue is no concern of an article that needs none.
    Raises `ArticleError`, with file, line and reason, for anything missing, unknown or wrong.
    """
    front_matter = split_front_matter(text, origin)
    fields = front_matter.fields
    for key, field in fields.items():
        if key not in FIELDS:
            known = ", ".join(sorted(FIELDS))
            reason = f"unknown field {show_value(key)}; known are {known}"
            raise ArticleError(origin, reason, field.line)
    sources = _read_sources(fields, origin, read_catalogue)
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
        kind=text_field(fields, "kind", origin),
        translation_of=translation_of,
        sources=sources,
        marks=body.marks,
        headings=body.headings,
    )


def render_markdown(
    markdown: str,
    origin: str,
    source_ids: frozenset[str] | None = frozenset(),
    first_line: int = 1,
) -> MarkdownText:
    """Return the plain text of `markdown`, with its headings and marks placed in it.

    Where `source_ids` is None, as for a file that can name no sources, marks are left as text.

    Raises `ArticleError` for a mark that stands behind no text or whose source isn't among
    `source_ids`, for a footnote's definition, and for a block of raw HTML or one nested too
    deeply, whose text would be lost. `first_line` is where `markdown` begins in its file.
    """
    paragraphs: list[str] = []
    headings: list[Heading] = []
    marks: list[SourceMark] = []
    start = 0
    tokens = _parse_markdown(markdown, origin, first_line, with_marks=source_ids is not None)
    for block in _split_blocks(tokens, first_line):
        text, block_marks = _place_marks(block, origin, source_ids or frozenset())
        if not text:
            continue
        if block.heading_level:
            headings.append(Heading(block.heading_level, start, start + len(text)))
        marks += (SourceMark(start + mark.position, mark.source_id) for mark in block_marks)
        paragraphs.append(text)
        start += len(text) + 2
    return MarkdownText("\n\n".join(paragraphs), tuple(headings), tuple(marks))


@dataclass(frozen=True, slots=True)
class _Mark:
    source_id: str
    line: int


@dataclass(frozen=True, slots=True)
class _Block:
    """Hold the pieces of a paragraph; no two neighbours among them are both text."""

    pieces: list[str | _Mark]
    heading_level: int = 0


def _parse_markdown(
    markdown: str, origin: str, first_line: int, *, with_marks: bool
) -> list[Token]:
    """Return the tokens of `markdown`, or raise `ArticleError` where text of it would be lost."""
    parser = MarkdownIt("commonmark").enable("table")
    if with_marks:
        parser.inline.ruler.before("link", "source_mark", _read_mark)
    definitions: dict[str, dict[str, dict[str, list[int]]]] = {}
    tokens = parser.parse(markdown, definitions)
    for label, definition in definitions.get("references", {}).items():
        if with_marks and label.startswith("^"):
            reason = "a footnote is not defined here: the front matter describes the sources"
            raise ArticleError(origin, reason, first_line + definition["map"][0])
    # The parser leaves out what is nested more deeply, without a word.
    deepest = parser.options.maxNesting - 1
    for token in tokens:
        line = first_line + (token.map[0] if token.map else 0)
        if token.type == "html_block" and not _COMMENTS.fullmatch(token.content):
            reason = "a block of raw HTML can't be quoted: write it in Markdown"
            raise ArticleError(origin, reason, line)
        if token.type in {"list_item_open", "blockquote_open"} and token.level >= deepest:
            raise ArticleError(origin, "lists or quotations are nested too deeply", line)
    return tokens


def _split_blocks(tokens: list[Token], first_line: int) -> Iterator[_Block]:
    level = 0
    row: list[list[str | _Mark]] | None = None
    for token in tokens:
        if token.type == "heading_open":
            level = int(token.tag[1:])
        elif token.type == "heading_close":
            level = 0
        elif token.type == "tr_open":
            row = []
        elif token.type == "tr_close" and row is not None:
            if any(row):
                yield _Block(_join_cells(row))
            row = None
        elif token.type == "inline":
            pieces = _render_inline(token, first_line + (token.map[0] if token.map else 0))
            if row is None:
                yield _Block(pieces, level)
            else:
                row.append(pieces)
        elif token.type in {"fence", "code_block"}:
            yield _Block([token.content])


def _read_mark(state: StateInline, silent: bool) -> bool:
    match = _MARK.match(state.src, state.pos, state.posMax)
    # Silently, the parser looks for the end of a link's text, where it would take a mark for a
    # link within a link. Left alone, it takes it for text in brackets.
    if match is None or silent:
        return False
    token = state.push("source_mark", "", 0)
    token.content = match[1]
    token.meta["lines_above"] = state.src.count("\n", 0, state.pos)
    state.pos = match.end()
    return True


def _render_inline(token: Token, line: int) -> list[str | _Mark]:
    pieces: list[str | _Mark] = []
    for child in token.children or []:
        if child.type in {"text", "code_inline"}:
            _append_text(pieces, child.content)
        elif child.type == "softbreak":
            _append_text(pieces, " ")
        elif child.type == "hardbreak" or _LINE_BREAK.fullmatch(child.content):
            _append_text(pieces, "\n")
        elif child.type == "source_mark":
            pieces.append(_Mark(child.content, line + child.meta["lines_above"]))
    return pieces


def _join_cells(row: list[list[str | _Mark]]) -> list[str | _Mark]:
    pieces: list[str | _Mark] = []
    for number, cell in enumerate(row):
        if number:
            _append_text(pieces, " | ")
        for piece in cell:
            if isinstance(piece, str):
                _append_text(pieces, piece)
            else:
                pieces.append(piece)
    return pieces


def _append_text(pieces: list[str | _Mark], text: str) -> None:
    if pieces and isinstance(pieces[-1], str):
        pieces[-1] += text
    elif text:
        pieces.append(text)


def _place_marks(
    block: _Block, origin: str, source_ids: frozenset[str]
) -> tuple[str, list[SourceMark]]:
    marks: list[SourceMark] = []
    text = ""
    for piece in block.pieces:
        if isinstance(piece, str):
            # The space before a mark goes with it, unless it parts two words.
            before = text.rstrip() if _CLOSING.match(piece) else text
            # A mark may have kept a letter and its accent apart; the stored text is NFC.
            text = normalise_text(before + piece).lstrip()
            continue
        position = len(text.rstrip())
        if piece.source_id not in source_ids:
            reason = f"the mark [^{piece.source_id}] names no source of the front matter"
            raise ArticleError(origin, reason, piece.line)
        if not position:
            reason = f"the mark [^{piece.source_id}] stands behind no text"
            raise ArticleError(origin, reason, piece.line)
        marks.append(SourceMark(position, piece.source_id))
    return text.rstrip(), marks


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
            f"{show_value(article_id)} can't be an id: at most 100 lower-case letters, digits, "
            "hyphens, dots and underscores, beginning with a letter or digit"
        )
        raise ArticleError(origin, reason, fields["id"].line)
    return article_id


def _read_language(fields: Mapping[str, Field], origin: str) -> Language:
    value = _require_text(fields, "language", origin)
    try:
        return Language(value)
    except ValueError as error:
        known = " or ".join(Language)
        reason = f"the language must be {known}, not {show_value(value)}"
        raise ArticleError(origin, reason, fields["language"].line) from error


def _read_authors(fields: Mapping[str, Field], origin: str) -> tuple[str, ...]:
    authors: list[str] = []
    for entry in list_field(fields, "authors", origin):
        line = fields["authors"].line
        try:
            author = normalise_line(entry) if isinstance(entry, str) else None
        except ValueError as error:
            raise ArticleError(origin, f"'authors': {error}", line) from error
        if author is None:
            raise ArticleError(origin, f"an author must be a name, not {show_value(entry)}", line)
        authors.append(author)
    return tuple(authors)


def _read_sources(
    fields: Mapping[str, Field], origin: str, read_catalogue: Callable[[], Mapping[str, Source]]
) -> tuple[Source, ...]:
    sources: dict[str, Source] = {}
    for entry in list_field(fields, "sources", origin):
        line = fields["sources"].line
        if isinstance(entry, str):
            catalogue = read_catalogue()
            if entry not in catalogue:
                reason = f"no sources.json knows the source {show_value(entry)}"
                raise ArticleError(origin, reason, line)
            source = catalogue[entry]
        else:
            source = make_source(entry, origin, line)
        if source.id in sources:
            raise ArticleError(origin, f"the source {source.id!r} is listed twice", line)
        sources[source.id] = source
    return tuple(sources.values())


def list_links(text: str) -> list[tuple[str, int]]:
    """Return where each link of an article file leads, with the line of its paragraph."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return [
        (str(child.attrs["href"]), token.map[0] + 1)
        for token in tokens
        if token.map
        for child in token.children or []
        if child.type == "link_open"
    ]

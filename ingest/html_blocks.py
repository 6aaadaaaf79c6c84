"""The tree of an HTML page, flattened: its blocks of text in order, and the elements around them.

Elements are opened and closed as browsers do in all that matters to text (the HTML standard,
13.2.6): a paragraph ends where another begins, a stray end tag ends nothing outside its cell.
Nothing here calls itself, so a page may nest as deeply as it likes.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from html import escape
from typing import Final

from massilia.ingest.html_regions import Reason, is_button, is_hidden, suspect
from massilia.ingest.html_text import PlacedText, TextBuilder
from massilia.ingest.html_tokens import Token, TokenKind, scan_tokens, unescape_attribute
from massilia.ingest.sentences import ends_sentence

MAX_DEPTH: Final = 100
"""Elements nested more deeply are read as if their tags weren't there; libxml2 gives up at 256."""
# Rows and columns that a cell is believed to reach over.
MAX_SPAN: Final = 30
MAX_COLUMNS: Final = 200
MIN_LEAD_WORDS: Final = 12
# Of one name; a paper has as many as it has authors.
MAX_METAS: Final = 100
# What is marked as a date or a name is short.
MAX_MARKED_CHARACTERS: Final = 500
MAX_MARKED: Final = 2_000

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
    ]
)
_ENDS_PARAGRAPH = _BLOCKS - frozenset(
    [
        "body",
        "caption",
        "dd",
        "dt",
        "html",
        "legend",
        "li",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
    ]
)
_VOID = frozenset(
    [
        "area",
        "base",
        "basefont",
        "bgsound",
        "br",
        "col",
        "command",
        "embed",
        "frame",
        "hr",
        "img",
        "input",
        "keygen",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
_UNSEEN = frozenset(
    [
        "annotation",
        "annotation-xml",
        "applet",
        "audio",
        "canvas",
        "datalist",
        "head",
        "map",
        "noscript",
        "object",
        "rp",
        "rt",
        "svg",
        "template",
        "video",
    ]
)
_HEADINGS: Final[Mapping[str, int]] = {f"h{level}": level for level in range(1, 7)}
_ITEMS = frozenset({"dd", "dt", "li"})
_AS_IT_STANDS = frozenset({"listing", "pre"})
_CELLS = frozenset({"td", "th"})
_TABLE_PARTS = frozenset(["caption", "table", "tbody", "td", "tfoot", "th", "thead", "tr"])
# What a new one of these ends, and what it doesn't look beyond.
_ENDED_BY: Final[Mapping[str, frozenset[str]]] = {
    "li": frozenset({"li"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "td": _CELLS,
    "th": _CELLS,
    "tr": frozenset({"caption", "tr"}),
    "tbody": frozenset(["caption", "tbody", "tfoot", "thead"]),
    "thead": frozenset(["caption", "tbody", "tfoot", "thead"]),
    "tfoot": frozenset(["caption", "tbody", "tfoot", "thead"]),
}
_STOPS: Final[Mapping[str, frozenset[str]]] = {
    "li": frozenset(["dir", "menu", "ol", "table", "td", "th", "ul"]),
    "dt": frozenset(["dl", "table", "td", "th"]),
    "dd": frozenset(["dl", "table", "td", "th"]),
    "td": frozenset({"table", "tr"}),
    "th": frozenset({"table", "tr"}),
    "tr": frozenset({"table"}),
    "tbody": frozenset({"table"}),
    "thead": frozenset({"table"}),
    "tfoot": frozenset({"table"}),
}
_PARAGRAPH = frozenset({"p"})
_PARAGRAPH_STOPS = frozenset(["button", "caption", "table", "td", "th"])
# Styles part these from their neighbours: "<time>3 mai</time><time>4 mai</time>".
_SET_APART = frozenset({"a", "time"})
_QUOTABLE_IN_FIGURE = frozenset(["blockquote", "ol", "pre", "table", "ul"])
_MARKED_PROPERTIES = frozenset(
    [
        "author",
        "creator",
        "datecreated",
        "datemodified",
        "datepublished",
        "headline",
        "name",
        "publisher",
    ]
)


class BlockKind(Enum):
    """Name what a block of text is."""

    PARAGRAPH = auto()
    HEADING = auto()
    ITEM = auto()
    CELL = auto()


@dataclass(frozen=True, slots=True)
class Block:
    """Hold a stretch of text that no other element parts.

    `element` is the innermost element around it, `region` the innermost suspect one, or -1;
    `level` is a heading's. `linked` are the stretches of its text within links.
    """

    kind: BlockKind
    level: int
    element: int
    region: int
    cell: int
    placed: PlacedText
    linked: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """Return the text as it is quoted."""
        return self.placed.text


@dataclass(frozen=True, slots=True)
class Region:
    """Hold a part of the page that is likely no part of the article."""

    reason: Reason
    parent: int
    element: int


@dataclass(slots=True)
class Cell:
    """Place a table's cell; rows and columns count from 0, spans taken into account."""

    table: int
    row: int
    column: int
    rows: int
    columns: int
    is_header: bool


@dataclass(slots=True)
class Table:
    """Say in which cell of another a table stands (or -1), and which element it is."""

    cell: int
    element: int
    is_layout: bool
    rows: int = 0
    next_column: int = 0
    # By column, how many more rows a cell from above reaches into.
    reaching: dict[int, int] = field(default_factory=dict)


@dataclass(slots=True)
class Marked:
    """Hold a name or a date that the page marks as such.

    `value` is that of a `content` or `datetime` attribute, `start` where its tag begins. `block` is
    how many blocks stand before it, `parent` the marked element around it, or -1.
    """

    name: str
    properties: tuple[str, ...]
    words: str
    value: str | None
    region: int
    block: int
    parent: int
    start: int
    text: str = ""


@dataclass(slots=True)
class Page:
    """Hold what a page's source says, in order.

    An element is known by its number: `names`, `parents` and `attributes` (as they were written,
    cut) tell of it. `images` and `buttons` are the elements around one. `events` are the numbers
    of elements where they open, CLOSED where one closes, and -2 - n where the block n stands.
    """

    source: str
    blocks: list[Block] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    attributes: list[str] = field(default_factory=list)
    events: list[int] = field(default_factory=list)
    title: str | None = None
    language: str | None = None
    base: str | None = None
    metas: dict[str, list[str]] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    json_ld: list[str] = field(default_factory=list)
    marked: list[Marked] = field(default_factory=list)
    images: list[int] = field(default_factory=list)
    buttons: list[int] = field(default_factory=list)


CLOSED: Final = -1


def read_page(source: str) -> Page:
    """Read the source of a page; raises `ValueError` where it has too many tags."""
    return _Reader(source).read()


@dataclass(slots=True)
class _Open:
    """Hold an open element, and what its ancestors make of the text in it."""

    name: str
    is_block: bool = False
    element: int = -1
    region: int = -1
    kind: BlockKind = BlockKind.PARAGRAPH
    level: int = 0
    table: int = -1
    cell: int = -1
    marked: int = -1
    as_it_stands: bool = False
    is_linked: bool = False
    is_unseen: bool = False
    is_in_figure: bool = False
    is_quotation: bool = False

    def open(self, name: str) -> "_Open":
        """Return an element within this one, which passes on to it what it makes of the text."""
        return _Open(
            name,
            name in _BLOCKS,
            self.element,
            self.region,
            self.kind,
            self.level,
            self.table,
            self.cell,
            -1,
            self.as_it_stands,
            self.is_linked,
            self.is_unseen,
            self.is_in_figure,
            self.is_quotation,
        )


class _Reader:
    """Read a page in one pass over its tags."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._page = Page(source)
        self._builder = TextBuilder(source)
        self._linked: list[tuple[int, int]] = []
        self._open = [_Open("")]
        self._counts: Counter[str] = Counter()
        self._passed_over: Counter[str] = Counter()
        self._marked: list[int] = []
        self._position = 0

    def read(self) -> Page:
        kind_of_data = ""
        for token in scan_tokens(self._source):
            self._position = token.start
            match token.kind:
                case TokenKind.TEXT:
                    self._add_text(token)
                case TokenKind.OPENING:
                    if token.name == "script":
                        kind_of_data = token.attributes.get("type", "").lower()
                    else:
                        self._open_element(token.name, token.attributes)
                case TokenKind.CLOSING:
                    if token.name != "script":
                        self._close_element(token.name)
                case TokenKind.RAW:
                    self._add_raw(token, kind_of_data)
        while len(self._open) > 1:
            self._pop()
        self._flush()
        return self._page

    def _add_text(self, token: Token) -> None:
        top = self._open[-1]
        if top.is_unseen:
            return
        before = self._builder.length
        self._builder.add(token.start, token.end, as_it_stands=top.as_it_stands)
        if top.is_linked and self._builder.length > before:
            self._linked.append((before, self._builder.length))
        for number in self._marked:
            marked = self._page.marked[number]
            if len(marked.text) < MAX_MARKED_CHARACTERS:
                end = min(token.end, token.start + MAX_MARKED_CHARACTERS)
                marked.text += self._source[token.start : end]

    def _add_raw(self, token: Token, kind_of_data: str) -> None:
        content = self._source[token.start : token.end]
        if token.name == "title":
            if self._page.title is None and not any(each.name == "svg" for each in self._open):
                self._page.title = unescape_attribute(content)
        elif token.name == "script" and "ld+json" in kind_of_data:
            self._page.json_ld.append(content)

    def _flush(self) -> None:
        """Make blocks of the text that was added since the last one."""
        if not self._builder.length:
            self._linked.clear()
            self._builder.clear()
            return
        top = self._open[-1]
        offset = 0
        for placed in self._builder.finish():
            end = offset + len(placed.text)
            linked = tuple(
                (max(first, offset) - offset, min(last, end) - offset)
                for first, last in self._linked
                if first < end and last > offset
            )
            kind, level = top.kind, top.level
            if level and _is_lead(placed.text):
                kind, level = BlockKind.PARAGRAPH, 0
            self._page.events.append(-2 - len(self._page.blocks))
            self._page.blocks.append(
                Block(kind, level, top.element, top.region, top.cell, placed, linked)
            )
            offset = end + 2
        self._linked.clear()

    def _open_element(self, name: str, attributes: Mapping[str, str]) -> None:
        if name in _VOID:
            self._add_void(name, attributes)
            return
        if name in ("html", "body") and self._counts[name]:
            return
        if name == "html" and self._page.language is None:
            self._page.language = attributes.get("lang") or attributes.get("xml:lang")
        self._end_implied(name)
        if len(self._open) > MAX_DEPTH:
            self._passed_over[name] += 1
            if name in _BLOCKS:
                self._flush()
            return
        top = self._open[-1]
        opened = top.open(name)
        self._describe(opened, top, name, attributes)
        if opened.is_block or opened.region != top.region:
            self._flush()
        elif name in _SET_APART:
            self._builder.add_gap()
        if not top.level and is_button(name, attributes):
            self._page.buttons.append(top.element)
        if opened.is_block:
            opened.element = self._add_element(name, attributes, top.element)
        self._open.append(opened)
        self._counts[name] += 1
        self._mark(opened, attributes)

    def _describe(
        self, opened: _Open, top: _Open, name: str, attributes: Mapping[str, str]
    ) -> None:
        """Say what an element makes of the text in it."""
        if name in _UNSEEN:
            opened.is_unseen = True
        elif name == "body":
            # An unclosed head hides nothing.
            opened.is_unseen = False
        elif name in _HEADINGS:
            opened.kind, opened.level = BlockKind.HEADING, _HEADINGS[name]
        elif name in _ITEMS:
            opened.kind = BlockKind.ITEM
        elif name == "a":
            # Many sites link their headings to themselves.
            to_itself = bool(top.level) and attributes.get("href", "").startswith("#")
            opened.is_linked = "href" in attributes and not to_itself
        elif name in _TABLE_PARTS:
            self._describe_table(opened, top, name, attributes)
        opened.as_it_stands |= name in _AS_IT_STANDS
        opened.is_quotation |= name == "blockquote"
        opened.is_in_figure |= name == "figure"
        if name in _QUOTABLE_IN_FIGURE:
            opened.is_in_figure = False
        self._suspect(opened, top, name, attributes)

    def _describe_table(
        self, opened: _Open, top: _Open, name: str, attributes: Mapping[str, str]
    ) -> None:
        tables = self._page.tables
        if name == "table":
            opened.table, opened.cell = len(tables), -1
            is_layout = attributes.get("role") in ("none", "presentation")
            tables.append(Table(top.cell, len(self._page.names), is_layout))
        elif name == "tr" and top.table >= 0:
            self._begin_row(tables[top.table])
        elif name in _CELLS and top.table >= 0:
            opened.kind, opened.cell = BlockKind.CELL, len(self._page.cells)
            self._page.cells.append(self._place_cell(top.table, name, attributes))

    def _suspect(self, opened: _Open, top: _Open, name: str, attributes: Mapping[str, str]) -> None:
        reason = suspect(name, attributes)
        if reason is None and opened.is_in_figure and opened.is_block and name != "figure":
            reason = Reason.CAPTION
        # The footer of a quotation says whose words they are; a question that opens its answer is
        # a button in its heading.
        is_said = reason is Reason.FOOTER and opened.is_quotation
        if reason is None or is_said or (name == "button" and top.level):
            return
        if not opened.is_block and self._builder.length:
            # Within a sentence, only what can't be seen is left out.
            opened.is_unseen = opened.is_unseen or is_hidden(attributes) or name == "button"
            return
        opened.region = len(self._page.regions)
        self._page.regions.append(Region(reason, top.region, top.element))

    def _add_element(self, name: str, attributes: Mapping[str, str], parent: int) -> int:
        page = self._page
        number = len(page.names)
        page.names.append(name)
        page.parents.append(parent)
        page.attributes.append(
            "".join(
                f' {key}="{escape(attributes[key][:200])}"'
                for key in ("class", "id", "itemprop", "role")
                if key in attributes
            )
        )
        page.events.append(number)
        return number

    def _add_void(self, name: str, attributes: Mapping[str, str]) -> None:
        page = self._page
        if name == "br":
            self._builder.add_break()
        elif name == "img":
            page.images.append(self._open[-1].element)
        elif name == "hr":
            self._end_implied(name)
            self._flush()
        elif name == "base" and page.base is None:
            page.base = attributes.get("href")
        elif name == "link" and "href" in attributes:
            page.links.append((attributes.get("rel", "").lower(), attributes["href"]))
        elif name == "meta" and "content" in attributes:
            self._add_meta(attributes)

    def _add_meta(self, attributes: Mapping[str, str]) -> None:
        for key in ("name", "property", "http-equiv", "itemprop"):
            if key in attributes:
                name = attributes[key].strip().lower()
                contents = self._page.metas.setdefault(name, [])
                if len(contents) < MAX_METAS:
                    contents.append(attributes["content"])
        if "itemprop" in attributes:
            self._mark(self._open[-1].open("meta"), attributes)

    def _mark(self, opened: _Open, attributes: Mapping[str, str]) -> None:
        """Note an element that holds a date or a name, with the text that follows in it."""
        properties = tuple(attributes.get("itemprop", "").lower().split())
        rel = attributes.get("rel", "").lower().split()
        is_marked = not _MARKED_PROPERTIES.isdisjoint(properties) or "author" in rel
        if not is_marked and opened.name != "time":
            return
        words = f"{attributes.get('class', '')} {attributes.get('id', '')}".lower()
        page = self._page
        if len(page.marked) >= MAX_MARKED:
            return
        parent = self._marked[-1] if self._marked else -1
        value = attributes.get("datetime") or attributes.get("content")
        block = len(page.blocks) + bool(self._builder.length)
        properties += ("rel-author",) if "author" in rel else ()
        page.marked.append(
            Marked(
                opened.name, properties, words, value, opened.region, block, parent, self._position
            )
        )
        if opened.name != "meta":
            opened.marked = len(page.marked) - 1
            self._marked.append(opened.marked)

    def _begin_row(self, table: Table) -> None:
        table.rows += 1
        table.next_column = 0
        table.reaching = {column: left - 1 for column, left in table.reaching.items() if left > 1}

    def _place_cell(self, number: int, name: str, attributes: Mapping[str, str]) -> Cell:
        table = self._page.tables[number]
        table.rows = max(1, table.rows)
        while table.next_column in table.reaching:
            table.next_column += 1
        column = table.next_column
        rows, columns = (_read_span(attributes.get(key)) for key in ("rowspan", "colspan"))
        table.next_column += columns
        if rows > 1 and column <= MAX_COLUMNS:
            table.reaching.update(dict.fromkeys(range(column, column + columns), rows))
        is_header = name == "th" or self._is_in_head()
        return Cell(number, table.rows - 1, column, rows, columns, is_header)

    def _is_in_head(self) -> bool:
        for opened in reversed(self._open):
            if opened.name in ("table", "thead"):
                return opened.name == "thead"
        return False

    def _end_implied(self, name: str) -> None:
        """Close what the opening of an element ends: a paragraph, a list item, a cell."""
        if name in _ENDS_PARAGRAPH and self._counts["p"]:
            self._close_nearest(_PARAGRAPH, _PARAGRAPH_STOPS)
        if name in _ENDED_BY:
            self._close_nearest(_ENDED_BY[name], _STOPS[name])
        elif name in _HEADINGS and self._open[-1].name in _HEADINGS:
            self._pop()
        elif name == "a" and self._open[-1].is_linked:
            self._unlink()

    def _close_nearest(self, names: frozenset[str], stops: frozenset[str]) -> None:
        for depth in range(len(self._open) - 1, 0, -1):
            name = self._open[depth].name
            if name in names:
                while len(self._open) > depth:
                    self._pop()
                return
            if name in stops:
                return

    def _unlink(self) -> None:
        """Make what follows no part of a link, although its end tag stands in another element."""
        for opened in reversed(self._open):
            opened.is_linked = False
            if opened.name == "a":
                return

    def _close_element(self, name: str) -> None:
        if name == "br":
            self._builder.add_break()
        elif self._passed_over[name]:
            self._passed_over[name] -= 1
            if name in _BLOCKS:
                self._flush()
        elif name in _HEADINGS:
            self._close(name, frozenset(_HEADINGS))
        elif self._counts[name]:
            self._close(name, frozenset({name}))
        elif name == "p":
            self._flush()

    def _close(self, name: str, names: frozenset[str]) -> None:
        """Close the innermost element of one of these names, if the end tag may reach it."""
        is_block = name in _BLOCKS
        for depth in range(len(self._open) - 1, 0, -1):
            opened = self._open[depth]
            if opened.name in names:
                while len(self._open) > depth:
                    self._pop()
                return
            if opened.name in _TABLE_PARTS and name not in _TABLE_PARTS:
                break
            if opened.is_block and not is_block:
                break
        if name == "a":
            self._unlink()

    def _pop(self) -> None:
        top, below = self._open[-1], self._open[-2]
        if top.is_block or top.region != below.region:
            self._flush()
        elif top.name in _SET_APART:
            self._builder.add_gap()
        if top.is_block:
            self._page.events.append(CLOSED)
        if top.marked >= 0:
            self._marked.remove(top.marked)
        self._open.pop()
        self._counts[top.name] -= 1


def _is_lead(text: str) -> bool:
    """Tell whether what is marked as a heading is a paragraph in large letters."""
    return text.count(" ") >= MIN_LEAD_WORDS and ends_sentence(text) and not text.endswith("?")


def _read_span(value: str | None) -> int:
    digits = (value or "1").strip()
    # "isdecimal" takes digits of all scripts, which int() reads.
    return max(1, min(int(digits[:4]), MAX_SPAN)) if digits[:4].isdecimal() else 1

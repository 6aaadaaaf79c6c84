"""Tables of a page: which hold data, and each row of these as a line that can be quoted.

A cell alone says nothing: "11,820" is a fact only with the names of its row and column. So a row
becomes one line that names each value, "Trade: Electronics; 2021: 11,820.", which is what a reader
of the table would say. The names are added again on each row, and only the first has a run.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.html_blocks import Block, BlockKind, Cell, Page
from massilia.ingest.html_text import PlacedText, join_texts
from massilia.ingest.sentences import ends_sentence

MAX_CELL_WORDS: Final = 60
"""A longer cell is a column of a page, and its table there for the layout."""
# French sets a no-break space before ":" and ";".
_COLON: Final[Mapping[Language, str]] = {Language.ENGLISH: ": ", Language.FRENCH: "\u00a0: "}
_SEMICOLON: Final[Mapping[Language, str]] = {Language.ENGLISH: "; ", Language.FRENCH: "\u00a0; "}
_NUMBER = Pattern(r"[\s\d.,:/%€$£+−–-]*\d[\s\d.,:/%€$£+−–-]*(?:\w{1,3})?")


def find_layout_tables(page: Page) -> list[bool]:
    """Tell for each table of a page whether it's there for the layout."""
    layout = [table.is_layout for table in page.tables]
    columns: dict[int, int] = defaultdict(int)
    has_header = [False] * len(page.tables)
    for cell in page.cells:
        columns[cell.table] = max(columns[cell.table], cell.column + cell.columns)
        has_header[cell.table] |= cell.is_header
    for number, table in enumerate(page.tables):
        if table.cell >= 0:
            layout[page.cells[table.cell].table] = True
        if columns[number] < 2 or (table.rows < 2 and not has_header[number]):
            layout[number] = True
    words: dict[int, int] = defaultdict(int)
    for block in page.blocks:
        if block.cell < 0:
            continue
        words[block.cell] += block.text.count(" ") + 1
        if block.kind is BlockKind.HEADING or words[block.cell] > MAX_CELL_WORDS:
            layout[page.cells[block.cell].table] = True
    return layout


def render_rows(page: Page, blocks: Sequence[Block], language: Language) -> list[PlacedText]:
    """Return the rows of one data table, given its blocks, as lines."""
    texts: dict[int, list[PlacedText]] = defaultdict(list)
    for block in blocks:
        texts[block.cell].append(_flatten(block.placed))
    cells = {number: join_texts(parts, [" "] * (len(parts) - 1)) for number, parts in texts.items()}
    rows: dict[int, list[int]] = defaultdict(list)
    reaching = sum(page.cells[number].rows - 1 for number in cells)
    for number in sorted(cells, key=lambda each: _place(page.cells[each])):
        cell = page.cells[number]
        # A table whose cells nearly all reach down is no table that anybody reads.
        for row in range(cell.row, cell.row + (cell.rows if reaching <= len(cells) else 1)):
            rows[row].append(number)
    return _Rows(page, cells, rows, language).render()


class _Rows:
    def __init__(
        self,
        page: Page,
        texts: dict[int, PlacedText],
        rows: Mapping[int, Sequence[int]],
        language: Language,
    ) -> None:
        self._cells = page.cells
        self._texts = texts
        self._rows = rows
        self._colon, self._semicolon = _COLON[language], _SEMICOLON[language]
        self._labels: dict[int, list[int]] = defaultdict(list)

    def render(self) -> list[PlacedText]:
        lines: list[PlacedText] = []
        heads: list[int] = []
        seen_values = False
        names_first = self._names_columns()
        for place, row in enumerate(sorted(self._rows)):
            numbers = self._rows[row]
            is_head = len(numbers) > 1 and all(self._cells[each].is_header for each in numbers)
            if is_head or (place == 0 and names_first):
                # Names of columns below values begin a new part of the table.
                if seen_values:
                    self._labels.clear()
                    seen_values = False
                heads += numbers
                self._add_labels(row, numbers)
                continue
            seen_values = True
            heads.clear()
            lines.append(self._render_row(row, numbers))
        if heads:
            # Names of columns without a value below them are still to be read.
            names = [self._take(each) for each in heads]
            lines.append(self._end(names, [self._semicolon] * (len(names) - 1)))
        return lines

    def _names_columns(self) -> bool:
        """Tell whether the first row has words where all others have numbers, in some column."""
        if any(self._cells[number].is_header for number in self._texts):
            return False
        first, *others = sorted(self._rows)
        below: dict[int, list[str]] = defaultdict(list)
        for row in others:
            for number in self._rows[row]:
                below[self._cells[number].column].append(self._texts[number].text)
        return any(
            not any(map(str.isdigit, self._texts[number].text))
            and all(map(_NUMBER.fullmatch, below.get(self._cells[number].column, [""])))
            for number in self._rows[first]
        )

    def _add_labels(self, row: int, numbers: Sequence[int]) -> None:
        for number in numbers:
            cell = self._cells[number]
            if cell.row == row:
                for column in range(cell.column, cell.column + cell.columns):
                    self._labels[column].append(number)

    def _render_row(self, row: int, numbers: Sequence[int]) -> PlacedText:
        parts: list[PlacedText] = []
        separators: list[str] = []
        ordered = sorted(numbers, key=lambda each: self._cells[each].column)
        names_row = len(ordered) > 1 and self._cells[ordered[0]].is_header and not self._labels
        for position, number in enumerate(ordered):
            cell = self._cells[number]
            if parts:
                first_value = names_row and position == 1
                separators.append(self._colon if first_value else self._semicolon)
            # A cell alone across the table stands over a part of it.
            is_named = len(ordered) > 1 or cell.columns == 1
            if is_named and (labels := self._labels.get(cell.column)):
                parts += map(self._take, labels)
                separators += [" "] * (len(labels) - 1) + [self._colon]
            text = self._texts[number]
            # What reaches down from a row above is said again.
            parts.append(text if cell.row == row else PlacedText(text.text, ()))
        return self._end(parts, separators)

    def _end(self, parts: list[PlacedText], separators: list[str]) -> PlacedText:
        """Join the parts of a line, and end it as a sentence is."""
        if not ends_sentence(parts[-1].text):
            parts.append(PlacedText(".", ()))
            separators.append("")
        return join_texts(parts, separators)

    def _take(self, number: int) -> PlacedText:
        """Return the text of a column's name, with its runs the first time only."""
        text = self._texts[number]
        self._texts[number] = PlacedText(text.text, ())
        return text


def _place(cell: Cell) -> tuple[int, int]:
    return cell.row, cell.column


def _flatten(placed: PlacedText) -> PlacedText:
    """Return a text on one line."""
    return PlacedText(placed.text.replace("\n", " "), placed.pieces)

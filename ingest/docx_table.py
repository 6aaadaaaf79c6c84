"""Tables of a DOCX document: each row a line that can be quoted, as those of a page are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.ingest.docx_text import Block, Cell, Paragraph, Table
from massilia.ingest.sentences import ends_sentence

MAX_CELL_WORDS: Final = 60
"""A longer cell is a column of a page, and its table there for the layout."""
# French sets a no-break space before ":" and ";".
_COLON: Final[Mapping[Language, str]] = {Language.ENGLISH: ": ", Language.FRENCH: "\u00a0: "}
_SEMICOLON: Final[Mapping[Language, str]] = {Language.ENGLISH: "; ", Language.FRENCH: "\u00a0; "}
_MAX_NAME = 80
_NUMBER = Pattern(r"[\s\d.,:/%€$£+−–-]*\d[\s\d.,:/%€$£+−–-]*(?:\w{1,3})?")


def render_table(table: Table, language: Language) -> Iterator[Paragraph]:
    """Yield the rows of a data table as lines such as "Trade: Electronics; 2021: 11,820.".

    Of a table that is there for the layout, yield what is in its cells, row by row.
    """
    if _is_layout(table):
        for cells in table.rows:
            for cell in cells:
                yield from _flatten(cell.blocks, language)
        return
    rows = _fill(table)
    names = _find_names(table, rows)
    rows_are_named = names is None and _names_rows(table)
    for row in rows if names is None else rows[1:]:
        if text := _render_row(row, names or [""] * len(row), language, rows_are_named):
            yield Paragraph(text)


def _flatten(blocks: Sequence[Block], language: Language) -> Iterator[Paragraph]:
    for block in blocks:
        if isinstance(block, Paragraph):
            yield block
        else:
            yield from render_table(block, language)


def _is_layout(table: Table) -> bool:
    cells = [cell for row in table.rows for cell in row]
    if len(table.rows) < 2 or max(len(row) for row in table.rows) < 2:
        return True
    return any(_holds_text(cell) for cell in cells)


def _holds_text(cell: Cell) -> bool:
    words = 0
    for block in cell.blocks:
        if isinstance(block, Table) or block.level:
            return True
        words += len(block.text.split())
    return words > MAX_CELL_WORDS


def _read(cell: Cell) -> str:
    texts = [block.text for block in cell.blocks if isinstance(block, Paragraph)]
    return " ".join(" ".join(texts).split("\n"))


def _fill(table: Table) -> list[list[str]]:
    """Return the texts of all columns of all rows: what is merged is said in each."""
    rows: list[list[str]] = []
    for cells in table.rows:
        row: list[str] = []
        for cell in cells:
            above = rows[-1][len(row)] if rows and len(row) < len(rows[-1]) else ""
            text = above if cell.continues else _read(cell)
            row += [text, *[""] * (cell.width - 1)]
        rows.append(row)
    return rows


def _find_names(table: Table, rows: Sequence[Sequence[str]]) -> list[str] | None:
    """Return the names of the columns, one for each, or None where nothing shows that they are."""
    first = table.rows[0]
    texts = [_read(cell) for cell in first]
    filled = [text for text in texts[1:] if text]
    could_be = len(filled) == len(texts) - 1 and all(len(text) <= _MAX_NAME for text in texts)
    if not could_be or not (table.headed or _looks_apart(table) or _is_above_numbers(rows)):
        return None
    return [text for cell, text in zip(first, texts, strict=True) for _ in range(cell.width)]


def _looks_apart(table: Table) -> bool:
    """Tell whether the first row, and no other, is bold or shaded throughout."""
    for looks in (_is_bold, lambda cell: cell.is_shaded):
        shown = [all(looks(cell) for cell in row if cell.blocks) for row in table.rows]
        if shown[0] and not any(shown[1:]):
            return True
    return False


def _is_bold(cell: Cell) -> bool:
    return all(isinstance(block, Paragraph) and block.is_bold for block in cell.blocks)


def _is_above_numbers(rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether the first row has words where all others have numbers, in some column."""
    for column, name in enumerate(rows[0]):
        below = [row[column] for row in rows[1:] if column < len(row)]
        is_name = bool(name) and not any(character.isdigit() for character in name)
        if is_name and below and all(_NUMBER.fullmatch(text) for text in below):
            return True
    return False


def _names_rows(table: Table) -> bool:
    """Tell whether the first column, and no other, is bold throughout."""
    return all(
        bool(row) and bool(row[0].blocks) and _is_bold(row[0]) for row in table.rows
    ) and not any(_is_bold(cell) for row in table.rows for cell in row[1:] if cell.blocks)


def _render_row(
    row: Sequence[str], names: Sequence[str], language: Language, is_named: bool
) -> str:
    parts: list[str] = []
    for column, text in enumerate(row):
        name = names[column] if column < len(names) else ""
        if text:
            parts.append(f"{name}{_COLON[language]}{text}" if name else text)
    if is_named and len(parts) > 1:
        parts[:2] = [f"{parts[0]}{_COLON[language]}{parts[1]}"]
    line = _SEMICOLON[language].join(parts)
    return line if not line or ends_sentence(line) else f"{line}."

"""A quote with its citation as a text to paste elsewhere: plain, Markdown, BibTeX, APA."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.service.answer import Citation
from massilia.service.author_names import read_person
from massilia.service.messages import Messages

_QUOTATION_MARKS: Final = {Language.FRENCH: ("«\u00a0", "\u00a0»"), Language.ENGLISH: ("“", "”")}
_BABEL_NAMES: Final = {Language.FRENCH: "french", Language.ENGLISH: "british"}
_MONTHS: Final = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
# What CommonMark and its usual extensions read anything into: anywhere, and where a line begins.
_MARKDOWN: Final = Pattern(r"[\\`*_\[\]<>&~|$#]")
_MARKDOWN_START: Final = Pattern(r"(?P<number>\d*)(?P<sign>[-+=:.)])")
_TEX: Final = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    # BibTeX counts braces that a backslash stands before, too: they would have to pair.
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    **{sign: f"\\{sign}" for sign in "$&#_%"},
}


class CitationFormat(StrEnum):
    """Name a way of writing a quote with its citation."""

    PLAIN = "plain"
    MARKDOWN = "markdown"
    BIBTEX = "bibtex"
    APA = "apa"


@dataclass(frozen=True, slots=True)
class CitedWork:
    """Hold what a citation is written of.

    `address` is where the quote opens: at the publisher's, or else on our own pages.
    """

    citation: Citation
    authors: tuple[str, ...]
    address: str


def write_citations(work: CitedWork, messages: Messages) -> dict[CitationFormat, str]:
    """Return a quote with its citation in each format; the words around are of the page."""
    return {
        CitationFormat.PLAIN: write_plain(work, messages),
        CitationFormat.MARKDOWN: write_markdown(work, messages),
        CitationFormat.BIBTEX: write_bibtex(work, messages),
        CitationFormat.APA: write_apa(work, messages),
    }


def write_plain(work: CitedWork, messages: Messages) -> str:
    """Return the quote in the quotation marks of its language, and below it where it stands."""
    citation = work.citation
    told = [", ".join(work.authors), citation.title, *_list_facts(citation, messages)]
    return f"{_quote(citation)}\n{', '.join(filter(None, told))}\n{work.address}"


def write_markdown(work: CitedWork, messages: Messages) -> str:
    """Return the quote as a block quotation in CommonMark, with a link to where it stands."""
    citation = work.citation
    lines = [_escape_line(line) for line in citation.cited_text.split("\n")]
    # A backslash at the end of a line breaks it; before an empty one it would be shown.
    pairs = zip(lines, [*lines[1:], ""], strict=True)
    quoted = [f"> {line}\\" if line and after else f"> {line}".rstrip() for line, after in pairs]
    # In angle brackets, the address may hold anything but these and line ends.
    address = re.sub(r"[<>\\\s]", lambda sign: f"%{ord(sign[0]):02X}", work.address)
    facts = (citation.title, *work.authors, *_list_facts(citation, messages))
    # A new line would begin a new block.
    title, *told = (_escape_line(" ".join(each.split())) for each in facts)
    link = f"[{title}](<{address}>)"
    return "\n".join([*quoted, ">", f"> — {', '.join([link, *told])}"])


def write_bibtex(work: CitedWork, messages: Messages) -> str:
    """Return an entry for BibTeX and BibLaTeX in UTF-8, with the quote as its note."""
    citation = work.citation
    day = citation.date_published
    fields = {
        # The second braces keep the title's capitals.
        "title": f"{{{_escape_tex(citation.title)}}}",
        "author": " and ".join(
            _write_bibtex_author(each, citation.publisher) for each in work.authors
        ),
        "publisher": _escape_tex(citation.publisher or ""),
        "year": str(day.year) if day else "",
        "month": _MONTHS[day.month - 1] if day else "",
        "day": str(day.day) if day else "",
        # Verbatim in BibLaTeX and in a \url, but for braces, which must pair.
        "url": re.sub(r"[{}\\\s]", lambda sign: f"%{ord(sign[0]):02X}", work.address),
        "langid": _BABEL_NAMES[citation.title_language or citation.language],
        "note": _escape_tex(f"{_quote(citation)} ({_place(citation, messages)})"),
    }
    written = ",\n".join(
        f"  {name} = {value}" if name == "month" else f"  {name} = {{{value}}}"
        for name, value in fields.items()
        if value
    )
    return f"@misc{{{_make_key(work)},\n{written}\n}}"


def write_apa(work: CitedWork, messages: Messages) -> str:
    """Return the quote with its author and year, and its reference, after the APA's 7th edition.

    Who publishes counts as the author of what names none. Italics can't be copied as a text.
    """
    citation = work.citation
    day = citation.date_published
    authors = work.authors or ((citation.publisher,) if citation.publisher else ())
    year = str(day.year) if day else messages.text("citing.no_date")
    if day is None:
        dated = year
    elif messages.language is Language.FRENCH:
        dated = f"{year}, {messages.date(day).removesuffix(f' {year}')}"
    else:
        # Months come first in the APA's own English.
        month = messages.date(day).split()[1]
        dated = f"{year}, {month} {day.day}"
    # A publisher is no person, whatever its name looks like: Provence Promotion, Made Marseille.
    names = [(each, each) if each == citation.publisher else _read_name(each) for each in authors]
    named = " & ".join(short for short, _ in names[:2])
    if len(names) > 2:
        named = f"{names[0][0]} et al."
    place = _place(citation, messages)
    text = f"{_quote(citation)} ({', '.join([named or citation.title, year, place])})"
    title = citation.title.rstrip(".")
    start = f"{_join_names(names)} ({dated}). {title}." if names else f"{title} ({dated})."
    publisher = "" if citation.publisher in (None, *authors) else f" {citation.publisher}."
    return f"{text}\n\n{start}{publisher} {work.address}"


def _quote(citation: Citation) -> str:
    before, after = _QUOTATION_MARKS[citation.language]
    return f"{before}{citation.cited_text}{after}"


def _place(citation: Citation, messages: Messages) -> str:
    if citation.page:
        return messages.text("answer.page", number=str(citation.page))
    return messages.text("answer.position", start=str(citation.start), end=str(citation.end))


def _list_facts(citation: Citation, messages: Messages) -> list[str]:
    day = citation.date_published
    dated = messages.date(day) if day else None
    return [each for each in (citation.publisher, dated, _place(citation, messages)) if each]


def _escape_line(line: str) -> str:
    """Return a line of text as CommonMark that reads as it; spaces at its ends are kept."""
    body = line.strip(" \t")
    before, _, after = line.partition(body) if body else (line, "", "")
    escaped = _MARKDOWN.sub(lambda sign: f"\\{sign[0]}", body)
    if start := _MARKDOWN_START.match(escaped):
        escaped = f"{start['number']}\\{escaped[start.start('sign') :]}"
    return f"{_write_spaces(before)}{escaped}{_write_spaces(after)}"


def _write_spaces(spaces: str) -> str:
    return "".join(f"&#{ord(space)};" for space in spaces)


def _escape_tex(text: str) -> str:
    return "".join(_TEX.get(sign, sign) for sign in text)


def _write_bibtex_author(name: str, publisher: str | None) -> str:
    person = None if name == publisher else read_person(name)
    if person is None:
        # Braces keep a name from being taken apart at its spaces.
        return f"{{{_escape_tex(name)}}}"
    # Of several words, BibTeX takes the last for the surname unless it is told.
    told = f"{person.family}, {person.given}" if " " in person.family else name
    return _escape_tex(told)


def _read_name(name: str) -> tuple[str, str]:
    """Return what the APA names an author by in a text, and in a reference."""
    person = read_person(name)
    if person is None:
        return name, name
    return person.family, f"{person.family}, {person.initials}"


def _join_names(names: Sequence[tuple[str, str]]) -> str:
    *before, last = [written for _, written in names]
    joined = f"{', '.join(before)}, & {last}" if before else last
    return joined if joined.endswith(".") else f"{joined}."


def _make_key(work: CitedWork) -> str:
    citation = work.citation
    head = work.authors[0].rpartition(" ")[2] if work.authors else citation.publisher or ""
    year = str(citation.date_published.year) if citation.date_published else ""
    words = [_to_ascii(word) for word in citation.title.split()]
    long = next((word for word in words if len(word) > 3), "")
    # Two quotes of one article are two entries.
    return f"{_to_ascii(head)}{year}{long}-{citation.start}"


def _to_ascii(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).lower()
    return re.sub(r"[^a-z0-9]", "", decomposed)

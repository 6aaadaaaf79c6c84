"""Files and folders, as articles: which files are read, and what is refused and why."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from massilia.corpus.article import Article, Source
from massilia.corpus.document import read_document
from massilia.corpus.errors import ArticleError
from massilia.corpus.front_matter import has_front_matter
from massilia.corpus.markdown import parse_article
from massilia.corpus.sources import FILE_NAME, find_catalogue, read_catalogue
from massilia.ingest.document import Document
from massilia.ingest.plain_text import parse_bare_markdown, parse_plain_text

SUFFIXES = frozenset({".md", ".txt"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Say which document was refused, and why; `reason` names the file, and the line if known."""

    location: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold what came of reading some files: `skipped` counts those of other kinds in folders."""

    documents: tuple[Document, ...]
    refused: tuple[Refusal, ...]
    skipped: int = 0


def read_documents(paths: Iterable[Path]) -> Reading:
    """Return the articles of files and folders, in a fixed order, each file once.

    Folders are read with all that is below them, hidden files apart. A file that can't be read as
    an article is refused and the others are read; so is a second file that claims the same id.
    """
    documents: dict[str, Document] = {}
    refused: list[Refusal] = []
    skipped = 0
    seen: set[Path] = set()
    catalogues = _Catalogues()
    for path, named in _list_files(paths, refused):
        # Not `path.resolve()`, which fails on a link that leads to itself.
        resolved = Path(os.path.realpath(path))
        if resolved in seen:
            continue
        seen.add(resolved)
        if not _is_text(f"{path} {resolved}"):
            name = _show_name(path)
            refused.append(Refusal(name, f"{name}: the file's name is not valid UTF-8"))
            continue
        if path.suffix.lower() not in SUFFIXES:
            if named:
                known = " and ".join(sorted(SUFFIXES))
                refused.append(Refusal(str(path), f"{path.name}: only {known} files are read"))
            elif path.name != FILE_NAME:
                skipped += 1
            continue
        try:
            article = read_article(path, catalogues)
        except ArticleError as error:
            refused.append(Refusal(str(path), str(error)))
            continue
        other = documents.get(article.id)
        if other is not None:
            reason = f"{path.name}: {other.location} has the id {article.id!r} too"
            refused.append(Refusal(str(path), reason))
            continue
        documents[article.id] = Document(article, str(resolved))
    return Reading(tuple(documents.values()), tuple(refused), skipped)


def read_article(path: Path, catalogues: "_Catalogues | None" = None) -> Article:
    """Return the article in the file `path`.

    Markdown with a front matter is read as an article file, and its sources are looked up in the
    nearest `sources.json` above it. Anything else carries no metadata, and gets what can be told
    from its name and words. Raises `ArticleError`.
    """
    text = read_document(path, path.name)
    if path.suffix.lower() == ".txt":
        return parse_plain_text(text, path)
    if not has_front_matter(text):
        return parse_bare_markdown(text, path)
    return parse_article(text, path.name, partial((catalogues or _Catalogues()).read_near, path))


class _Catalogues:
    """Read each `sources.json` once, however many articles lie below it."""

    def __init__(self) -> None:
        self._read: dict[Path, Mapping[str, Source]] = {}

    def read_near(self, path: Path) -> Mapping[str, Source]:
        catalogue = find_catalogue(path)
        if catalogue is None:
            return {}
        if catalogue not in self._read:
            self._read[catalogue] = read_catalogue(catalogue)
        return self._read[catalogue]


def _is_text(name: str) -> bool:
    # A name whose bytes aren't UTF-8 arrives with surrogates, which no database or page can hold.
    return name.isprintable() or not any("\ud800" <= character <= "\udfff" for character in name)


def _show_name(path: object) -> str:
    name = str(path)
    return name if _is_text(name) else ascii(name)


def _list_files(paths: Iterable[Path], refused: list[Refusal]) -> Iterator[tuple[Path, bool]]:
    """Yield each file and whether it was named itself; add to `refused` what can't be listed."""
    for path in paths:
        # Not the methods of Path, which fail on a name that is too long or behind a locked folder.
        if os.path.isdir(path):
            yield from ((file, False) for file in _walk(path, refused))
        elif os.path.lexists(path):
            yield path, True
        else:
            name = _show_name(path)
            refused.append(Refusal(name, f"{name}: there is no such file or folder"))


def _walk(folder: Path, refused: list[Refusal]) -> Iterator[Path]:
    def refuse(error: OSError) -> None:
        name = _show_name(error.filename)
        refused.append(Refusal(name, f"{name}: {error.strerror}"))

    for root, names, files in os.walk(folder, onerror=refuse):
        names[:] = sorted(name for name in names if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(files) if not name.startswith("."))

"""Where documents are to be read: files, folders, patterns, web addresses, standard input."""

import glob
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from massilia.corpus.pattern import Pattern
from massilia.ingest.document import Refusal

STANDARD_INPUT = "-"
_MAGIC = "*?["
# `**` for a part of a path, or several of them.
_ANY_FOLDERS: Final = Pattern(r"(?:^|(?<=/))(?:\*\*(?:/+|$))+")


@dataclass(frozen=True, slots=True)
class Place:
    """Name a place that a document is to be read from.

    `name` is the absolute path of a file, without symbolic links; a web address; or "-" for
    standard input. A place that was `named` itself is refused where it holds no document; one that
    was found in a folder is passed over.
    """

    name: str
    named: bool

    @property
    def path(self) -> Path | None:
        """Give the path of a file, None for another kind of place."""
        if self.name == STANDARD_INPUT or is_web_address(self.name):
            return None
        return Path(self.name)


@dataclass(slots=True)
class PlaceList:
    """Hold what was listed: places in a fixed order, each once, what was refused, and folders."""

    places: list[Place] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)


def list_places(inputs: Sequence[str]) -> PlaceList:
    """List the places that inputs name, in their order; folders with all that is below them.

    Hidden files in folders are left out, those named themselves aren't. Something with `*`, `?` or
    `[` that isn't the name of a file is a pattern, in which `**` stands for any folders.
    """
    listed = PlaceList()
    found: dict[str, bool] = {}
    for named, place in _list_all(inputs, listed):
        found[place] = named or found.get(place, False)
    listed.places += (Place(place, named) for place, named in found.items())
    return listed


def is_web_address(name: str) -> bool:
    """Tell whether a place's name is a web address."""
    return name.startswith(("http://", "https://"))


def show_path(path: object) -> str:
    """Return a path as it can be printed: one whose bytes aren't UTF-8 with its bytes escaped."""
    name = str(path)
    return name if _is_text(name) else ascii(name)


def _list_all(inputs: Sequence[str], listed: PlaceList) -> Iterator[tuple[bool, str]]:
    for each in inputs:
        if each == STANDARD_INPUT:
            yield True, each
        elif is_web_address(each.lower()):
            if _is_text(each):
                scheme, _, rest = each.partition(":")
                yield True, f"{scheme.lower()}:{rest}"
            else:
                _refuse(each, "the address is not valid UTF-8", listed)
        # Not the methods of Path, which fail on a name that is too long or behind a locked folder.
        elif os.path.isdir(each):
            listed.folders.append(os.path.realpath(each))
            yield from _resolve(_walk(each, listed), False, listed)
        elif os.path.lexists(each):
            yield from _resolve([each], True, listed)
        elif any(character in each for character in _MAGIC) and "\0" not in each:
            files = sorted(path for path in _expand(each) if not os.path.isdir(path))
            if not files:
                _refuse(each, "no file matches this", listed)
            yield from _resolve(files, True, listed)
        elif "://" in each:
            _refuse(each, "only http and https addresses are read", listed)
        else:
            _refuse(each, "there is no such file or folder", listed)


def _resolve(
    paths: Iterator[str] | list[str], named: bool, listed: PlaceList
) -> Iterator[tuple[bool, str]]:
    for path in paths:
        # Not `path.resolve()`, which fails on a link that leads to itself.
        resolved = os.path.realpath(path)
        if _is_text(f"{path} {resolved}"):
            yield named, resolved
        else:
            _refuse(path, "the file's name is not valid UTF-8", listed)


def _expand(pattern: str) -> Iterator[str]:
    """Yield what a pattern matches; `**` follows no links, which may lead in circles."""
    folders = _ANY_FOLDERS.search(pattern)
    if folders is None:
        yield from glob.glob(pattern)
        return
    before, after = pattern[: folders.start()], pattern[folders.end() :] or "*"
    for folder in glob.glob(before) if before else [os.curdir]:
        for root, names, _ in os.walk(folder):
            names[:] = (name for name in names if not name.startswith("."))
            yield from _expand(os.path.join(glob.escape(root), after))


def _walk(folder: str, listed: PlaceList) -> Iterator[str]:
    def refuse(error: OSError) -> None:
        _refuse(error.filename, str(error.strerror), listed)

    for root, names, files in os.walk(folder, onerror=refuse):
        names[:] = sorted(name for name in names if not name.startswith("."))
        yield from (os.path.join(root, name) for name in sorted(files) if name[0] != ".")


def _refuse(name: object, reason: str, listed: PlaceList) -> None:
    shown = show_path(name)
    listed.refused.append(Refusal(shown, f"{shown}: {reason}"))


def _is_text(name: str) -> bool:
    # A name whose bytes aren't UTF-8 arrives with surrogates, which no database or page can hold.
    return name.isprintable() or not any("\ud800" <= character <= "\udfff" for character in name)

"""A place to be read, and what comes of it, apart from how it is read."""

import time
import unicodedata
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from massilia.corpus.sources import find_catalogue
from massilia.ingest.document import NO_VALIDATORS, Reading, Validators
from massilia.ingest.places import STANDARD_INPUT, is_web_address

if TYPE_CHECKING:
    from massilia.ingest.feed import FeedEntry

SETTLED_SECONDS: Final = 2.0
"""A file changed later than so long before it was read may be changed again within one tick of the
file system's clock, with nothing to tell by; some keep time to two seconds."""


@dataclass(frozen=True, slots=True)
class Job:
    """Name a place to be read, with what is known of it.

    `data` are the bytes of a page that was fetched, or of standard input; a file's are read where
    the job is done. `address` is that which a page was found at in the end, `entry` what a feed
    says of it. A place whose hash is `known_sha256` isn't read again. `today` is the day
    beyond which no date of publication lies.
    """

    place: str
    named: bool
    today: date
    path: Path | None = None
    data: bytes = b""
    address: str | None = None
    media_type: str | None = None
    charset: str | None = None
    entry: "FeedEntry | None" = None
    known_sha256: str | None = None
    validators: Validators = NO_VALIDATORS

    @property
    def is_web(self) -> bool:
        """Tell whether the place is a web address."""
        return is_web_address(self.place)


@dataclass(frozen=True, slots=True)
class Passed:
    """Say that a file found in a folder is no document, and was passed over."""

    place: str


@dataclass(frozen=True, slots=True)
class Same:
    """Say that a place holds what it held, with the stamp and the validators that it has now."""

    place: str
    stamp: str | None
    validators: Validators


Result = Reading | Passed | Same


def stamp_file(path: Path) -> str | None:
    """Return what changes whenever a file does, or None where that can't be told."""
    try:
        status = path.stat()
    except OSError:
        return None
    if time.time() - status.st_mtime < SETTLED_SECONDS:
        return None
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"


def join_stamps(article: str | None, catalogue: str | None) -> str | None:
    """Return the stamp of an article file and of the `sources.json` that its sources lie in."""
    return f"{article};{catalogue}" if article and catalogue else None


def has_stamp(path: Path, stamp: str) -> bool:
    """Tell whether a file is as it was when it had this stamp, with the sources that it had."""
    now = stamp_file(path)
    if ";" in stamp:
        catalogue = find_catalogue(path)
        now = join_stamps(now, stamp_file(catalogue) if catalogue else None)
    return now == stamp


def name_place(place: str) -> str:
    """Return what people call a place by, on a line: a file's name, an address."""
    if is_web_address(place):
        return place
    if place.startswith(STANDARD_INPUT):
        return "standard input"
    return "".join(
        "\ufffd" if unicodedata.category(character) == "Cc" else character
        for character in Path(place).name
    )

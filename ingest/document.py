"""An article and the place it was read from; what came of reading one place."""

from dataclasses import dataclass

from massilia.corpus.article import Article
from massilia.ingest.extraction import DocumentKind, Dropped, Run


@dataclass(frozen=True, slots=True)
class Document:
    """Pair an article with the place it was read from.

    `runs` place its text in the original, as that is decoded. An article is `named` where its id
    is the document's own; any other id was made of a file's name, and may be made another.
    """

    article: Article
    location: str
    runs: tuple[Run, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    named: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """Say which document was refused, and why; `reason` names the file, and the line if known."""

    location: str
    reason: str


@dataclass(frozen=True, slots=True)
class Original:
    """Hold the bytes of a document, compressed with zlib, and how they are to be read.

    `sha256` is that of the bytes, uncompressed. `charset` is None where the bytes are no text.
    """

    sha256: str
    kind: DocumentKind
    charset: str | None
    packed: bytes


@dataclass(frozen=True, slots=True)
class Validators:
    """Hold what a server gave to ask it with whether a page has changed (RFC 9110, 13.1)."""

    etag: str | None = None
    last_modified: str | None = None


NO_VALIDATORS = Validators()


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold what came of reading one place: a file, a page, or what stood on standard input.

    A place of several articles (JSON lines) has a document for each, and a refusal for each that
    is faulty; one that can't be read at all has a refusal alone. `stamp` changes when a file does,
    and is None where that can't be told without reading it. `sha256` is of all that was read: of
    an article file with sources, also of these.
    """

    place: str
    stamp: str | None
    sha256: str | None
    documents: tuple[Document, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    original: Original | None = None
    validators: Validators = NO_VALIDATORS

"""What a page says of its article beside the text: title, authors, publisher, address, language.

Each value is taken from where it's most surely the article's own, and says where that was.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

from massilia.corpus.document import normalise_line
from massilia.corpus.pattern import Pattern
from massilia.ingest.extraction import Certainty, Found
from massilia.ingest.html_blocks import Marked, Page
from massilia.ingest.html_regions import Reason
from massilia.ingest.html_tokens import REFERENCE, resolve_reference, unescape_attribute
from massilia.ingest.json_ld import JsonLd, Node, list_strings, read_json_ld, read_string

MAX_LINE: Final = 400
MAX_NAME: Final = 80
MIN_BODY: Final = 100
MAX_AUTHORS: Final = 30
MAX_PUBLISHER_WORDS: Final = 7
# Of a heading's words, the share that a title must have for both to be the same.
MIN_COMMON: Final = 0.6

_WORD = Pattern(r"\w+")
_REFERENCE = Pattern(REFERENCE)
_TITLE_PARTS = Pattern(r"\s+[|–—·•»:-]+\s+|\s*[|»•]\s*")
_TITLES: Final = ("citation_title", "dc.title", "dcterms.title", "twitter:title", "title")
_PUBLISHERS: Final = (
    "og:site_name", "dc.publisher", "dcterms.publisher", "citation_publisher",
    "citation_journal_title", "citation_technical_report_institution", "publisher",
)  # fmt: skip
_SITES: Final = ("application-name", "apple-mobile-web-app-title", "copyright")
_AUTHORS: Final = (
    "citation_author", "dc.creator", "dcterms.creator", "author", "article:author",
    "og:article:author", "parsely-author", "sailthru.author", "dc.contributor.author", "byl",
)  # fmt: skip
_LANGUAGES: Final = (
    "og:locale", "content-language", "dc.language", "dcterms.language", "citation_language",
    "language",
)  # fmt: skip
_AND = Pattern(r"\s*(?:,|;|\s(?:et|and|avec|with)\s|\s&\s|\s\|\s|\n)\s*")
_BY = Pattern(
    r"\A\W*"
    r"(?:(?:propos recueillis|textes?|reportage|enquête|written|story|posted|publié|article)\s)?"
    r"(?:par|by|auteure?\s?:|authors?\s?:|de notre correspondante?)\s*:?\s+",
)
_WITHIN_BY = Pattern(r"(?:^|[\s,·|–—-])(?:[Pp]ar|PAR|[Bb]y|BY)\s+(?=[^\W\d_])")
# "Romain Castagno", "Leïla Hadj-Sassi", "Jean de La Ville"; in byline, each word has a capital.
_NAME_WORD = r"(?:[^\W\d_a-zà-öø-ÿ][^\W\d_]*(?:[.’'-][^\W\d_]+)*\.?)"
_NAME = (
    rf"{_NAME_WORD}(?:\s(?:(?:de|du|des|d|la|le|el|al|ben|van|von|der|den)\s)*{_NAME_WORD}){{1,3}}"
)
_BESIDE_NAME = Pattern(r"\s*[·|•/–—]\s*|\s*,?\s*\d[^·|•/–—]*")
# "Le Fil" is a programme.
_ARTICLE = Pattern(r"(?:Le|La|Les|L[’']|Un|Une|Des|Du|The|An?)\b")
_NAMES = Pattern(rf"{_NAME}(?:\s?(?:,|&|et|and)\s{_NAME})*")
_NO_NAME = Pattern(r"[\d@/<>{}]|https?:|www\.|\.(?:com|fr|org|net)\b")
_NO_AUTHOR = frozenset(
    [
        "admin",
        "administrator",
        "administrateur",
        "webmaster",
        "root",
        "user",
        "editor",
        "author",
        "auteur",
        "unknown",
    ]
)


class Metadata:
    """Find each value of an article's metadata in a page."""

    def __init__(self, page: Page, url: str | None) -> None:
        self._page = page
        self._address = url
        self.data: JsonLd = read_json_ld(page.json_ld)
        self.url: Found[str] | None = self._choose_url(self._list_canonical())
        self._headings = [
            block
            for block in page.blocks
            if block.level == 1 and not block.linked and not is_suspect(page, block.region)
        ]
        self.node: Node = self._choose_node()
        self.url = self.url or self._choose_url(self._list_other_addresses())
        self.title, self._rest = self._find_title()
        self.publisher: Found[str] | None = self._find_publisher()
        self._strip_publisher()

    @property
    def body(self) -> str:
        """Return the article's text as JSON-LD gives it, for pages that show none without scripts.

        That is empty where it's too short to be a text, or written in HTML.
        """
        written = read_string(self.node.get("articleBody")) or ""
        if len(written) < MIN_BODY or "</" in written:
            return ""
        return "\n\n".join(filter(None, map(_make_paragraph, written.split("\n"))))

    def _metas(self, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Yield the name and the content of each meta tag with one of these names, in turn."""
        for name in names:
            for content in self._page.metas.get(name, ()):
                if line := make_line(content):
                    yield name, line

    def _choose_node(self) -> Node:
        """Return what JSON-LD says of this article, and not of another on the page."""
        articles = self.data.articles
        if len(articles) < 2:
            return articles[0] if articles else {}
        own = {self.url.value.rstrip("/")} if self.url else set()
        if self._address:
            own.add(self._address.rstrip("/"))
        headings = {tuple(_fold(block.text)) for block in self._headings}
        scores = [
            2 * any(address.rstrip("/") in own for _, address in _list_addresses(node))
            + (tuple(_fold(read_string(node.get("headline")) or "")) in headings)
            for node in articles
        ]
        return articles[scores.index(max(scores))]

    def _find_title(self) -> tuple[Found[str] | None, str | None]:
        """Return the title, and what else the page's own title says."""
        page = self._page
        own = make_line(page.title or "")
        stated = [
            *self._state("JSON-LD headline", read_string(self.node.get("headline"))),
            *self._state("JSON-LD name", read_string(self.node.get("name"))),
            *(
                Found(line, f"meta {name}", Certainty.STATED)
                for name, line in self._metas(["og:title"])
            ),
            *(Found(line, f"meta {name}", Certainty.STATED) for name, line in self._metas(_TITLES)),
            *(
                found
                for each in page.marked
                if "headline" in each.properties and not is_suspect(page, each.region)
                for found in self._state("itemprop headline", each.value or _read_text(each.text))
            ),
        ]
        rest = None
        title = self._choose_heading([*(each.value for each in stated), own or ""])
        if title is None and stated:
            title = stated[0]
        parts = [part for part in _TITLE_PARTS.split(own or "") if part]
        if title is not None:
            words = _fold(title.value)
            others = [part for part in parts if not set(_fold(part)) <= set(words)]
            rest = others[-1] if others and len(others) < len(parts) else None
        elif own:
            part = self._choose_part(parts)
            others = [each for each in parts if each != part]
            rest = others[-1] if len(others) == 1 else None
            title = Found(own if len(others) != 1 else part, "title", Certainty.LIKELY)
        elif self._headings:
            title = Found(_flatten(self._headings[0].text), "h1", Certainty.LIKELY)
        return title, rest

    def _state(self, how: str, value: str | None) -> Iterator[Found[str]]:
        if value and (line := make_line(value)):
            yield Found(line, how, Certainty.STATED)

    def _choose_heading(self, titles: Sequence[str]) -> Found[str] | None:
        """Return the h1 that says what one of the titles does: it's what readers see."""
        best, line = 0.0, None
        for block in self._headings:
            words = set(_fold(block.text))
            shares = [len(words & set(_fold(title))) / len(words) for title in titles if words]
            if len(words) > 1 and max(shares, default=0.0) > best:
                best, line = max(shares), make_line(_flatten(block.text))
        return Found(line, "h1", Certainty.STATED) if line and best >= MIN_COMMON else None

    def _choose_part(self, parts: Sequence[str]) -> str:
        """Return the part of the page's title that stands alone on the page, or the longest."""
        texts = {tuple(_fold(block.text)) for block in self._page.blocks}
        alone = [part for part in parts if tuple(_fold(part)) in texts]
        return max(alone or parts, key=len)

    def _find_publisher(self) -> Found[str] | None:
        return next(self._list_publishers(), None)

    def _list_publishers(self) -> Iterator[Found[str]]:
        """Yield what may be the publisher's name, the surest first."""
        yield from self._read_publishers(self.node, "JSON-LD publisher", Certainty.STATED)
        for name, line in self._metas(_PUBLISHERS):
            yield Found(line, f"meta {name}", Certainty.STATED)
        for each in self._page.marked:
            if "publisher" in each.properties and (marked := self._read_marked(each)):
                yield Found(marked, "itemprop publisher", Certainty.STATED)
        for page in self.data.pages:
            yield from self._read_publishers(page, "JSON-LD publisher of page", Certainty.LIKELY)
        for site in self.data.sites:
            if found := _read_name(site):
                how = f"JSON-LD {list_strings(site.get('@type'))[0]}"
                yield Found(found, how, Certainty.LIKELY)
        for name, line in self._metas(_SITES):
            if len(line.split()) <= MAX_PUBLISHER_WORDS:
                yield Found(line, f"meta {name}", Certainty.LIKELY)
        if self._rest and len(self._rest.split()) <= MAX_PUBLISHER_WORDS:
            yield Found(self._rest, "title", Certainty.LIKELY)

    def _read_publishers(self, node: Node, how: str, certainty: Certainty) -> Iterator[Found[str]]:
        for value in _list_values(node.get("publisher")):
            if name := _read_name(self.data.resolve(value)):
                yield Found(name, how, certainty)

    def _read_marked(self, marked: Marked) -> str | None:
        """Return what is marked, or the name that is marked within it."""
        page = self._page
        if is_suspect(page, marked.region):
            return None
        for each in page.marked:
            if (
                "name" in each.properties
                and each.parent >= 0
                and page.marked[each.parent] is marked
            ):
                return make_line(each.value or _read_text(each.text))
        return make_line(marked.value or _read_text(marked.text))

    def _strip_publisher(self) -> None:
        """Take the site's name from the title's end or beginning."""
        title, publisher = self.title, self.publisher
        if title is None or publisher is None or title.how == "h1":
            return
        parts = _TITLE_PARTS.split(title.value)
        name = _fold(publisher.value)
        for part in (parts[-1], parts[0]):
            if len(parts) > 1 and _fold(part) == name:
                start = title.value.find(part) if part == parts[0] else 0
                bare = (
                    title.value[: title.value.rfind(part)]
                    if part == parts[-1]
                    else title.value[start + len(part) :]
                )
                bare = bare.strip(" |–—·•»:-\u00a0")
                if bare:
                    self.title = Found(bare, title.how, title.certainty)
                return

    def find_authors(self, bylines: Sequence[str]) -> Found[tuple[str, ...]] | None:
        """Return the authors; `bylines` are the lines near the title that may name them."""
        stated = [found for found in self._list_authors() if found]
        if stated:
            first = set(stated[0].value)
            # Some fields hold only the first of several.
            return next((found for found in stated if set(found.value) > first), stated[0])
        for line in (line for byline in bylines for line in byline.split("\n")):
            names = list(_find_names(line))
            if found := self._make_authors(names, f"line: {line[:60]}", Certainty.LIKELY):
                return found
        return None

    def _list_authors(self) -> Iterator[Found[tuple[str, ...]] | None]:
        """Yield the authors that each of the fields made for them states."""
        names = [
            name
            for value in _list_values(self.node.get("author") or self.node.get("creator"))
            for name in _read_authors(self.data.resolve(value))
        ]
        yield self._make_authors(names, "JSON-LD author", Certainty.STATED)
        for key in _AUTHORS:
            lines = [line for _, line in self._metas([key])]
            if key == "citation_author":
                lines = [_turn_name(line) for line in lines]
            names = [part for line in lines for part in _split_names(line)]
            yield self._make_authors(names, f"meta {key}", Certainty.STATED)
        for wanted, how in (("author", "itemprop author"), ("rel-author", "rel author")):
            marked = [each for each in self._page.marked if wanted in each.properties]
            lines = [line for each in marked if (line := self._read_marked(each))]
            names = [part for line in lines for part in _split_names(line)]
            yield self._make_authors(names, how, Certainty.STATED)

    def _make_authors(
        self, names: Sequence[str], how: str, certainty: Certainty
    ) -> Found[tuple[str, ...]] | None:
        publisher = _fold(self.publisher.value) if self.publisher else []
        kept = [
            name
            for name in dict.fromkeys(names)
            if _fold(name) and _fold(name) != publisher and name.lower() not in _NO_AUTHOR
        ]
        return Found(tuple(kept[:MAX_AUTHORS]), how, certainty) if kept else None

    def find_language(self) -> Found[str] | None:
        """Return the code of the language that the page says it's in, in lower case."""
        stated = [("html lang", self._page.language or "")]
        stated += [(f"meta {name}", line) for name, line in self._metas(_LANGUAGES)]
        stated += [
            ("JSON-LD inLanguage", each) for each in list_strings(self.node.get("inLanguage"))
        ]
        for how, value in stated:
            code = value.strip().lower().replace("_", "-").split("-")[0]
            if code.isalpha() and len(code) in (2, 3):
                return Found(code, how, Certainty.STATED)
        return None

    def _list_canonical(self) -> Iterator[tuple[str, str]]:
        page = self._page
        for rel, href in page.links:
            if "canonical" in rel.split():
                yield "link canonical", href
        for value in page.metas.get("og:url", ()):
            yield "meta og:url", value

    def _list_other_addresses(self) -> Iterator[tuple[str, str]]:
        for key, address in _list_addresses(self.node):
            yield f"JSON-LD {key}", address
        if self._address:
            yield "the address that it was read from", self._address

    def _choose_url(self, candidates: Iterable[tuple[str, str]]) -> Found[str] | None:
        # A page's `base` may itself be relative.
        base = _join(self._address, self._page.base) if self._page.base else self._address
        from_front = self._address is not None and _is_front_page(self._address)
        for how, value in candidates:
            url = _join(base, value.strip())
            # Some sites call their front page the canonical address of all.
            if url and (from_front or not _is_front_page(url)):
                return Found(url, how, Certainty.STATED)
        return None


def make_line(value: str) -> str | None:
    """Return a value of the metadata as one line that can be stored, or None."""
    try:
        line = normalise_line(value[: 4 * MAX_LINE])
    except ValueError:
        return None
    return line[:MAX_LINE].strip() if line else None


def _make_paragraph(written: str) -> str | None:
    try:
        return normalise_line(written)
    except ValueError:
        return None


def is_suspect(page: Page, region: int) -> bool:
    """Tell whether a region is within one that tells of other articles, or of the site."""
    while region >= 0:
        if page.regions[region].reason not in (Reason.BYLINE, Reason.KEYWORDS, Reason.CAPTION):
            return True
        region = page.regions[region].parent
    return False


def _list_values(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


def _list_addresses(node: Node) -> Iterator[tuple[str, str]]:
    for key in ("url", "@id", "mainEntityOfPage"):
        value = node.get(key)
        if isinstance(value, dict):
            value = value.get("@id", value.get("url"))
        if isinstance(value, str):
            yield key, value.partition("#")[0]


def _read_name(value: object) -> str | None:
    name = read_string(value)
    line = make_line(name) if name else None
    return line if line and len(line) <= MAX_NAME and not _NO_NAME.search(line) else None


def _read_authors(value: object) -> Iterator[str]:
    is_organisation = isinstance(value, dict) and "Organization" in str(value.get("@type"))
    names = list_strings(value.get("name")) if isinstance(value, dict) else list_strings(value)
    for name in names:
        line = make_line(unescape_attribute(name))
        if line and is_organisation:
            yield line
        elif line:
            yield from _split_names(line)


def _split_names(line: str) -> Iterator[str]:
    """Yield the names of "Par Romain Castagno et Leïla Hadj-Sassi"."""
    match = _BY.match(line.lower())
    for part in _AND.split(line[match.end() :] if match else line):
        name = part.strip(" .·|–—-\u00a0")
        if name and len(name) <= MAX_NAME and not _NO_NAME.search(name):
            yield name


def _turn_name(name: str) -> str:
    """Return "Audibert, Céline" as "Céline Audibert"."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma and "," not in first else name


def _find_names(line: str) -> Iterator[str]:
    """Yield the names in "Mardi 7 juin, par Magali Rizzo" or "Mehdi Santoni · 28 mars 2023"."""
    text = " ".join(line.split())
    for match in _WITHIN_BY.finditer(text):
        if names := _NAMES.match(text, match.end()):
            yield from _split_names(names[0])
            return
    for part in _BESIDE_NAME.split(text):
        names = _NAMES.fullmatch(part.strip(" .,"))
        if names and not _ARTICLE.match(names[0]):
            yield from _split_names(names[0])
            return


def _read_text(written: str) -> str:
    return " ".join(_REFERENCE.sub(lambda match: resolve_reference(match[0]), written).split())


def _fold(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _flatten(text: str) -> str:
    return text.replace("\n", " ")


def _join(base: str | None, url: str | None) -> str | None:
    """Return an address of http or https made of two, or None."""
    try:
        joined = urljoin(base or "", url or "")
        parts = urlsplit(joined)
        has_host = bool(parts.hostname)
    except ValueError:
        return None
    is_web = parts.scheme in ("http", "https") and has_host and joined.isprintable()
    return joined if is_web and " " not in joined and len(joined) <= 2_000 else None


def _is_front_page(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path in ("", "/") and not parts.query

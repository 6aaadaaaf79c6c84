"""Which lines of a page are its article, and which are around it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise
from typing import Final

from massilia.corpus.article import Certainty
from massilia.corpus.pattern import Pattern
from massilia.ingest.bylines import names_role, read_signature
from massilia.ingest.datelines import BARE_WITHIN, MOST_BARE_DAYS, DateKind, show_line
from massilia.ingest.extraction import Found
from massilia.ingest.folding import fold
from massilia.ingest.page_lines import MAX_SHORT, PageLine, make_key
from massilia.ingest.page_title import PageTitle, find_title
from massilia.ingest.sentences import ends_sentence

MIN_LEAD: Final = 60
"""A shorter line may be repeated on purpose."""
MIN_CUT_LEAD: Final = 40
LEADS_WITHIN: Final = 6
"""How many lines of text are looked at for a lead that is given twice."""
MOST_SECTION_WORDS: Final = 3
COMMENTS_WITHIN: Final = 10
"""How many lines below "3 commentaires" the first of them is looked for."""

MOST_APART: Final = 2
"""How many lines further on a caption may be repeated."""

MOST_BELOW_FORM: Final = 0.25
MAX_LEAD: Final = 200
"""The share of the text, and the longest line of it, that may follow the form of comments."""
NAMED_WITHIN: Final = 5
"""How many lines below the first of the text a name is looked for beside the date."""
MAX_BOX: Final = 40
_MOST_NAMES: Final = 5
_RELATED: Final = "related articles"
_ABOVE: Final = "above the title"
_COMMENTS: Final = "comments"
_COMMENT_NAME: Final = Pattern(
    r".{2,40} (?:a )?(?:dit|ecrit|commente|says|said|wrote|commented) ?(?::|\.\.\.|…) ?[^.!?]{0,40}"
)
_COMMENT_DATE: Final = Pattern(
    r".{0,40}\b(?:le |on )?[0-9]{1,2}[ /.-].{2,12}[ /.-][0-9]{4},?(?: a| at| -)? [0-9]{1,2} ?[h:]"
    r" ?[0-9]{2}.{0,6}"
    r"|.{0,40}\b[a-z]{3,9}\.? [0-9]{1,2}, [0-9]{4},? (?:at )?[0-9]{1,2}:[0-9]{2}.{0,6}"
    r"|(?:.{0,40}\b)?(?:il y a )?(?:[0-9]+|un|une|an?) (?:minutes?|heures?|jours?|semaines?"
    r"|mois|ans?|hours?|days?|weeks?|months?|years?)(?: ago)?"
)
_ANSWER: Final = Pattern(r"(?:repondre|reply|signaler|report abuse|report)(?: .{0,30})?")
# What only the form of comments says; it stands below the whole article.
_FORM: Final = Pattern(
    r"(?:votre|your) .{0,40}(?:ne sera|will not|won't)|(?:tous )?les champs .{0,60}obligatoires"
    r"|required fields|merci pour votre commentaire|save my name|enregistrer mon nom"
)
# What is printed below an article and belongs to it: footnotes, and captions that are sentences.
_FOOTNOTE: Final = Pattern(
    r"[*†(\[¹²³]|[0-9]\)|(?:photos?|legende|illustration|caption|note|ndlr)\b"
)
_BOXES: Final = ("newsletter", "cookie notice", "login", "appeal")
_ENDS: Final = (
    *("menu", "share buttons", "newsletter", "comments", "login", "appeal", "copyright"),
    *("related articles", "cookie notice", "tags"),
)
_PLACE: Final = Pattern(
    r"[A-ZÀ-Þ][\w'’-]+(?: [A-ZÀ-Þ][\w'’-]+)*, [A-ZÀ-Þ][\w'’-]+(?:, [A-ZÀ-Þ]\w+)?"
)
_CONTACT: Final = Pattern(r"\A[*†]|\S@\S|[0-9](?:[ .-]?[0-9]){7}")
_ADDRESS: Final = Pattern(
    r"(?P<label>(?:url|permalink|permalien|lien permanent|lien|link|adresse|source|source originale"
    r"|original|read online|lire en ligne)\s?:\s*)?(?P<url>https?://\S+)",
)
_OWNER: Final = Pattern(
    r"(?:©|\(c\)|copyright)[\s©]*[0-9]{4}(?:\s?[-–]\s?[0-9]{2,4})?[\s,:-]*(?:by\s|par\s)?"
    r"(?P<name>[^\s.,|·•–0-9][^.,|·•–]{1,48}?)(?:\s?[-–,.|·•]|\s[0-9]{4}\b|\Z|\stous\sdroits|\sall\srights)"
)


@dataclass(frozen=True, slots=True)
class PageParts:
    """Hold what the lines around an article say of it; the lines left out have their reasons."""

    title: PageTitle | None
    publisher: Found[str] | None
    authors: Found[tuple[str, ...]] | None
    url: Found[str] | None


def sort_lines(lines: Sequence[PageLine]) -> PageParts:
    """Give a reason to each line that is no part of the article, and say what these lines tell.

    A sentence is left out only where its own words show what it is, where it is a reader's comment,
    or where the text has it twice.
    """
    for line in lines:
        if line.wording is not None and not line.wording.weak:
            line.reason = line.wording.reason
    title = find_title(lines)
    if title is not None:
        _drop((lines[place] for place in title.lines), "title")
    if title is not None and all(line.reason == "title" for line in lines):
        # There is nothing else: the title is what the text says.
        lines[0].reason = None
        return PageParts(PageTitle(title.title, title.site, ()), title.site, None, None)
    _drop_comments(lines)
    _drop_lists(lines)
    authors = _find_authors(lines)
    url = _find_address(lines)
    _drop_dates(lines)
    _drop_above(lines, title)
    _drop_repeated(lines)
    _drop_boxes(lines)
    _drop_words(lines)
    _drop_below(lines)
    return PageParts(title, _find_publisher(lines, title), authors, url)


def _drop(lines: Iterable[PageLine], reason: str) -> None:
    for line in lines:
        line.reason = line.reason or reason


def _find_bounds(lines: Sequence[PageLine]) -> tuple[int, int]:
    """Return the indices of the first and the last line that is certainly text."""
    texts = [place for place, line in enumerate(lines) if line.is_text]
    return (texts[0], texts[-1]) if texts else (len(lines), -1)


def _drop_comments(lines: Sequence[PageLine]) -> None:
    """Leave out all that follows the readers' comments, or the form in which they are written.

    Only where little text follows the form, and no long line: another article's lead may.
    """
    first, _ = _find_bounds(lines)
    texts = [len(line.shown) if line.is_text else 0 for line in lines]
    below = list(accumulate(reversed(texts)))[::-1]
    longest = list(accumulate(reversed(texts), max))[::-1]
    for place, line in enumerate(lines):
        if place <= first or line.wording is None or line.wording.reason != _COMMENTS:
            continue
        near = [fold(each.shown) for each in lines[place + 1 : place + 1 + COMMENTS_WITHIN]]
        dated = sum(1 for each in near if _COMMENT_DATE.fullmatch(each))
        named = any(map(_COMMENT_NAME.fullmatch, near))
        answered = any(map(_ANSWER.fullmatch, near))
        if dated + named + answered > 1:
            _drop(lines[place:], _COMMENTS)
            return
        little = below[place] <= MOST_BELOW_FORM * below[0] and longest[place] <= MAX_LEAD
        if little and _FORM.match(fold(line.shown)):
            _drop(lines[place:], _COMMENTS)
            return


def _drop_lists(lines: Sequence[PageLine]) -> None:
    """Leave out the lists of what isn't the article, with the lines that open them.

    Below the text a list goes on to the next sentence. Within the text it is what stands in one
    block with the line that opens it, or else the block below.
    """
    _, last = _find_bounds(lines)
    for place, line in enumerate(lines):
        wording = line.wording
        if wording is None or not wording.opens or (place < last and wording.reason != _RELATED):
            continue
        _drop([line], wording.reason)
        _drop(_take_list(lines[place + 1 :], below=place > last), wording.reason)


def _take_list(following: Iterable[PageLine], below: bool) -> Iterator[PageLine]:
    blocks = 0
    before: PageLine | None = None
    for line in following:
        sentence = line.is_sentence and not line.reason and not line.is_cut
        if sentence or line.reason == "title" or (line.wording and line.wording.opens):
            return
        if line.reason:
            continue
        blocks += line.parted
        goes_on = before is None or not line.parted or (before.is_item and line.is_item)
        if not below and not goes_on:
            return
        yield line
        before = line


def _find_authors(lines: Sequence[PageLine]) -> Found[tuple[str, ...]] | None:
    """Find who wrote the article, and leave out the lines that say so."""
    first, last = _find_bounds(lines)
    named = [(place, line) for place, line in enumerate(lines) if line.authors and not line.reason]
    around = [each for each in named if each[0] <= first + 1 or each[0] >= last]
    found: dict[str, None] = {}
    for _, line in around or named:
        found |= dict.fromkeys(line.authors)
    _drop((line for _, line in named if not line.dates), "author")
    signatures = list(_find_signatures(lines))
    if found:
        beside = [name for line, name in signatures if line.number < lines[first].number]
        names = tuple(dict.fromkeys([*beside, *found]))
        keys = {make_key(name) for name in names}
        _drop((line for line in lines if line.key.removeprefix("de") in keys), "author")
        line = (around or named)[0][1]
        _drop(_find_roles(lines, line), "author")
        return Found(names, show_line(line.number, line.shown), Certainty.STATED)
    if not signatures:
        return None
    _drop((line for line, _ in signatures), "author")
    line, _ = signatures[0]
    _drop(_find_roles(lines, line), "author")
    names = tuple(dict.fromkeys(name for _, name in signatures))
    where = "beside the date" if line.number < lines[first].number else "below the text"
    return Found(names, f"{show_line(line.number, line.shown)}, {where}", Certainty.LIKELY)


def _find_signatures(lines: Sequence[PageLine]) -> Iterator[tuple[PageLine, str]]:
    """Yield the lines that are a name alone, below the text or beside the date above it."""
    first, _ = _find_bounds(lines)
    texts = [place for place, line in enumerate(lines) if line.is_text]
    bodies = [place for place in texts if not _FOOTNOTE.match(fold(lines[place].shown))]
    if not bodies:
        return
    for line, following in pairwise(lines[: first + NAMED_WITHIN]):
        for name, other in ((line, following), (following, line)):
            if other.dates and not following.parted and not name.dates and not name.reason:
                signature = read_signature(name.shown.removeprefix("De "))
                if signature is not None:
                    yield name, signature
                    return
    below = [line for line in lines[bodies[-1] + 1 :] if not line.is_text]
    taken: PageLine | None = None
    for line in below:
        if line.reason:
            continue
        signature = read_signature(line.shown)
        if signature is not None and (taken is None or not line.parted):
            yield line, signature
            taken = line
        elif taken is not None or not (names_role(line.shown) and not line.is_sentence):
            return


def _find_roles(lines: Sequence[PageLine], signature: PageLine) -> Iterator[PageLine]:
    """Yield what the author is, from beside the name: "Correspondant à Marseille"."""
    place = next(place for place, line in enumerate(lines) if line is signature)
    for other in (place - 1, place + 1):
        if 0 <= other < len(lines) and lines[other].is_short and names_role(lines[other].shown):
            yield lines[other]


def _find_address(lines: Sequence[PageLine]) -> Found[str] | None:
    """Find the page's own address, alone on a line above or below the text, and leave it out."""
    first, last = _find_bounds(lines)
    found: list[tuple[PageLine, str, bool]] = []
    for place, line in enumerate(lines):
        match = _ADDRESS.fullmatch(line.shown.strip("<>() "))
        match = match or _ADDRESS.fullmatch(line.shown.lower())
        if match and not line.reason and not first < place < last:
            url = line.shown[line.shown.lower().index("http") :].strip("<>() ")
            found.append((line, url, match["label"] is not None))
    if not found:
        return None
    _drop((line for line, _, _ in found), "address")
    line, url, labelled = max(found, key=lambda each: each[2])
    if not labelled and len({url for _, url, _ in found}) > 1:
        return None
    certainty = Certainty.STATED if labelled else Certainty.LIKELY
    return Found(url, show_line(line.number, line.shown), certainty)


def _drop_dates(lines: Sequence[PageLine]) -> None:
    """Leave out what says when the text was published, but not the dates of a chronicle."""
    first, last = _find_bounds(lines)
    bare = [line for line in lines if line.dates and line.dates[0].kind is DateKind.BARE]
    is_chronicle = len({line.dates for line in bare if not line.reason}) > MOST_BARE_DAYS
    prose = 0
    for place, line in enumerate(lines):
        if line.dates:
            near = place > last or prose <= BARE_WITHIN
            if (
                line.dates[0].kind is not DateKind.BARE
                or place < first
                or (near and not is_chronicle)
            ):
                _drop([line], "date")
        elif line.is_text:
            prose += len(line.shown)


def _drop_above(lines: Sequence[PageLine], title: PageTitle | None) -> None:
    """Leave out what stands above the title, and the section that stands beside it or the date."""
    first, _ = _find_bounds(lines)
    if title is None or not title.lines:
        return
    above = [place for place in title.lines if place < first] or title.lines[:1]
    for line in lines[: above[-1]]:
        if line.is_short:
            _drop([line], line.wording.reason if line.wording else _ABOVE)
    for block in _find_blocks(lines[above[0] : first]):
        if any(line.reason in ("title", "date") for line in block):
            _drop((line for line in block if _names_section(line)), "section")
    for line, following in pairwise(lines[above[0] : first + 1]):
        if line.reason in ("date", "author") and _PLACE.fullmatch(following.shown):
            _drop([following], "place")


def _find_blocks(lines: Iterable[PageLine]) -> Iterator[list[PageLine]]:
    block: list[PageLine] = []
    for line in lines:
        if line.parted and block:
            yield block
            block = []
        block.append(line)
    if block:
        yield block


def _names_section(line: PageLine) -> bool:
    return line.is_short and line.words <= MOST_SECTION_WORDS and line.shown[-1].isalnum()


def _drop_repeated(lines: Sequence[PageLine]) -> None:
    """Leave out a lead that is given twice, whole or cut short, and captions that are repeated."""
    leads = [line for line in lines if line.is_text][:LEADS_WITHIN]
    for line, other in combinations(leads, 2):
        known = line.reason or other.reason
        if line.key == other.key and len(line.shown) >= MIN_LEAD and not known:
            # The copy that needed no mending stands in better.
            _drop([line if line.mended and not other.mended else other], "repeated")
    for line in filter(lambda line: line.is_cut and len(line.key) >= MIN_CUT_LEAD, lines):
        others = [each.key for each in leads if each is not line and not each.reason]
        if any(key.startswith(line.key) for key in others):
            _drop([line], "repeated")
    for line, other in pairwise(lines):
        captioned = other.reason == "credit" and other.key.startswith(line.key)
        if captioned and line.is_short and line.words > 1:
            _drop([line], "repeated caption")
    for line, other in pairwise(line for line in lines if not line.reason and line.is_short):
        adjacent = other.number - line.number <= MOST_APART
        same = line.key == other.key and line.words > 1 and not line.is_item
        if same and adjacent and not ends_sentence(line.shown):
            _drop([line, other], "repeated caption")


def _drop_boxes(lines: Sequence[PageLine]) -> None:
    """Leave out the short lines of a box whose other lines show what it is."""
    for block in _find_blocks(lines):
        if len(block) > MAX_BOX:
            continue
        known = sum(1 for line in block if line.wording is not None)
        if known > 1 and 2 * known >= len(block) and all(line.is_short for line in block):
            _drop(block, next(line.wording.reason for line in block if line.wording))
        if any(line.is_text and len(line.shown) >= MAX_SHORT for line in block):
            continue
        for place, line in enumerate(block):
            reasons = [each.reason for each in block[:place] if each.reason in _BOXES]
            later = {each.reason for each in block[place + 1 :]}
            if reasons and (line.is_short or reasons[-1] in later):
                _drop([line], reasons[-1])


def _drop_words(lines: Sequence[PageLine]) -> None:
    """Leave out the words of menus around the text, and between lines that are left out."""
    first, last = _find_bounds(lines)
    for place, line in enumerate(lines):
        if line.reason or line.wording is None:
            continue
        before = lines[place - 1].reason if place else "above"
        following = lines[place + 1].reason if place + 1 < len(lines) else "below"
        around = place < first or place > last
        if around or (before and following) or _is_stray_mark(line, before, following):
            _drop([line], line.wording.reason)


def _drop_below(lines: Sequence[PageLine]) -> None:
    """Leave out the short lines below the first one that shows the page's end."""
    _, last = _find_bounds(lines)
    ended = False
    for line in lines[last + 1 :]:
        single = line.reason == _RELATED and line.wording is not None and not line.wording.opens
        ended = ended or (line.reason in _ENDS and not single)
        if ended and line.is_short and not _CONTACT.search(line.shown):
            _drop([line], "below the text")


def _is_stray_mark(line: PageLine, before: str | None, following: str | None) -> bool:
    return len(line.shown) == 1 and not line.shown.isalnum() and bool(before or following)


def _find_publisher(lines: Sequence[PageLine], title: PageTitle | None) -> Found[str] | None:
    """Find the site's name, beside the title, above it or as the page's owner, and leave it out."""
    publisher = title.site if title is not None else None
    publisher = publisher or _find_owner(lines)
    if publisher is not None:
        key = make_key(publisher.value)
        _drop((line for line in lines if line.key == key), "name of the site")
    return publisher


def _find_owner(lines: Sequence[PageLine]) -> Found[str] | None:
    left_out = [line for line in lines if line.reason and line.reason != "title"]
    above = [line for line in left_out if line.reason == _ABOVE]
    for line in above[:_MOST_NAMES]:
        naming = [
            each
            for each in left_out
            if each.reason not in (_ABOVE, "menu") and line.key in each.key and each.key != line.key
        ]
        if naming:
            how = f"line {line.number}, above the title, and line {naming[0].number}"
            return Found(line.shown, how, Certainty.LIKELY)
    for line in left_out:
        if match := _OWNER.search(fold(line.shown)):
            name = line.shown[match.start("name") : match.end("name")].strip()
            return Found(name, show_line(line.number, line.shown), Certainty.LIKELY)
    return None

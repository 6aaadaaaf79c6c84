"""What has become of the quotes of a receipt: whether they still stand where they stood."""

import unicodedata
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import takewhile

from massilia.corpus.article import Article, hash_text
from massilia.index.store import Store
from massilia.service.nearest_text import find_nearest
from massilia.service.receipt import CONTEXT, CitedQuote, Receipt

MIN_SIMILARITY = 0.55
"""What is less similar is nothing like the quote. Swept over 0.3 to 0.7 on 1,056 sentences of the
embedded corpus: with the sentence taken out of its article, what is nearest in the rest reaches
.5, .55 and .6 for 5.1, 1.4 and 0.8 % of them; with 40 % of its words replaced, all still reach
.6, and with half of them 100, 83 and 39 %."""
MAX_GROWTH = 3
"""What stands between a quote's old neighbours is taken for its place up to so many times its
length and `CONTEXT` characters more: beyond that, the neighbours have been moved apart."""


class Verdict(StrEnum):
    """Say what has become of a quote."""

    INTACT = "intact"
    MOVED = "moved"
    CHANGED = "changed"
    GONE = "gone"
    FORGED = "forged"


class Reason(StrEnum):
    """Say more of a verdict: first of an intact, then of a moved, a changed, a gone, a forged one.

    `ambiguous` is a text that stands in several places, among which its context doesn't choose.
    `replaced` is another text between the old neighbours.
    """

    ARTICLE_CHANGED = "article_changed"
    AMBIGUOUS = "ambiguous"
    UNICODE_FORM = "unicode_form"
    SPACING = "spacing"
    WORDING = "wording"
    REPLACED = "replaced"
    ARTICLE_REMOVED = "article_removed"
    TEXT_REMOVED = "text_removed"
    ANSWER_TEXT = "answer_text"
    QUOTE_HASH = "quote_hash"
    LENGTH = "length"
    ARTICLE_TEXT = "article_text"


@dataclass(frozen=True, slots=True)
class Place:
    """Say where a quote, or what is nearest to it, stands now: `article.text[start:end] == text`.

    `text_sha256` is the hash of the article's text.
    """

    start: int
    end: int
    text: str
    text_sha256: str


@dataclass(frozen=True, slots=True)
class VerifiedQuote:
    """Pair a quote with its verdict.

    `now` is None for what is gone or forged; `elsewhere` are the ids of the other articles that
    hold the text of a quote that is gone.
    """

    quote: CitedQuote
    verdict: Verdict
    reason: Reason | None = None
    now: Place | None = None
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """Hold what has become of each quote of a receipt, in its order."""

    receipt: Receipt
    quotes: tuple[VerifiedQuote, ...]

    @property
    def intact(self) -> bool:
        """Tell whether every quote still stands where it stood."""
        return all(each.verdict is Verdict.INTACT for each in self.quotes)


def verify_receipt(receipt: Receipt, store: Store) -> Verification:
    """Return what has become of every quote; raises `LibraryError`.

    A quote is *forged* where the receipt contradicts itself or, on a text whose hash is still the
    same, the library; *intact* at the same offsets, whatever else in the article has changed;
    *moved* where its article holds the same text elsewhere; *changed* where its old neighbours
    stand around another text now, or where what is nearest has at least `MIN_SIMILARITY`; and
    *gone* else, or without its article.
    """
    forged = _find_altered_answers(receipt)
    with store.reading():
        quotes = [
            VerifiedQuote(each, Verdict.FORGED, Reason.ANSWER_TEXT)
            if each.id in forged
            else _verify_quote(each, store)
            for each in receipt.citations
        ]
        gone = {each.quote.text for each in quotes if each.verdict is Verdict.GONE}
        holders = _find_holders(gone, store) if gone else {}
    return Verification(
        receipt,
        tuple(
            replace(each, elsewhere=tuple(holders[each.quote.text]))
            if each.verdict is Verdict.GONE
            else each
            for each in quotes
        ),
    )


def _find_altered_answers(receipt: Receipt) -> set[str]:
    """Return the ids of the citations behind an answer whose text is not that of any of them."""
    texts = {citation.id: citation.text for citation in receipt.citations}
    return {
        citation_id
        for answer in receipt.answers
        if answer.text not in (texts[citation_id] for citation_id in answer.citation_ids)
        for citation_id in answer.citation_ids
    }


def _verify_quote(quote: CitedQuote, store: Store) -> VerifiedQuote:
    if quote.cited_text_sha256 not in (None, hash_text(quote.text)):
        return VerifiedQuote(quote, Verdict.FORGED, Reason.QUOTE_HASH)
    if quote.end - quote.start != len(quote.text):
        return VerifiedQuote(quote, Verdict.FORGED, Reason.LENGTH)
    article = store.article(quote.article_id)
    if article is None:
        return VerifiedQuote(quote, Verdict.GONE, Reason.ARTICLE_REMOVED)
    stands = article.text.startswith(quote.text, quote.start)
    if article.text_sha256 == quote.text_sha256:
        if stands and _has_context(quote, article.text):
            now = _place(article, quote.start, quote.end)
            return VerifiedQuote(quote, Verdict.INTACT, now=now)
        return VerifiedQuote(quote, Verdict.FORGED, Reason.ARTICLE_TEXT)
    if stands:
        now = _place(article, quote.start, quote.end)
        return VerifiedQuote(quote, Verdict.INTACT, Reason.ARTICLE_CHANGED, now)
    return (
        _find_moved(quote, article)
        or _find_changed(quote, article)
        or VerifiedQuote(quote, Verdict.GONE, Reason.TEXT_REMOVED)
    )


def _find_moved(quote: CitedQuote, article: Article) -> VerifiedQuote | None:
    """Return the place with the same text whose context is most alike, then the nearest one."""
    starts = list(_find_all(quote.text, article.text))
    if not starts:
        return None
    alike = {start: _compare_context(quote, article.text, start) for start in starts}
    start = min(starts, key=lambda each: (-alike[each], abs(each - quote.start)))
    ambiguous = list(alike.values()).count(alike[start]) > 1
    return VerifiedQuote(
        quote,
        Verdict.MOVED,
        Reason.AMBIGUOUS if ambiguous else None,
        _place(article, start, start + len(quote.text)),
    )


def _find_changed(quote: CitedQuote, article: Article) -> VerifiedQuote | None:
    between = _find_between(quote, article.text)
    nearest = find_nearest(quote.text, article.text, quote.start)
    near = nearest[0] if nearest and nearest[0].similarity >= MIN_SIMILARITY else None
    if between is not None:
        # The neighbours bound a place exactly; what is nearest ends at the last word in common.
        start, end = between
        within = [each for each in nearest if start <= each.start and each.end <= end]
        if near is None or within:
            reason = Reason.WORDING if near and within else Reason.REPLACED
            return _tell_change(quote, article, start, end, reason)
    if near is None:
        return None
    return _tell_change(quote, article, near.start, near.end, Reason.WORDING)


def _tell_change(
    quote: CitedQuote, article: Article, start: int, end: int, reason: Reason
) -> VerifiedQuote:
    now = _place(article, start, end)
    before, after = (unicodedata.normalize("NFC", text) for text in (quote.text, now.text))
    if before == after:
        reason = Reason.UNICODE_FORM
    elif before.split() == after.split():
        reason = Reason.SPACING
    return VerifiedQuote(quote, Verdict.CHANGED, reason, now)


def _find_between(quote: CitedQuote, text: str) -> tuple[int, int] | None:
    """Return the place between the quote's old neighbours, without white space at its ends."""
    if quote.prefix is None or quote.suffix is None:
        return None
    longest = MAX_GROWTH * len(quote.text) + CONTEXT
    places = []
    for prefix_start in _find_all(quote.prefix, text):
        start = prefix_start + len(quote.prefix)
        furthest = start + longest + len(quote.suffix)
        end = text.find(quote.suffix, start, furthest) if quote.suffix else len(text)
        # A short one was the beginning, or the end, of the article.
        begins = len(quote.prefix) == CONTEXT or prefix_start == 0
        ends = len(quote.suffix) == CONTEXT or end + len(quote.suffix) == len(text)
        between = text[start:end].strip()
        if begins and ends and end >= 0 and between and end - start <= longest:
            start = text.index(between, start)
            places.append((start, start + len(between)))
    return min(places, key=lambda each: abs(each[0] - quote.start), default=None)


def _find_holders(texts: Set[str], store: Store) -> dict[str, list[str]]:
    """Return the ids of the articles that hold each of some texts, of the whole library."""
    holders: dict[str, list[str]] = {text: [] for text in texts}
    for entry in store.entries():
        article = store.article(entry.id)
        assert article is not None  # within one reading
        for text in texts:
            if text in article.text:
                holders[text].append(entry.id)
    return holders


def _find_all(sought: str, text: str) -> Iterator[int]:
    """Give every place of a text that may overlap itself."""
    start = text.find(sought)
    while start >= 0:
        yield start
        start = text.find(sought, start + 1)


def _has_context(quote: CitedQuote, text: str) -> bool:
    before = text[max(0, quote.start - CONTEXT) : quote.start]
    after = text[quote.end : quote.end + CONTEXT]
    return quote.prefix in (None, before) and quote.suffix in (None, after)


def _compare_context(quote: CitedQuote, text: str, start: int) -> int:
    """Return how many characters around a place are those that were around the quote."""
    end = start + len(quote.text)
    before, after = text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT]
    return _count_alike(before[::-1], (quote.prefix or "")[::-1]) + _count_alike(
        after, quote.suffix or ""
    )


def _count_alike(one: str, other: str) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _place(article: Article, start: int, end: int) -> Place:
    return Place(start, end, article.text[start:end], article.text_sha256)

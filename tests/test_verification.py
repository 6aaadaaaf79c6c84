import json
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from massilia.corpus.article import Article, Language, hash_text
from massilia.index.encoder import Encoder
from massilia.index.library import Library
from massilia.index.store import Store
from massilia.ingest.document import Document
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.cli import cli, run_command_line
from massilia.service.messages import load_messages
from massilia.service.nearest_text import MAX_TOKENS, find_nearest
from massilia.service.receipt import (
    CONTEXT,
    FORMAT,
    MAX_QUOTES,
    CitedQuote,
    GivenQuote,
    Receipt,
    write_receipt,
)
from massilia.service.verification import (
    MAX_GROWTH,
    MIN_SIMILARITY,
    Reason,
    Verdict,
    VerifiedQuote,
    verify_receipt,
)
from massilia.service.verification_text import describe_verification

QUOTE = "The cable landed at Marseille on 8 October 2025, after two years of work."
BEFORE = "Medusa links twelve countries around the sea.\n\nIts route is 8,760 kilometres long. "
AFTER = " 𝔐 marks the end of the page. The ships went home by way of Bizerte and Tunis."
TEXT = BEFORE + QUOTE + AFTER
START = len(BEFORE)


def put(store: Store, article_id: str, text: str) -> None:
    article = Article(article_id, Language.ENGLISH, f"On {article_id}", text, f"{article_id}.md")
    store.put([Document(article, f"/{article_id}.md")])


def cite(text: str, start: int, end: int, *, whole: bool = True) -> CitedQuote:
    """Cite `text[start:end]` of the article `a`; not `whole`, as an answer's own JSON does."""
    quote = CitedQuote("c1", text[start:end], "a", "On a", None, start, end, hash_text(text))
    if not whole:
        return quote
    return replace(
        quote,
        cited_text_sha256=hash_text(quote.text),
        prefix=text[max(0, start - CONTEXT) : start],
        suffix=text[end : end + CONTEXT],
    )


def make(*quotes: CitedQuote) -> Receipt:
    return Receipt(
        id="ans_1",
        kind="receipt",
        question="When did the cable land?",
        language=Language.ENGLISH,
        filters={},
        question_dates=(),
        confidence={},
        answers=tuple(GivenQuote(quote.text, 0.5, (quote.id,)) for quote in quotes),
        citations=quotes,
        index={},
        format=FORMAT,
    )


CITED = cite(TEXT, START, START + len(QUOTE))


@pytest.fixture
def store(library: Library) -> Store:
    return library.store


def verify(store: Store, quote: CitedQuote = CITED) -> VerifiedQuote:
    (verified,) = verify_receipt(make(quote), store).quotes
    if verified.now:
        article = store.article(quote.article_id)
        assert article is not None
        assert article.text[verified.now.start : verified.now.end] == verified.now.text
        assert article.text_sha256 == verified.now.text_sha256
    return verified


def verify_in(store: Store, text: str, quote: CitedQuote = CITED) -> VerifiedQuote:
    """Verify a quote of the article `a` after its text has become `text`."""
    put(store, "a", text)
    return verify(store, quote)


def told(verified: VerifiedQuote) -> tuple[Verdict, Reason | None, str | None]:
    return verified.verdict, verified.reason, verified.now and verified.now.text


@pytest.mark.parametrize("whole", [True, False])
def test_what_has_not_changed_is_intact(store: Store, whole: bool) -> None:
    quote = cite(TEXT, START, START + len(QUOTE), whole=whole)
    verified = verify_in(store, TEXT, quote)
    assert told(verified) == (Verdict.INTACT, None, QUOTE)
    assert verified.now is not None
    assert verified.now.start == START
    assert verify_receipt(make(quote), store).intact


def test_a_change_behind_the_quote_leaves_it_intact_with_a_note(store: Store) -> None:
    verified = verify_in(store, TEXT.replace("Tunis", "Sfax"))
    assert told(verified) == (Verdict.INTACT, Reason.ARTICLE_CHANGED, QUOTE)
    assert verify_receipt(make(CITED), store).intact


@pytest.mark.parametrize("whole", [True, False])
def test_a_quote_pushed_along_or_in_another_paragraph_has_moved(store: Store, whole: bool) -> None:
    quote = cite(TEXT, START, START + len(QUOTE), whole=whole)
    for text in ("News: " + TEXT, f"{BEFORE.strip()}\n\n{AFTER.strip()}\n\n{QUOTE}"):
        verified = verify_in(store, text, quote)
        assert told(verified) == (Verdict.MOVED, None, QUOTE)
        assert not verify_receipt(make(quote), store).intact


def test_the_moved_quote_is_the_one_with_the_same_neighbours(store: Store) -> None:
    text = f"{QUOTE} So it began. {QUOTE} So it went on. {TEXT}"
    verified = verify_in(store, text)
    assert told(verified) == (Verdict.MOVED, None, QUOTE)
    assert verified.now is not None
    assert verified.now.start == text.rindex(QUOTE)


@pytest.mark.parametrize("kept", ["prefix", "suffix"])
def test_one_neighbour_is_enough_to_choose_by(store: Store, kept: str) -> None:
    neighbours = BEFORE + QUOTE if kept == "prefix" else QUOTE + AFTER
    text = f"{QUOTE} {neighbours}\n\n{QUOTE}"
    verified = verify_in(store, text)
    assert (verified.verdict, verified.reason) == (Verdict.MOVED, None)
    assert verified.now is not None
    assert verified.now.start == text.index(neighbours) + neighbours.index(QUOTE)


def test_places_that_nothing_tells_apart_are_ambiguous_and_the_nearest_is_given(
    store: Store,
) -> None:
    quote = cite(TEXT, START, START + len(QUOTE), whole=False)
    text = f"{QUOTE}\n\n{'Filler. ' * 4}{QUOTE}\n\n{QUOTE}"
    verified = verify_in(store, text, quote)
    assert told(verified) == (Verdict.MOVED, Reason.AMBIGUOUS, QUOTE)
    assert verified.now is not None
    places = [match.start() for match in re.finditer(re.escape(QUOTE), text)]
    assert verified.now.start == min(places, key=lambda each: abs(each - START))
    assert verified.now.start == places[1]


@pytest.mark.parametrize("whole", [True, False])
def test_every_changed_character_is_found(store: Store, whole: bool) -> None:
    quote = cite(TEXT, START, START + len(QUOTE), whole=whole)
    for place in range(len(QUOTE)):
        altered = QUOTE[:place] + ("X" if QUOTE[place] != "X" else "Y") + QUOTE[place + 1 :]
        verified = verify_in(store, BEFORE + altered + AFTER, quote)
        assert verified.verdict is Verdict.CHANGED, altered
        assert verified.now is not None
        assert verified.now.text in altered
        assert len(verified.now.text) >= len(altered) - 2, altered
        if whole:
            assert verified.now.text == altered


@pytest.mark.parametrize(
    ("altered", "reason"),
    [
        (QUOTE.replace("8 October 2025", "9 October 2025"), Reason.WORDING),
        (QUOTE.replace("landed", "was landed by a French ship"), Reason.WORDING),
        (QUOTE[:-1] + " in the deep sea off the islands.", Reason.WORDING),
        (QUOTE.split(",")[0] + ".", Reason.WORDING),
        (QUOTE.upper(), Reason.WORDING),
        (QUOTE.replace(",", ";"), Reason.WORDING),
        (QUOTE.replace(" ", "\u00a0"), Reason.SPACING),
        (QUOTE.replace(", ", ",\n"), Reason.SPACING),
        (QUOTE.replace("October", "  October"), Reason.SPACING),
        ("Nobody remembers anything about that autumn day.", Reason.REPLACED),
        ("The cable was never seen on that shore.", Reason.REPLACED),
    ],
)
def test_a_change_is_told_with_what_stands_there_now(
    store: Store, altered: str, reason: Reason
) -> None:
    verified = verify_in(store, BEFORE + altered + AFTER)
    assert told(verified) == (Verdict.CHANGED, reason, altered)


def test_a_change_of_unicode_form_is_told_as_such(store: Store) -> None:
    quote = "L’été dernier, le câble a été posé près de l’île."
    text = f"Première phrase du texte. {quote} Fin."
    cited = cite(text, text.index(quote), text.index(quote) + len(quote))
    decomposed = unicodedata.normalize("NFD", text)
    verified = verify_in(store, decomposed, replace(cited, prefix=None, suffix=None))
    assert (verified.verdict, verified.reason) == (Verdict.CHANGED, Reason.UNICODE_FORM)
    assert verified.now is not None
    assert unicodedata.normalize("NFC", verified.now.text) == quote


@pytest.mark.parametrize("whole", [True, False])
def test_a_quote_that_moved_and_changed_is_found_by_its_words(store: Store, whole: bool) -> None:
    quote = cite(TEXT, START, START + len(QUOTE), whole=whole)
    altered = QUOTE.replace("two", "three")
    verified = verify_in(store, f"{AFTER.strip()}\n\n{altered}\n\n{BEFORE.strip()}", quote)
    assert told(verified) == (Verdict.CHANGED, Reason.WORDING, altered)


def test_words_win_over_another_text_between_the_old_neighbours(store: Store) -> None:
    altered = QUOTE.replace("two", "three")
    text = f"{altered}\n\n{BEFORE}Something else was put here.{AFTER}"
    assert told(verify_in(store, text)) == (Verdict.CHANGED, Reason.WORDING, altered)


@pytest.mark.parametrize("first", [True, False])
def test_an_end_of_the_article_is_a_neighbour(store: Store, first: bool) -> None:
    text = QUOTE + AFTER if first else BEFORE + QUOTE
    cited = cite(text, text.index(QUOTE), text.index(QUOTE) + len(QUOTE))
    other = "Nobody remembers anything about it."
    verified = verify_in(store, text.replace(QUOTE, other), cited)
    assert told(verified) == (Verdict.CHANGED, Reason.REPLACED, other)
    more = "And now for some quite different matter"
    elsewhere = f"{more} {other}{AFTER}" if first else f"{BEFORE}{other} {more}"
    longer = f"{more} {other}" if first else f"{other} {more}"
    verified = verify_in(store, elsewhere, cited)
    assert told(verified) == (Verdict.CHANGED, Reason.REPLACED, longer)


def test_a_short_neighbour_counts_at_the_end_of_the_article_only(store: Store) -> None:
    text = "So. " + QUOTE + AFTER
    cited = cite(text, 4, 4 + len(QUOTE))
    verified = verify_in(store, f"Long ago. So. Else.{AFTER}", cited)
    assert told(verified) == (Verdict.GONE, Reason.TEXT_REMOVED, None)
    text = BEFORE + QUOTE + " So."
    cited = cite(text, START, START + len(QUOTE))
    verified = verify_in(store, f"{BEFORE}Else. So. It went on.", cited)
    assert told(verified) == (Verdict.GONE, Reason.TEXT_REMOVED, None)


@pytest.mark.parametrize("after", [AFTER, ""])
def test_neighbours_far_apart_bound_no_place(store: Store, after: str) -> None:
    cited = cite(BEFORE + QUOTE + after, START, START + len(QUOTE))
    limit = MAX_GROWTH * len(QUOTE) + CONTEXT
    for length, verdict in ((limit, Verdict.CHANGED), (limit + 1, Verdict.GONE)):
        filler = ("zz " * length)[: length - 1] + "z"
        assert verify_in(store, BEFORE + filler + after, cited).verdict is verdict


def test_a_sentence_taken_out_is_gone(store: Store) -> None:
    for text in (BEFORE.strip() + AFTER, BEFORE + AFTER, "!", "Nothing of it."):
        verified = verify_in(store, text)
        assert told(verified) == (Verdict.GONE, Reason.TEXT_REMOVED, None)
        assert verified.elsewhere == ()


def test_a_removed_article_is_told_and_who_else_holds_the_text(store: Store) -> None:
    put(store, "a", TEXT)
    put(store, "b", f"As others wrote: {QUOTE}")
    put(store, "c", QUOTE.lower())
    put(store, "d", QUOTE)
    assert verify(store).elsewhere == ()
    store.remove(["a"])
    verified = verify(store)
    assert told(verified) == (Verdict.GONE, Reason.ARTICLE_REMOVED, None)
    assert verified.elsewhere == ("b", "d")
    put(store, "a", "Nothing of it.")
    verified = verify(store)
    assert told(verified) == (Verdict.GONE, Reason.TEXT_REMOVED, None)
    assert verified.elsewhere == ("b", "d")


def test_each_quote_has_its_own_verdict_in_the_order_of_the_receipt(store: Store) -> None:
    put(store, "a", "News: " + TEXT)
    put(store, "b", TEXT)
    there = replace(CITED, id="c2", article_id="b")
    absent = replace(CITED, id="c3", article_id="absent")
    forged = replace(there, id="c4", start=0)
    verified = verify_receipt(make(CITED, there, absent, forged), store).quotes
    assert [each.quote.id for each in verified] == ["c1", "c2", "c3", "c4"]
    verdicts = [each.verdict for each in verified]
    assert verdicts == [Verdict.MOVED, Verdict.INTACT, Verdict.GONE, Verdict.FORGED]
    assert [each.elsewhere for each in verified] == [(), (), ("a", "b"), ()]


@pytest.mark.parametrize(
    ("altered", "reason"),
    [
        (replace(CITED, text=QUOTE.replace("8", "9")), Reason.QUOTE_HASH),
        (replace(CITED, text=unicodedata.normalize("NFD", QUOTE + "é")), Reason.QUOTE_HASH),
        (replace(CITED, cited_text_sha256="0" * 64), Reason.QUOTE_HASH),
        (replace(CITED, end=CITED.end + 1), Reason.LENGTH),
        (replace(CITED, start=CITED.end, end=CITED.start), Reason.LENGTH),
        (replace(CITED, start=START - 1, end=CITED.end - 1), Reason.ARTICLE_TEXT),
        (replace(CITED, start=10**9, end=10**9 + len(QUOTE)), Reason.ARTICLE_TEXT),
        (replace(CITED, prefix="It never happened that "), Reason.ARTICLE_TEXT),
        (replace(CITED, suffix=""), Reason.ARTICLE_TEXT),
    ],
)
def test_a_receipt_that_contradicts_itself_or_the_library_is_forged(
    store: Store, altered: CitedQuote, reason: Reason
) -> None:
    put(store, "a", TEXT)
    assert told(verify(store, altered)) == (Verdict.FORGED, reason, None)
    assert not verify_receipt(make(altered), store).intact


def test_another_text_of_the_same_length_is_forged_without_a_hash_of_its_own(store: Store) -> None:
    put(store, "a", TEXT)
    quote = cite(TEXT, START, START + len(QUOTE), whole=False)
    altered = replace(quote, text=QUOTE.replace("8", "9"))
    assert told(verify(store, altered)) == (Verdict.FORGED, Reason.ARTICLE_TEXT, None)


def test_an_answer_that_says_another_thing_than_it_cites_is_forged(store: Store) -> None:
    put(store, "a", TEXT)
    honest = make(CITED, replace(CITED, id="c2"))
    assert verify_receipt(honest, store).intact
    said = GivenQuote(QUOTE.replace("8", "9"), 0.5, ("c2",))
    altered = replace(honest, answers=(honest.answers[0], said))
    verified = verify_receipt(altered, store).quotes
    assert [(each.verdict, each.reason) for each in verified] == [
        (Verdict.INTACT, None),
        (Verdict.FORGED, Reason.ANSWER_TEXT),
    ]


def test_an_answer_without_quotes_is_intact(store: Store) -> None:
    verification = verify_receipt(make(), store)
    assert verification.quotes == ()
    assert verification.intact


def measure_distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Count the words to put in, leave out or replace (Wagner and Fischer), the plain way."""
    row = list(range(len(other) + 1))
    for number, word in enumerate(one, start=1):
        above, row = row, [number]
        for place, sought in enumerate(other, start=1):
            row.append(
                min(above[place - 1] + (word != sought), above[place] + 1, row[place - 1] + 1)
            )
    return row[-1]


WORDS = st.lists(st.sampled_from(["ab", "cd", "ef", "gh", "."]), min_size=1, max_size=6)


@given(WORDS, st.lists(st.sampled_from(["ab", "cd", "ef", "xy", "."]), max_size=9))
@settings(max_examples=300, deadline=None)
def test_the_nearest_parts_are_those_of_a_search_of_every_part(
    quote: list[str], words: list[str]
) -> None:
    text = " ".join(words)
    every = {
        (start, end): measure_distance(quote, words[start:end])
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
    }
    least = min(every.values(), default=len(quote))
    starts = [len(" ".join(words[:place])) + bool(place) for place in range(len(words))]
    expected = {
        (starts[start], starts[end - 1] + len(words[end - 1]))
        for (start, end), distance in every.items()
        if distance == least < len(quote)
    }
    found = find_nearest(" ".join(quote), text, 0)
    assert {each.similarity for each in found} <= {1 - least / len(quote)}
    assert {(each.start, each.end) for each in found} <= expected
    assert bool(found) is bool(expected)
    if len(expected) <= 4:
        assert {(each.start, each.end) for each in found} == expected


def test_the_first_of_equally_near_parts_is_as_long_as_the_quote_then_close_to_its_place() -> None:
    (first, *_) = find_nearest("one two three.", "one two three! Next.", 0)
    assert (first.start, first.end) == (0, len("one two three!"))
    text = "one two six. " * 40
    for start in (0, 13 * 20, 13 * 39):
        (first, *_) = find_nearest("one two seven.", text, start)
        assert (first.start, first.end) == (start, start + 12)


def test_of_a_long_quote_the_beginning_is_looked_for() -> None:
    words = [f"word{number}" for number in range(2 * MAX_TOKENS)]
    (found,) = find_nearest(" ".join(words), "Then " + " ".join(words), 0)
    assert (found.start, found.similarity) == (5, 1.0)
    assert found.end == 5 + len(" ".join(words[:MAX_TOKENS]))
    assert find_nearest(" ".join(words), " ".join(words[MAX_TOKENS:]), 0) == []
    assert find_nearest(" ", "Some words.", 0) == []


def edit(rng: random.Random, text: str) -> str:
    """Change a text somewhere, in one of the ways in which articles change."""
    words = text.split(" ")
    place = rng.randrange(len(words) + 1)
    match rng.randrange(6):
        case 0:
            return text
        case 1:
            new = [rng.choice("abcd") * 2 for _ in range(rng.randrange(1, 12))]
            return " ".join(words[:place] + new + words[place:])
        case 2:
            return " ".join(words[:place] + words[place + rng.randrange(1, 12) :]) or "."
        case 3:
            return " ".join(words[place:] + words[:place])
        case 4:
            position = rng.randrange(len(text))
            return text[:position] + rng.choice("xyz ") + text[position + 1 :]
        case _:
            return " ".join(rng.choice("ab") if rng.random() < 0.3 else word for word in words)


def judge(quote: CitedQuote, new: str) -> tuple[Verdict, set[int]]:
    """Give the right verdict, and the right starts of what moved, by trying every place."""
    assert quote.prefix is not None
    assert quote.suffix is not None
    if new[quote.start : quote.end] == quote.text:
        return Verdict.INTACT, {quote.start}
    alike = {}
    for start in range(len(new)):
        end = start + len(quote.text)
        if new[start:end] == quote.text:
            ahead = (n for n in range(CONTEXT, 0, -1) if n <= min(start, len(quote.prefix)))
            behind = (n for n in range(CONTEXT, 0, -1) if n <= len(quote.suffix))
            alike[start] = next((n for n in ahead if new[:start].endswith(quote.prefix[-n:])), 0)
            alike[start] += next((n for n in behind if new[end:].startswith(quote.suffix[:n])), 0)
    if alike:
        return Verdict.MOVED, {each for each in alike if alike[each] == max(alike.values())}
    sought, words = (re.findall(r"\w+|[^\w\s]", text) for text in (quote.text, new))
    least = min(
        (
            measure_distance(sought, words[start:end])
            for start in range(len(words))
            for end in range(start + 1, min(len(words), start + 2 * len(sought)) + 1)
        ),
        default=len(sought),
    )
    between = any(
        new[:start].endswith(quote.prefix)
        and new[end:].startswith(quote.suffix)
        and (len(quote.prefix) == CONTEXT or start == len(quote.prefix))
        and (len(quote.suffix) == CONTEXT or end == len(new) - len(quote.suffix))
        and new[start:end].strip()
        for start in range(len(new) + 1)
        for end in range(start, min(len(new), start + MAX_GROWTH * len(quote.text) + CONTEXT) + 1)
    )
    near = 1 - least / len(sought) >= MIN_SIMILARITY
    return (Verdict.CHANGED if near or between else Verdict.GONE), set()


def test_every_verdict_is_that_of_a_search_of_every_place(store: Store) -> None:
    rng = random.Random(20)
    cases: list[tuple[CitedQuote, str]] = []
    documents = []
    for number in range(450):
        old = " ".join(rng.choice("abcdefg") * rng.choice((1, 2)) for _ in range(40))
        start = rng.choice([0, *(each.start() for each in re.finditer(r"\b\w", old))])
        ends = [each.end() for each in re.finditer(r"\w\b", old) if start < each.end() < start + 40]
        quote = cite(old, start, rng.choice(ends))
        new = edit(rng, edit(rng, old))
        if not new.strip():
            continue
        quote = replace(quote, id=f"c{number}", article_id=f"a{number}")
        cases.append((quote, new))
        article = Article(f"a{number}", Language.ENGLISH, "On a", new, "a.md")
        documents.append(Document(article, f"/{number}.md"))
    store.put(documents)
    counts: Counter[Verdict] = Counter()
    for first in range(0, len(cases), MAX_QUOTES):
        batch = cases[first : first + MAX_QUOTES]
        verified = verify_receipt(make(*(quote for quote, _ in batch)), store).quotes
        for (quote, new), each in zip(batch, verified, strict=True):
            verdict, starts = judge(quote, new)
            assert each.verdict is verdict, (quote, new)
            counts[verdict] += 1
            if starts:
                assert each.now is not None
                assert each.now.start in starts
                assert (each.reason is Reason.AMBIGUOUS) is (len(starts) > 1)
            if verdict is Verdict.GONE:
                holders = {other.article_id for other, text in cases if quote.text in text}
                assert set(each.elsewhere) == holders
    assert min(counts[each] for each in Verdict if each is not Verdict.FORGED) >= 20, counts


ALTERED = QUOTE.replace("two", "three")
FRENCH = load_messages(Language.FRENCH)
ENGLISH = load_messages(Language.ENGLISH)


def describe(store: Store, quote: CitedQuote = CITED) -> str:
    (line,) = describe_verification(verify_receipt(make(quote), store), ENGLISH)
    return line


def test_a_line_tells_the_verdict_the_quote_its_place_and_what_is_there_now(store: Store) -> None:
    place = f"“{QUOTE}” (On a, characters {START}–{START + len(QUOTE)})"
    put(store, "b", QUOTE)
    assert describe(store) == (
        f"gone       {place}; the article is no longer in the library; the same text stands in b"
    )
    put(store, "a", TEXT)
    assert describe(store) == f"intact     {place}"
    put(store, "a", TEXT + "!")
    assert describe(store) == f"intact     {place}; the article has changed elsewhere"
    put(store, "a", "New. " + TEXT)
    moved = f"now at characters {START + 5}–{START + 5 + len(QUOTE)}"
    assert describe(store) == f"moved      {place}; {moved}"
    put(store, "a", BEFORE + ALTERED + AFTER)
    now = f"now at characters {START}–{START + len(ALTERED)}"
    assert describe(store) == f"changed    {place}; the text has changed; {now} “{ALTERED}”"
    put(store, "a", BEFORE + QUOTE.replace(" ", "\u00a0") + AFTER)
    now = f"now at characters {START}–{START + len(QUOTE)}"
    assert describe(store) == f"changed    {place}; only white space differs; {now}"
    forged = replace(CITED, cited_text_sha256="0" * 64)
    assert describe(store, forged) == f"forged     {place}; the text doesn’t match its hash"


def test_every_verdict_and_reason_has_its_words_in_both_languages(store: Store) -> None:
    for messages in (FRENCH, ENGLISH):
        for word in (*Verdict, *Reason):
            assert messages.text(f"verification.{word}")
        assert describe_verification(verify_receipt(make(), store), messages) == [
            messages.text("verification.nothing")
        ]
    (line,) = describe_verification(verify_receipt(make(CITED), store), FRENCH)
    assert line.startswith(f"disparue   «\u00a0{QUOTE}\u00a0» (On a, caractères ")


def test_a_quote_is_kept_on_its_line_and_commands_nothing(store: Store) -> None:
    text = "Red\x1b[31m\nand  green\r\x07."
    quote = replace(cite(text, 0, len(text)), title="On\na\x1b")
    line = describe(store, quote)
    assert "“Red\ufffd[31m and green \ufffd.” (On a\ufffd, " in line
    assert line.isprintable()


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    library: Library, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run `massilia` with some words on the library."""
    monkeypatch.setenv("MASSILIA_LIBRARY", str(library.path))

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["massilia", *map(str, words)])
        with pytest.raises(SystemExit) as ending:
            run_command_line(cli, "massilia")
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return int(ending.value.code or 0), printed.out, printed.err

    return run


@pytest.fixture
def receipt_file(tmp_path: Path, store: Store) -> Path:
    put(store, "a", TEXT)
    path = tmp_path / "receipt.json"
    path.write_text(write_receipt(make(CITED)), encoding="utf-8")
    return path


def test_the_command_tells_each_quote_and_ends_with_0_or_1(
    run: Run, store: Store, receipt_file: Path
) -> None:
    status, output, errors = run("verify", receipt_file)
    assert (status, errors) == (0, "")
    assert output == describe(store) + "\n"
    put(store, "a", "New. " + TEXT)
    status, output, errors = run("verify", receipt_file)
    assert (status, errors) == (1, "")
    assert output.startswith("moved ")
    assert output.count("\n") == 1


def test_the_command_speaks_the_language_of_the_receipt(
    run: Run, receipt_file: Path, store: Store
) -> None:
    french = replace(make(CITED), language=Language.FRENCH)
    receipt_file.write_text(write_receipt(french), encoding="utf-8")
    assert run("verify", receipt_file)[1].startswith("intacte ")


def test_several_files_are_named_and_an_unusable_one_stops_none(
    run: Run, receipt_file: Path, tmp_path: Path, store: Store
) -> None:
    wrong, absent = tmp_path / "wrong.json", tmp_path / "absent.json"
    wrong.write_text("{}")
    abstention = tmp_path / "abstention.json"
    abstention.write_text(write_receipt(make()), encoding="utf-8")
    status, output, errors = run("verify", wrong, receipt_file, absent, abstention, tmp_path)
    assert status == 2
    assert output.splitlines() == [
        f"{receipt_file}: {describe(store)}",
        f"{abstention}: {ENGLISH.text('verification.nothing')}",
    ]
    assert [line.split(": ")[:2] for line in errors.splitlines()] == [
        ["Error", str(wrong)],
        ["Error", str(absent)],
        ["Error", str(tmp_path)],
    ]
    assert "id is missing" in errors
    assert "No such file" in errors
    store.remove(["a"])
    assert run("verify", wrong, receipt_file)[0] == 2
    assert run("verify", receipt_file, abstention)[0] == 1
    assert run("verify", abstention)[0] == 0
    status, output, _ = run("verify", abstention, wrong, "--json")
    assert (status, output.count("\n")) == (2, 1)


def test_a_file_too_large_is_refused(run: Run, receipt_file: Path) -> None:
    receipt_file.write_bytes(receipt_file.read_bytes() + b" " * 1_000_000)
    status, output, errors = run("verify", receipt_file)
    assert (status, output) == (2, "")
    assert "1,000,000 bytes" in errors


def test_no_file_is_a_misuse(run: Run) -> None:
    assert run("verify")[0] == 2


def test_standard_input_is_read_and_json_printed(
    run: Run, receipt_file: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, "a", "New. " + TEXT)
    with receipt_file.open(encoding="utf-8") as stream:
        monkeypatch.setattr("sys.stdin", stream)
        status, output, errors = run("verify", "-", "--json")
    assert (status, errors) == (1, "")
    assert json.loads(output) == {
        "id": "ans_1",
        "object": "verification",
        "question": "When did the cable land?",
        "intact": False,
        "quotes": [
            {
                "citation_id": "c1",
                "verdict": "moved",
                "reason": None,
                "cited_text": QUOTE,
                "document_id": "a",
                "document_title": "On a",
                "url": None,
                "now": {
                    "text": QUOTE,
                    "start_char_index": START + 5,
                    "end_char_index": START + 5 + len(QUOTE),
                    "text_sha256": hash_text("New. " + TEXT),
                    "reader_path": (
                        f"/articles/a?start={START + 5}&end={START + 5 + len(QUOTE)}#quote"
                    ),
                },
                "elsewhere": [],
            }
        ],
    }


def test_a_saved_answer_is_verified_from_its_receipt_and_from_its_json(
    run: Run,
    tmp_path: Path,
    library: Library,
    toy_encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("massilia.service.cli.prepare_encoder", lambda settings: toy_encoder)
    put(library.store, "a", TEXT)
    library.build(toy_encoder)
    saved, printed = tmp_path / "saved.json", tmp_path / "printed.json"
    question = "When did the cable land at Marseille after two years of work?"
    status, output, _ = run("ask", question, "--json", "--save", saved)
    assert status == 0
    printed.write_text(output, encoding="utf-8")
    (cited,) = json.loads(saved.read_text(encoding="utf-8"))["citations"]
    assert cited["cited_text"] == QUOTE
    status, output, _ = run("verify", saved, printed)
    assert status == 0
    assert output.count(": intact ") == 2
    put(library.store, "a", "New. " + BEFORE + ALTERED + AFTER)
    status, output, _ = run("verify", saved, printed)
    assert status == 1
    assert output.count(f": changed    “{QUOTE}”") == output.count(f"“{ALTERED}”") == 2


def test_a_receipt_that_cannot_be_saved_is_told(
    run: Run,
    tmp_path: Path,
    library: Library,
    toy_encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("massilia.service.cli.prepare_encoder", lambda settings: toy_encoder)
    put(library.store, "a", TEXT)
    library.build(toy_encoder)
    status, output, errors = run("ask", "Which cable?", "--save", tmp_path / "absent" / "r.json")
    assert (status, output) == (2, "")
    assert "No such file" in errors


@pytest.fixture
def client(library: Library, toy_encoder: Encoder) -> TestClient:
    return TestClient(create_app(Answerer(library, toy_encoder)))


def test_the_interface_returns_what_the_command_prints(
    client: TestClient, run: Run, receipt_file: Path
) -> None:
    response = client.post("/v1/verify", json=json.loads(receipt_file.read_text()))
    assert response.status_code == 200
    assert response.json() == json.loads(run("verify", receipt_file, "--json")[1])


def test_the_interface_verifies_what_it_answered(
    client: TestClient, library: Library, toy_encoder: Encoder
) -> None:
    put(library.store, "a", TEXT)
    library.build(toy_encoder)
    question = "When did the cable land at Marseille after two years of work?"
    answer = client.post("/v1/answer", json={"question": question}).json()
    assert answer["citations"]
    verification = client.post("/v1/verify", json=answer).json()
    assert (verification["intact"], verification["id"]) == (True, answer["id"])
    answer["citations"][0]["start_char_index"] += 1
    quotes = client.post("/v1/verify", json=answer).json()["quotes"]
    assert [each["verdict"] for each in quotes] == ["forged"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"format": FORMAT + 1}, "/format"),
        ({"citations": {}}, "/citations"),
        ({"object": "else"}, "/object"),
        ({"answers": [{"text": "x", "score": 1, "citation_ids": ["c9"]}]}, ""),
    ],
)
def test_a_wrong_receipt_is_a_problem_at_its_field(
    client: TestClient, receipt_file: Path, change: dict[str, Any], pointer: str
) -> None:
    response = client.post("/v1/verify", json=json.loads(receipt_file.read_text()) | change)
    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["instance"] == "/v1/verify"
    assert [each["pointer"] for each in problem["errors"]] == [pointer]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[" * 100_000, 400),
        (b"[]", 422),
        (b"", 422),
        (b" " * 1_000_001, 413),
    ],
)
def test_a_body_that_is_no_receipt_is_a_problem(
    client: TestClient, body: bytes, status: int
) -> None:
    headers = {"Content-Type": "application/json"}
    response = client.post("/v1/verify", content=body, headers=headers)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_receipt_is_sent_as_json(client: TestClient, receipt_file: Path) -> None:
    headers = {"Content-Type": "text/plain"}
    response = client.post("/v1/verify", content=receipt_file.read_bytes(), headers=headers)
    assert response.status_code == 415


def test_the_interface_describes_receipts_under_the_names_of_answers(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["Receipt"]["properties"].keys() >= {"object", "citations", "answers"}
    assert schemas["CitedQuote"]["properties"].keys() >= {"cited_text", "start_char_index"}

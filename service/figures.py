"""Dated figures of a sentence: what is counted or measured, of whom, when, and who says so."""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern
from massilia.index.analysis import find_terms
from massilia.service.values import Value, ValueKind, find_values
from massilia.service.written_dates import MONTHS, fold

WORDS = "series.toml"

ABOUT = Decimal("0.1")
"""The share by which a figure that is said to be about a number may differ from it."""
BOUND = Decimal("0.3")
"""The same for one said to be under or over it: "près de 80 000" may be 73,000."""
MAX_BETWEEN = 2
"""Words between who speaks and the verb: "Made in Marseille still put"."""
MAX_PHRASE = 4
"""Words read after a number for what it counts: "four submarine fibre pairs"."""

# Of another date than the one that is written: "dix ans plus tôt".
_SHIFTED: Final = Pattern(
    r"\b(?:ans|annees|mois|years|months|decade|decennie)\s"
    r"(?:plus\s(?:tot|tard)|auparavant|apres|avant|earlier|later|before|after|ago)\b"
)
_MAY_DATE: Final = Pattern(r"(?:19|20)[0-9][0-9]")
_WORD: Final = Pattern(r"[^\W_]+")
_CLAUSE_END: Final = Pattern(r"[,;:()](?!\d)")
# A verb may follow a measure at once: "80 MW arrivaient".
_VERB: Final = Pattern(r"(?:ait|aient|erent|irent)\Z")
_JOINT: Final = Pattern(r"[,;:()](?!\d)|\s(?:et|and|mais|but)\s")
_RANGE: Final = Pattern(r"\s?(?:-|a|to|ou|or)\s")
_BETWEEN: Final = Pattern(r"\b(?:entre|between)\s(?:[€$£]\s?)?\Z")
_PHRASE_LINK: Final = Pattern(r"\s|-|\s?'|\s(?:d'|de\s|des\s|of\s)(?:la\s|l')?")
_PHRASE_START: Final = Pattern(r"\s(?:d'|de\s|of\s)?")
_ROUND_WORD: Final = Pattern(r"\b(?:[a-z]+aines?|dozens?)(?:\s|\Z)")
_ABOUT_DATE: Final = Pattern(r"\b(?:vers|environ|around|about|circa)\s(?:[a-z]+\s)?\Z")
_TARGET: Final = Pattern(r"\b(?:pour|d'ici|a|avant|by|for|before)\s(?:[a-z]+\s)?\Z")
# What follows is a part of what is counted, or what it is compared with.
_ASIDE: Final = Pattern(
    r"\b(?:dont|parmi\slesquel(?:le)?s|of\s(?:which|whom|them)|including|among\sthem|devant|derriere"
    r"|behind|ahead\sof|at\sthe\sexpense|aux\sdepens|plus\sque|than|contre|against)\b"
)
# Before a name that gives the figures, or after it.
_SOURCE_BEFORE: Final = Pattern(
    r"\b(?:donnees|liste|carte|chiffres|decompte|page|article|data|list|map|figures|count)"
    r"\s(?:de\s|d'|du\s|by\s|of\s|from\s)(?:la\s|l'|the\s)?\Z"
)
_SOURCE_AFTER: Final = Pattern(r"'s\s(?:data|list|map|figures|count|page|article)\b")
_ENDINGS: Final = {Language.FRENCH: ("", "s", "e", "es"), Language.ENGLISH: ("", "s")}
_LINKS: Final = frozenset(("d", "de", "des", "of", "l", "la"))
_JOINTS: Final = (" ", "-", "'", "+ ", " et ", " and ", " de ", " of ", " in ", ", de ", ", of ")
# What a unit says by itself.
_IMPLIED: Final = {"m": "length", "m2": "area", "W": "power", "s": "latency"}
_LEADING: Final = ("selon", "apres", "croire", "according")
_INVERTED: Final = ("says", "said", "writes", "wrote", "reports", "reported")
_COUNTS: Final = (ValueKind.NUMBER, ValueKind.ORDINAL)


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold an amount and what it is of; offsets are code points of the sentence.

    The thing measured lies between `low` and `high`, all told, `amount` being as written. Days are
    those that the sentence dates the figure with, at `date_start`. `noun` is what is counted;
    `qualities` narrow it down, `attributes` say what the amount is of (a cost, a length), `names`
    and `places` whose it is, `about` all words of the sentence but names. These are concepts where
    the words are known, and stems otherwise.
    """

    start: int
    end: int
    amount: Decimal
    low: Decimal
    high: Decimal
    unit: str
    noun: str
    qualities: frozenset[str]
    attributes: frozenset[str]
    names: frozenset[str]
    places: frozenset[str]
    first: date
    last: date
    date_start: int
    date_end: int
    is_dated_about: bool
    speaker: tuple[int, int] | None
    about: frozenset[str]


@dataclass(frozen=True, slots=True)
class Token:
    """Hold a word of a sentence, and the concept or stem it is read as; None for a stop word."""

    start: int
    end: int
    word: str
    concept: str | None
    is_name: bool


@dataclass(frozen=True, slots=True)
class _Words:
    """Hold the words that the rules know, folded; concepts by stem."""

    concepts: Mapping[Language, Mapping[str, str]]
    things: frozenset[str]
    attributes: frozenset[str]
    speech: frozenset[str]
    claims: frozenset[str]
    planned: frozenset[str]
    openers: frozenset[str]
    places: frozenset[str]
    neutral: frozenset[str]
    noise: frozenset[str]
    asking: frozenset[str]
    about: tuple[str, ...]
    over: tuple[str, ...]
    under: tuple[str, ...]


@lru_cache(maxsize=4096)
def read_figures(
    text: str, language: Language, publishers: tuple[str, ...] = ()
) -> tuple[Figure, ...]:
    """Return the figures of a sentence that it dates, in its order.

    Where it names one of the `publishers` of its sources, they speak, unless nothing else is named.
    A forecast is no figure; nor is one whose date isn't clear, as where two stand beside it.
    """
    if not _MAY_DATE.search(text):
        return ()
    values = find_values(text, language)
    dates = [value for value in values if value.first is not None]
    amounts = [value for value in values if value.amount is not None]
    if not dates or not amounts:
        return ()
    folded = fold(text)
    if _SHIFTED.search(folded):
        return ()
    tokens = read_tokens(text, language, values)
    return tuple(
        _read_amounts(_read_sentence(folded, language, tokens, dates, publishers), amounts)
    )


def read_tokens(text: str, language: Language, values: Sequence[Value] = ()) -> list[Token]:
    """Return the words of a text; those within `values` are left out."""
    words = _load_words()
    folded = fold(text)
    spans = [match.span() for match in _WORD.finditer(text)]
    spans = [span for span in spans if not _covers(values, *span)]
    terms = find_terms([folded[start:end] for start, end in spans], language)
    concepts = words.concepts[language]
    tokens: list[Token] = []
    for (start, end), term in zip(spans, terms, strict=True):
        word = folded[start:end]
        after_name = bool(tokens) and tokens[-1].is_name and start == tokens[-1].end + 1
        is_name = after_name if word.isdigit() else _is_name(text[start:end], word, start == 0)
        # Marked, so that the stem of "rounded" is no concept "round".
        concept = concepts.get(word, f"={term}" if term and end - start > 1 else None)
        tokens.append(Token(start, end, word, concept, is_name))
    return tokens


def read_asked(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the concepts that a question asks for a figure of; none if it asks for none.

    It is the first after "how many" or the like, or where that is no word that the rules know, the
    second too: "nombre de câbles", "débit des câbles", "foreign projects".
    """
    words = _load_words()
    asking = words.asking
    places = [place for place, token in enumerate(tokens) if token.word in asking]
    concepts = [
        token.concept
        for token in tokens[places[0] if places else len(tokens) :]
        if token.concept not in (None, "world") and not token.is_name and token.word not in asking
    ]
    known = concepts[:1] and concepts[0] in words.attributes | words.things
    return frozenset(concept for concept in concepts[: 1 if known else 2] if concept is not None)


def _is_name(written: str, word: str, is_first: bool) -> bool:
    if written.islower() or word in MONTHS:
        return False
    return not (is_first and word in _load_words().openers)


def _covers(values: Sequence[Value], start: int, end: int) -> bool:
    return any(value.start < end and start < value.end for value in values)


@dataclass(frozen=True, slots=True)
class _Amount:
    """Hold an amount, or a range of them, with the words that follow it without a break."""

    value: Value
    start: int
    end: int
    low: Decimal
    high: Decimal
    phrase: tuple[Token, ...]

    @property
    def phrase_end(self) -> int:
        """Give where the words after the amount end."""
        return self.phrase[-1].end if self.phrase else self.end


@dataclass(frozen=True, slots=True)
class _Sentence:
    """Hold what the figures of a sentence have in common."""

    folded: str
    language: Language
    tokens: tuple[Token, ...]
    dates: tuple[Value, ...]
    names: frozenset[str]
    about: frozenset[str]
    speaker: tuple[int, int] | None
    aside: int


def _read_sentence(
    folded: str,
    language: Language,
    tokens: Sequence[Token],
    dates: Sequence[Value],
    publishers: Sequence[str],
) -> _Sentence:
    words = _load_words()
    speaker, is_claim = _find_speaker(folded, language, tokens, words)
    aside = _ASIDE.search(folded)
    aside_start = aside.start() if aside else len(folded)
    told = [
        token
        for token in tokens
        if token.is_name and token.start < aside_start and not _is_source(folded, token)
    ]
    spoken = [token for token in told if not speaker or _lies_outside(token, speaker)]
    if spoken or not is_claim:
        told = spoken
    printed = _find_publishers(folded, publishers)
    others = [token for token in told if all(_lies_outside(token, span) for span in printed)]
    if others and len(others) < len(told):
        told, speaker = others, speaker or printed[0]
    names = {_name(token, words) for token in told}
    about = {token.concept for token in tokens if token.concept and not token.is_name}
    return _Sentence(
        folded=folded,
        language=language,
        tokens=tuple(tokens),
        dates=tuple(_join_dates(folded, dates)),
        names=frozenset(names),
        about=frozenset(about) - words.noise,
        speaker=speaker,
        aside=aside_start,
    )


def _read_amounts(sentence: _Sentence, values: Sequence[Value]) -> Iterator[Figure]:
    amounts = list(_join_ranges(sentence, values))
    # "126 jobs at La Ciotat and 66 at Gémenos": whose each is can't be told.
    shared_out = any(
        amount.value.kind is ValueKind.NUMBER
        and not amount.phrase
        and sentence.folded[amount.start].isdigit()
        for amount in amounts
    )
    ranks = sum(amount.value.kind is ValueKind.ORDINAL for amount in amounts)
    context_start = 0
    holder: frozenset[str] = frozenset()
    inherited: tuple[str, frozenset[str]] = ("", frozenset())
    for amount in amounts:
        value = amount.value
        noun, qualities = _read_noun(amount, sentence.language)
        context = _read_context(sentence, amount, amounts, context_start)
        attributes = _read_attributes(amount, context) | (qualities & _load_words().attributes)
        attributes -= {_IMPLIED.get(value.unit, "")}
        qualities -= attributes
        # "Les 55 projets français représentaient 942 emplois": those of the projects.
        if context_start and not _JOINT.search(sentence.folded, context_start - 1, amount.start):
            attributes |= holder
        holder = (qualities | {noun}) - {""}
        context_start = amount.phrase_end
        if not attributes and inherited[0] == value.unit != "":
            attributes = inherited[1]
        inherited = value.unit, attributes
        if value.kind is ValueKind.ORDINAL:
            noun, qualities = _read_rank((*context, *amount.phrase)), frozenset()
            attributes &= _load_words().attributes
        elif noun == "people" and "staff" in attributes:
            noun = "staff"
        if value.kind is ValueKind.NUMBER and (shared_out or noun == "rank"):
            continue
        if ranks > 1 and noun == "rank":  # "from 9th to 7th"
            continue
        if value.kind in _COUNTS and not noun:
            continue
        dated = _find_date(sentence, amount)
        if dated is not None and _is_measured(sentence, amount):
            yield _make_figure(sentence, amount, dated, noun, qualities, attributes - {noun})


def _make_figure(
    sentence: _Sentence,
    amount: _Amount,
    dated: Value,
    noun: str,
    qualities: frozenset[str],
    attributes: frozenset[str],
) -> Figure:
    words = _load_words()
    low, high = _widen(sentence.folded, amount, words)
    return Figure(
        start=amount.start,
        end=amount.end,
        amount=amount.low,
        low=low,
        high=high,
        unit=amount.value.unit,
        noun=noun,
        qualities=qualities,
        attributes=attributes,
        names=sentence.names - words.places,
        places=sentence.names & words.places,
        first=dated.first or date.min,
        last=dated.last or date.max,
        date_start=dated.start,
        date_end=dated.end,
        is_dated_about=_ABOUT_DATE.search(sentence.folded, 0, dated.start) is not None,
        speaker=sentence.speaker,
        about=sentence.about,
    )


def _read_context(
    sentence: _Sentence, amount: _Amount, amounts: Sequence[_Amount], start: int
) -> list[Token]:
    """Return the words around an amount, from the one before it to the end of its clause."""
    stop = _JOINT.search(sentence.folded, amount.phrase_end)
    ends = [stop.start() if stop else len(sentence.folded)]
    ends += [each.start for each in amounts if each.start >= amount.phrase_end]
    return [
        token
        for token in sentence.tokens
        if start <= token.start < min(ends) and token not in amount.phrase and not token.is_name
    ]


def _read_attributes(amount: _Amount, context: Sequence[Token]) -> frozenset[str]:
    words = _load_words()
    return frozenset(
        token.concept
        for token in context
        if token.concept in words.attributes
        or (token.start < amount.start and token.concept in words.things)
    )


def _read_rank(context: Sequence[Token]) -> str:
    return "rank" if any(token.concept in ("rank", "world") for token in context) else ""


def _is_measured(sentence: _Sentence, amount: _Amount) -> bool:
    """Tell whether an amount is of the sentence's own subject, neither forecast nor an article."""
    if amount.start > sentence.aside:
        return False
    # "Un article", "une société".
    if amount.low == 1 and not sentence.folded[amount.start].isdigit():
        return False
    return not _is_planned(sentence, amount)


def _is_planned(sentence: _Sentence, amount: _Amount) -> bool:
    """Tell whether words before an amount, or after it in its clause, make it a forecast."""
    stop = _JOINT.search(sentence.folded, amount.end)
    clause_end = stop.start() if stop else len(sentence.folded)
    planned = _load_words().planned
    return any(token.word in planned and token.start < clause_end for token in sentence.tokens)


def _join_dates(folded: str, dates: Sequence[Value]) -> list[Value]:
    """Return the dates, "2013 à 2015" being one."""
    joined: list[Value] = []
    for each in dates:
        if joined and _RANGE.fullmatch(folded, joined[-1].end, each.start):
            joined[-1] = replace(joined[-1], last=each.last, end=each.end)
        else:
            joined.append(each)
    return joined


def _join_ranges(sentence: _Sentence, values: Sequence[Value]) -> Iterator[_Amount]:
    """Yield the amounts, "72 000 à 73 000" being one."""
    folded = sentence.folded
    place = 0
    while place < len(values):
        value = values[place]
        following = values[place + 1] if place + 1 < len(values) else None
        low = high = value.amount or Decimal(0)
        end = value.end
        place += 1
        if following and following.amount is not None and following.unit == value.unit:
            between = folded[value.end : following.start]
            joined = _RANGE.fullmatch(between) or (
                between in (" et ", " and ") and _BETWEEN.search(folded[: value.start])
            )
            if joined and following.amount > low:
                high, end = following.amount, following.end
                place += 1
        phrase = _read_phrase(folded, sentence.tokens, end)
        if value.unit and sentence.language is Language.ENGLISH:
            # What follows "80 MW" is a verb as often as not.
            phrase = phrase if folded.startswith(" of ", end) else []
        yield _Amount(value, value.start, end, low, high, tuple(phrase))


def _read_phrase(folded: str, tokens: Sequence[Token], end: int) -> list[Token]:
    """Return the words that follow a number without a break: "emplois directs"."""
    speech = _load_words().speech
    phrase: list[Token] = []
    position = end
    for token in tokens:
        if token.start < end:
            continue
        link = folded[position : token.start]
        pattern = _PHRASE_LINK if phrase else _PHRASE_START
        if token.word in _LINKS:
            continue
        if token.concept is None or token.word in speech:
            break
        if token.is_name or len(phrase) == MAX_PHRASE or not pattern.fullmatch(link):
            break
        phrase.append(token)
        position = token.end
    return phrase


def _read_noun(amount: _Amount, language: Language) -> tuple[str, frozenset[str]]:
    """Return what is counted and what narrows it down; a measure has no noun of its own."""
    phrase = amount.phrase
    neutral = _load_words().neutral
    concepts = [
        each.concept
        for each in phrase
        if each.concept and each.word not in neutral and not _VERB.search(each.word)
    ]
    if amount.value.kind not in _COUNTS:
        return "", frozenset(concepts)
    head = None
    if language is Language.ENGLISH:
        plurals = [
            place
            for place, token in enumerate(phrase)
            if token.word.endswith("s") or token.word in ("people", "staff")
        ]
        if not plurals:
            return "", frozenset()
        head = phrase[plurals[0]].concept
        before = phrase[: plurals[0]]
        concepts = [each.concept for each in before if each.concept and each.word not in neutral]
    elif concepts:
        ranked = [each for each in concepts if each != "new"]
        head = ranked[0] if ranked else None
    return head or "", frozenset(each for each in concepts if each != head)


def _find_date(sentence: _Sentence, amount: _Amount) -> Value | None:
    """Return the only date of the amount's clause; else the only one, or the only one before it."""
    folded, dates, start, end = sentence.folded, sentence.dates, amount.start, amount.phrase_end
    clause_start = max((m.end() for m in _CLAUSE_END.finditer(folded, 0, start)), default=0)
    stop = _CLAUSE_END.search(folded, end)
    clause_end = stop.start() if stop else len(folded)
    beside = [each for each in dates if clause_start <= each.start < clause_end]
    before = [each for each in dates if each.start < start]
    chosen = beside or (dates if len(dates) == 1 else before)
    if len(chosen) != 1:
        return None
    earlier = any(_starts_before(each, chosen[0]) for each in dates)
    is_target = chosen[0].start >= end and earlier and _TARGET.search(folded, 0, chosen[0].start)
    return None if is_target else chosen[0]


def _starts_before(one: Value, other: Value) -> bool:
    return one.first is not None and other.first is not None and one.first < other.first


def _find_speaker(
    folded: str, language: Language, tokens: Sequence[Token], words: _Words
) -> tuple[tuple[int, int] | None, bool]:
    """Return where the sentence names who gives its figures, and whether of itself."""
    for place, token in enumerate(tokens):
        if token.word not in words.speech:
            continue
        previous = tokens[place - 1].word if place else ""
        if token.word == "apres" and previous != "d":
            continue
        if previous in ("was", "were", "been", "be", "est", "etait", "ete"):
            continue
        following = tokens[place + 1] if place + 1 < len(tokens) else None
        led = token.word in _LEADING or (
            (language is Language.FRENCH or token.word in _INVERTED)
            and folded[: token.start].endswith(", ")
            and following is not None
            and following.is_name
        )
        run = _find_run(folded, tokens[place + 1 :] if led else tokens[:place], last=not led)
        if run:
            return (run[0].start, run[-1].end), token.word in words.claims
    return None, False


def _find_run(folded: str, tokens: Sequence[Token], *, last: bool) -> list[Token]:
    """Return the first or last name of a stretch, and those that are joined to it."""
    names = [token for token in tokens if token.is_name]
    starts = [
        place
        for place, name in enumerate(names)
        if not place or folded[names[place - 1].end : name.start] not in _JOINTS
    ]
    if not names:
        return []
    run = names[starts[-1] :] if last else names[: starts[1] if len(starts) > 1 else None]
    between = [each for each in tokens if each.start > run[-1].end] if last else []
    return run if len(between) <= MAX_BETWEEN else []


def _find_publishers(folded: str, publishers: Sequence[str]) -> list[tuple[int, int]]:
    """Return where a sentence names the publishers of its sources."""
    return [
        match.span()
        for publisher in publishers
        for match in re.finditer(rf"(?<![^\W_]){re.escape(fold(publisher))}(?![^\W_])", folded)
    ]


def _is_source(folded: str, token: Token) -> bool:
    return (
        _SOURCE_BEFORE.search(folded, 0, token.start) is not None
        or _SOURCE_AFTER.match(folded, token.end) is not None
    )


def _name(token: Token, words: _Words) -> str:
    return token.concept if token.concept in words.things else token.word


def _lies_outside(token: Token, span: tuple[int, int]) -> bool:
    return not span[0] <= token.start < span[1]


def _widen(folded: str, amount: _Amount, words: _Words) -> tuple[Decimal, Decimal]:
    """Return between what an amount lies that is said to be about, over or under a number."""
    low, high = amount.low, amount.high
    before = folded[max(0, amount.start - 16) : amount.start].rstrip()
    if before.endswith(words.over):
        return low, high * (1 + BOUND)
    if before.endswith(words.under):
        return low * (1 - BOUND), high
    if before.endswith(words.about) or _ROUND_WORD.search(folded, amount.start, amount.end):
        return low * (1 - ABOUT), high * (1 + ABOUT)
    return low, high


@cache
def _load_words() -> _Words:
    content = tomllib.loads(files("massilia.service").joinpath(WORDS).read_text(encoding="utf-8"))
    concepts: dict[Language, dict[str, str]] = {language: {} for language in Language}
    for name, written in (content["things"] | content["attributes"]).items():
        for language, forms in zip((Language.FRENCH, Language.ENGLISH), written, strict=True):
            for form in _WORD.findall(fold(forms)):
                for ending in _ENDINGS[language]:
                    concepts[language].setdefault(form + ending, name)
    return _Words(
        concepts=concepts,
        things=frozenset(content["things"]) - {"rank", "data"},
        attributes=frozenset(content["attributes"]) | {"staff"},
        speech=_add_plurals(_fold_all(*content["speech"].values())),
        claims=_add_plurals(_fold_all(content["speech"]["claims"])),
        planned=_fold_all(*content["planned"].values()),
        openers=_fold_all(content["background"]["openers"]),
        places=_fold_all(content["background"]["places"]),
        neutral=_fold_all(content["background"]["neutral"]),
        noise=_name_terms(content["speech"]) | _name_terms(content["planned"]),
        asking=_fold_all(content["questions"]["asking"]),
        about=_fold_each(content["hedges"]["about"]),
        over=_fold_each(content["hedges"]["over"]),
        under=_fold_each(content["hedges"]["under"]),
    )


def _add_plurals(verbs: frozenset[str]) -> frozenset[str]:
    """Return forms of French verbs in the third person with those of the plural."""
    past = {f"{verb[:-2]}aient" for verb in verbs if verb.endswith("ait")}
    return verbs | past | {f"{verb}nt" for verb in verbs if verb.endswith("e")}


def _name_terms(speech: Mapping[str, str]) -> frozenset[str]:
    return frozenset(
        f"={term}"
        for language in Language
        for term in find_terms([fold(word) for word in speech[language].split()], language)
    )


def _fold_all(*lists: str) -> frozenset[str]:
    return frozenset(word for each in lists for word in fold(each).split())


def _fold_each(phrases: Collection[str]) -> tuple[str, ...]:
    return tuple(fold(phrase) for phrase in phrases)

"""Two questions asked in one: "Qui a fondé X et quand ?", "Who runs it? And since when?"."""

import re
from typing import Final

from massilia.corpus.pattern import Pattern
from massilia.service.known_names import read_names
from massilia.service.written_dates import fold

MOST_WORDS = 25
"""A longer text is only split between two marks: of 1,096 medical cases, two were split wrongly."""

_JOINED: Final = r"(?:et|and|mais|but|puis)\s"
# A question word that takes its verb, and all that follows, from the question before.
_BARE: Final = (
    r"(?:(?:depuis\s|jusqu'a\s)?quand|ou|comment|pourquoi|(?:avec|par|chez|contre)\s(?:qui|quoi)"
    r"|en\squelle\sannee|a\squelle\sdate|dans\squelle\sville|a\squel\sprix|pour\squelle\sraison"
    r"|(?:since\s|until\s)?when|where|how|why|(?:by|with)\swhom|at\swhat\sprice"
    r"|in\s(?:which|what)\s(?:year|city|town)|for\show\s(?:much|long))"
)
# "Et qui", "and which" may go on with a clause that they stand in.
_FULL: Final = (
    r"(?:quand|comment|pourquoi|combien|qu'est-ce|(?:en|a|dans|depuis)\squel(?:le)?s?"
    r"|depuis\squand|quel(?:le)?s?|(?:since\s)?when|how|why|who|what|where)"
)
_TAIL: Final = Pattern(rf",?\s(?:et|and)\s(?P<bare>{_BARE})\Z")
_NEXT: Final = Pattern(rf",?\s(?:et|and)\s(?={_FULL}\s)")
_OPENING: Final = Pattern(rf"(?:{_FULL}|qui|ou|que|which|whose)\b")
_ADVERB: Final = Pattern(
    r"(?:depuis\squand|quand|comment|pourquoi|ou|en\squelle\sannee)\s(?!est-ce)"
    r"|(?:(?:since\s)?when|where|how|why|in\s(?:which|what)\syear)"
    r"\s(?=(?:did|do|does|is|are|was|were|has|have|had|will|can)\b)"
)
_SUBJECT: Final = Pattern(r"qui\s(?!(?:se|est|etait|sera|sont|es|etes|ne)\b|n')(?P<verb>[^\s-]+)\s")
_PRESENT: Final = Pattern(r"who\s(?P<verb>[a-z]+[^s])s\s(?!been\b)")
_PAST: Final = Pattern(
    r"who\s(?P<verb>[a-z]+ed|built|bought|sold|led|won|made|held|set\sup)\s"
    r"(?P<object>(?!to\s).+?)(?P<rest>\s(?:in|on|at|for|from|by|to|since|with|after|before)\s.+)?\Z"
)
_NO_STEM: Final = frozenset({"ha", "i", "wa", "doe"})  # has, is, was, does
_PRONOUN: Final = Pattern(
    r"-(?:t-)?(?:ils?|elles?)\b|\b(?:its?|they|theirs?|them|he|she|his|him|hers?|ils?|elles?|son|sa"
    r"|ses|leurs?)\b|\bl'(?:a|ont|avait|avaient)\b|\bl[ea]s?\s(?:a|ont)\b"
)
_IT: Final = Pattern(r"\bit\b")
_INVERSION: Final = Pattern(rf"(?P<asked>{_BARE})\s(?=[^\s-]+-(?:t-)?(?:il|elle)\b)")


def split_questions(text: str) -> tuple[str, ...]:
    """Return the two questions in `text`, each of which stands alone, or else `text` whole.

    The second takes over the verb or the subject of the first, for which its words are put in
    another order: it is to be searched for, not shown. Where that isn't sure, nothing is split.
    """
    first, asked, second = " ".join(text.split()).rstrip(" ?").partition("?")
    if asked:
        return _split(text, first.strip(), _drop_joint(second.strip(" ?")))
    if not _OPENING.match(fold(first)):
        return (text,)
    folded = fold(first)
    joint = _TAIL.search(folded) or _NEXT.search(folded)
    # "Quelles institutions et quels groupes" is one question, and "and who" in a long one a clause.
    if (
        joint is None
        or len(folded[: joint.start()].split()) < 3
        or len(folded.split()) > MOST_WORDS
    ):
        return (text,)
    return _split(text, first[: joint.start()], _drop_joint(first[joint.start() :].lstrip(" ,")))


def _split(text: str, first: str, second: str) -> tuple[str, ...]:
    folded = fold(second)
    if re.fullmatch(_BARE, folded):
        completed = _complete(second, first)
    elif not _OPENING.match(folded):
        completed = None
    elif _PRONOUN.search(folded):
        completed = _name_subject(second, first)
    else:
        # Without a name of its own, it may lean on the first in some other way.
        completed = second if read_names(second) else None
    return (text,) if completed is None else (f"{first} ?", f"{completed} ?")


def _drop_joint(text: str) -> str:
    joint = re.match(_JOINED, fold(text))
    return text[joint.end() :] if joint else text


def _complete(bare: str, first: str) -> str | None:
    """Return the question that `bare` stands for after `first`."""
    folded = fold(first)
    if adverb := _ADVERB.match(folded):
        return f"{bare} {first[adverb.end() :]}"
    if subject := _SUBJECT.match(folded):
        verb = first[slice(*subject.span("verb"))]
        link = "-on" if verb.endswith(("d", "t")) else "-t-on"
        return f"{bare} {verb}{link} {first[subject.end() :]}"
    if past := _PAST.match(folded):
        verb, object_, rest = (
            first[max(0, past.start(part)) : max(0, past.end(part))]
            for part in ("verb", "object", "rest")
        )
        return f"{bare} was {object_} {verb}{rest}"
    if (present := _PRESENT.match(folded)) and present["verb"] not in _NO_STEM:
        return f"{bare} do they {present['verb']} {first[present.end() :]}"
    return None


def _name_subject(second: str, first: str) -> str | None:
    """Return `second` with the one name of `first` for its pronoun."""
    names = read_names(first)
    folded = fold(second)
    if len(names) != 1 or read_names(second) or len(_PRONOUN.findall(folded)) != 1:
        return None
    name = names[0].text
    if inversion := _INVERSION.match(folded):
        return f"{second[: inversion.end()]}{name} {second[inversion.end() :]}"
    if it := _IT.search(folded):
        return f"{second[: it.start()]}{name}{second[it.end() :]}"
    return None

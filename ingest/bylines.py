"""Who wrote a text, as lines of it say in French or English."""

from typing import Final

from massilia.corpus.pattern import Pattern
from massilia.ingest.abbreviations import LEXICONS
from massilia.ingest.folding import fold

MAX_BYLINE: Final = 160
MAX_SIGNATURE: Final = 40
MOST_NAME_WORDS: Final = 4

_LABEL: Final = Pattern(
    r"(?:(?:un |une |an? )?(?:article|texte|reportage|enquete|interview|entretien|propos|story"
    r"|words|text|written|reported|posted|published|publiee?|postee?|redigee?|ecrite?|signee?"
    r"|recueillis?|mise? en ligne|realisee?)\s(?:recueillis\s|et photos\s)?)*(?:par|by)\s?:?\s"
    r"|(?:auteure?s?|autrices?|authors?|texte|text|reportage|reporter|journaliste|redacteur"
    r"|redactrice|writer|redaction)(?:\s(?:de|du|of|l'article)|\set photos?)?\s?:\s?"
    r"|(?:un |une )?(?:reportage|texte|text|article|enquete)\s(?:de\s|d'|:\s)?(?=\S)"
)
_NAMED_ALONE: Final = Pattern(r"(?:la\s)?redaction|staff|the editors|afp|reuters")
_CAPITALISED: Final = r"[A-ZÀ-ÖØ-ÞŒ][\w'’.-]*"
_PARTICLE: Final = r"(?:d[eu]s?|d['’]|la|le|van|von|der|den|el|al|ben|bin)"
_NAME: Final = Pattern(
    rf"(?:{_PARTICLE}\s)?{_CAPITALISED}(?:\s(?:{_PARTICLE}\s?)*{_CAPITALISED}){{0,4}}"
)
_WHOLE_NAME: Final = Pattern(rf"{_CAPITALISED}(?:\s(?:{_PARTICLE}\s?)*{_CAPITALISED}){{1,3}}")
_INITIALS: Final = Pattern(r"[A-ZÀ-Þ]\.\s?-?(?:[A-ZÀ-Þ]\.?){1,2}(?:\s?[A-ZÀ-Þ]\.?)?")
_END: Final = Pattern(
    r"\s*(?:[|•·(\[/:@]|\s[–—-]\s|[–—]|[0-9]|\b(?:le|on|at|à|a|in|dans|pour|for|avec|with|from|depuis"
    r"|publié|posté|mis|updated|published|posted|lecture)\b(?!\S))"
)
_PLACE: Final = Pattern(r"(?:a|in|au|aux)\s|correspond|notre |our ")
_TOWN: Final = Pattern(rf"{_CAPITALISED}")
_JOINT: Final = Pattern(r"\s*,\s*(?:et\s|and\s)?|\s+(?:et|and|&)\s+")
_ROLE: Final = Pattern(
    r".*\b(?:correspond\w+|editor\w*|reporters?|journalist\w*|reda[ck]t\w+|envoyee?|special\w*|staff"
    r"|writers?|columnist|bureau|chief|directo?e?u?r\w*|president\w*|fond\w+|chef\w*|consultant\w*"
    r"|professeure?|professor|avocate?|lawyer|chercheu\w+|researcher|economiste?|photographe\w*"
    r"|agence|agency|news|magazine|journal|presse|press)\b.*"
)
_NO_NAME: Final = Pattern(
    r".*\b(?:tech|infos?|news|presse|press|articles?|videos?|photos?|documents?|contact|menu"
    r"|newsletter|economie|marseille|provence|france|paris|universite|university|conference|projet"
    r"|project|ville|city|metropole|port|centre|center|festival|salon|forum|groupe|group|association"
    r"|commission|conseil|ministere|institut|institute|grande?|opening|week|day|startups?|data)\b.*"
)
_BY: Final = Pattern(r"\b(?:par|by)\s")


def read_byline(line: str, *, dated: bool = False) -> tuple[str, ...]:
    """Return the authors that a line is there to name ("Par Jean Dupont"), or none.

    A name of one word is taken only of a line that is `dated` too: "By Design" is a heading.
    """
    if len(line) > MAX_BYLINE:
        return ()
    written = " ".join(word for word in line.split() if "@" not in word)
    for start in _find_labels(fold(written), dated):
        names = _read_names(written[start:], dated)
        if names:
            return names
    return ()


def read_signature(line: str) -> str | None:
    """Return the name or the initials that a line consists of, or None."""
    written = " ".join(line.split()).strip("—–- ")
    if len(written) > MAX_SIGNATURE:
        return None
    if _INITIALS.fullmatch(written):
        return written
    folded = fold(written)
    first = folded.split()[0] if folded else ""
    if (
        not _WHOLE_NAME.fullmatch(written)
        or _NO_NAME.fullmatch(folded)
        or _ROLE.fullmatch(folded)
        or any(first in lexicon.function_words for lexicon in LEXICONS.values())
    ):
        return None
    return written


def names_role(line: str) -> bool:
    """Tell whether a line says what its author is: "Correspondant à Marseille"."""
    folded = fold(" ".join(line.split()))
    return len(folded) <= MAX_SIGNATURE and _ROLE.fullmatch(folded) is not None


def _find_labels(folded: str, dated: bool) -> list[int]:
    """Return where names may begin: after a label, or after any "par" in a line with a date."""
    starts = []
    if match := _LABEL.match(folded):
        starts.append(match.end())
    if dated:
        starts += [match.end() for match in _BY.finditer(folded)]
    return starts


def _read_names(rest: str, dated: bool) -> tuple[str, ...]:
    """Return the names that `rest` begins with; none if it goes on as prose does."""
    end = _END.search(rest)
    pieces = _JOINT.split(rest[: end.start()] if end else rest)
    names: list[str] = []
    for piece in filter(None, (piece.strip(" .,;-–—") for piece in pieces)):
        folded = fold(piece)
        if _NAMED_ALONE.fullmatch(folded):
            names.append(piece)
        elif names and (_ROLE.fullmatch(folded) or _PLACE.match(folded) or _TOWN.fullmatch(piece)):
            break
        elif _NAME.fullmatch(piece) and (dated or " " in piece or (names and "." in piece)):
            names.append(piece)
        else:
            return ()
    if end is None and rest.endswith((".", "!", "?")) and len(rest.split()) > MOST_NAME_WORDS:
        return ()
    return tuple(names)

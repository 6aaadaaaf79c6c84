"""Lines of a page that aren't its article's, told by how they are worded and written."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Final

from massilia.corpus.pattern import Pattern
from massilia.ingest.folding import fold, fold_line
from massilia.ingest.sentences import ends_sentence

WORDINGS: Final = "boilerplate.toml"
PICTURE: Final = "name of a picture"
MAX_WORDING: Final = 700
"""No notice of cookies that was met is longer."""
_MOST_PHRASE: Final = 5
_MOST_MENU_WORDS: Final = 40

_DECORATION: Final = " \t\u00a0|<•·▶►▸→←↑↓»›>*:_=~✕×✉☰–—-"
_END: Final = " \t\u00a0|•·▶►▸▼▾→←↑↓»›>*:_=~✕×–—-"
_BREADCRUMB: Final = Pattern(r"(?:accueil|home|vous etes ici|you are here) ?[>›»/→|:].{1,200}")
_SPLIT: Final = Pattern(r" ?[|>›»•·/→,] ?| [–—-] ")
_COLON: Final = Pattern(r" ?: ?")

_FILE_NAME: Final = Pattern(
    r"[^/\n]{1,120}\.(?:jpe?g|png|gif|webp|svg|bmp|tiff?|heic|avif|mp4|mov|webm)"
)
_CAMERA_NAME: Final = Pattern(
    r"(?:img|dsc[nf]?|mvi|gopr|dji|pxl|pict|capture|screenshot|image|photo|visuel)[ _-]?[0-9]{2,}"
    r"\w*(?:[-_.][\w-]+)*|p[0-9]{7}|(?:whatsapp image|capture d'ecran|screenshot) .{4,40}"
)
_HASH_NAME: Final = Pattern(
    r"(?=.*[0-9])[0-9a-f]{16,}(?:[-_][0-9]+x[0-9]+)?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
_SIZE: Final = Pattern(r"[0-9]{2,4} ?[x×] ?[0-9]{2,4}(?: ?px)?")
# What a photographer calls a file: "point presse 24 09 2015", "port_nuit_2".
_DATED_NAME: Final = Pattern(
    r"[a-zà-ÿ][\w' -]{0,60}[ _-][0-9]{1,2}[ _.-][0-9]{1,2}[ _.-](?:[0-9]{4}|[0-9]{2})"
)
_BRACKETED: Final = Pattern(
    r"[\[(<](?:logo|image|img|photo|picture|video|banni[eè]re|banner|icone?|embed|iframe)\b[^\])>]*[\])>]"
)
_UNDERSCORED: Final = Pattern(r"[^\W_][\w-]*_[\w.-]*")

_AGENCY: Final = (
    r"(?:afp(?: photo)?|sipa(?: press| usa)?|reuters|associated press|ap(?: photo)?"
    r"|getty(?: images)?|belga|abaca(?:press)?|photopqr|maxppp|hans lucas|i ?stock(?:photo)?"
    r"|shutterstock|adobe ?stock|unsplash|pixabay|pexels|fotolia|d\.?r\.?|epa|anp|dpa|bestimage"
    r"|divergence|sopa images|nurphoto|flickr|wikimedia(?: commons)?|archives?|alamy|depositphotos"
    r"|freepik)"
)
_BY_AGENCY: Final = Pattern(
    rf"[(\[]?(?:photos?[ :]{{1,3}}|credits?[ :]{{1,3}}|© ?)?"
    rf"(?:{_AGENCY}(?: ?[/–-] ?[\w .'’&-]{{2,50}})?"
    rf"|[\w .'’&-]{{2,50}} ?[/–] ?{_AGENCY}"
    rf"|[\w .'’&-]{{2,50}} (?:via|pour|for) {_AGENCY})[)\]]?"
)
_SIGN: Final = Pattern(r"[(\[]?(?:©|\(c\)) ?[^.!?]{2,80}|[^.!?©]{0,120}© ?[^.!?]{2,60}")
_ENDING_CREDIT: Final = Pattern(
    r"[^.!?]{0,160}[(\[](?:photos?|images?|pictures?|credits?|illustrations?|visuels?|©)\b[^()]{2,80}[)\]]"
)
_LABELLED_CREDIT: Final = Pattern(
    r"[(\[]?(?:credits?(?: ?(?:photos?|images?|visuels?|illustration))?|photos?(?: credits?)?"
    r"|images?|illustrations?|visuels?|pictures?|photograph(?:y|ie|ies)?|legendes?|captions?)"
    r" ?(?:(?:source|caption|credit|copyright)s?,? |:|©|\bby\b|\bpar\b) ?.{2,160}"
)


@dataclass(frozen=True, slots=True)
class Wording:
    """Say why a line is left out.

    It is `weak` if it may be a heading too, and `opens` a list if what follows belongs to it.
    """

    reason: str
    weak: bool = False
    opens: bool = False


@lru_cache(20_000)
def read_wording(line: str) -> Wording | None:
    """Return why a line is no part of an article, or None if it may be."""
    if len(line) > MAX_WORDING:
        return None
    written = line.strip()
    if (reason := _read_picture(written)) is not None:
        return Wording(reason)
    folded = fold_line(written).lstrip(_DECORATION).rstrip(_END)
    if not any(map(str.isalnum, folded)):
        return Wording("separator", weak=True)
    opener = _match("openers", folded)
    reason = _match("lines", folded)
    if opener is not None:
        # "Catégories" may be a heading; "Lire aussi" isn't.
        return Wording(opener, weak=reason is None and opener != "related articles", opens=True)
    if reason is not None:
        return Wording(reason)
    if (prefix := _match("prefixes", folded)) is not None and not ends_sentence(written):
        return Wording(prefix)
    if (reason := _match("words", folded)) is not None:
        return Wording(reason, weak=True)
    return _read_menu(written, folded)


def _read_picture(written: str) -> str | None:
    """Tell whether a line is the name of a picture's file, or says who took it."""
    folded = fold(written)
    if any(
        pattern.fullmatch(folded)
        for pattern in (_FILE_NAME, _CAMERA_NAME, _HASH_NAME, _SIZE, _UNDERSCORED, _BRACKETED)
    ) or _DATED_NAME.fullmatch(written):
        return PICTURE
    if any(pattern.fullmatch(folded) for pattern in (_BY_AGENCY, _SIGN, _ENDING_CREDIT)):
        return "credit"
    if _LABELLED_CREDIT.fullmatch(folded) and not ends_sentence(written):
        return "credit"
    return None


def _read_menu(written: str, folded: str) -> Wording | None:
    """Tell whether a line is made of a menu's or of buttons' words alone, or of the way to a page.

    Few of them without anything between may be a heading.
    """
    if _BREADCRUMB.fullmatch(folded):
        return Wording("menu")
    pieces = [piece for piece in _SPLIT.split(folded) if piece]
    parted = len(pieces) > 1
    if len(pieces) > _MOST_MENU_WORDS:
        return None
    reasons: list[str] = []
    for piece in pieces:
        found = list(_take_phrases(_COLON.sub(" ", piece).split()))
        if None in found:
            return None
        reasons += [reason for reason in found if reason]
    if len(reasons) < 2:
        return None
    reason = max(set(reasons), key=reasons.count)
    strong = len(reasons) > 3 or (parted and len(reasons) > 2) or set(reasons) == {"share buttons"}
    return Wording(reason, weak=not strong)


def _take_phrases(words: list[str]) -> Iterator[str | None]:
    """Yield the reasons of the longest known phrases that `words` are made of, or None."""
    position = 0
    while position < len(words):
        for length in range(min(_MOST_PHRASE, len(words) - position), 0, -1):
            phrase = " ".join(words[position : position + length])
            reason = _match("words", phrase) or (_match("lines", phrase) if length > 1 else None)
            if reason is not None:
                yield reason
                position += length
                break
        else:
            yield None
            return


@lru_cache(20_000)
def _match(table: str, folded: str) -> str | None:
    match = _compile(table).fullmatch(folded)
    return None if match is None else _reasons(table)[int((match.lastgroup or "r0")[1:])]


@cache
def _compile(table: str) -> Pattern:
    groups = [
        "|".join(filter(None, listed.splitlines())) for listed in _load_wordings()[table].values()
    ]
    return Pattern("|".join(f"(?P<r{place}>{group})" for place, group in enumerate(groups)))


@cache
def _reasons(table: str) -> tuple[str, ...]:
    return tuple(_load_wordings()[table])


@cache
def _load_wordings() -> Mapping[str, Mapping[str, str]]:
    path = files("massilia.ingest").joinpath(WORDINGS)
    return tomllib.loads(path.read_text(encoding="utf-8"))

"""Questions that ask for all that is not: which cables don't land, which companies didn't sign."""

import re
from typing import Final

from massilia.corpus.pattern import Pattern
from massilia.service.written_dates import fold

# "Ne ... plus" and "no longer" tell of a change, which a text reports; "ne ... que" is "only".
_NEGATED: Final = (
    r"(?:(?:n'|ne\s)(?:[^\s,?]+\s){1,3}?(?:pas|jamais|aucune?|nulle\spart)\b"
    r"(?!\s(?:que|seulement|uniquement)\b)"
    r"|(?:do|did|are|were|have|had|will|would|can|could|should)(?:n't|not|\snot|\snever)\b"
    r"(?!\s(?:only|just|merely)\b)"
    r"|never\b)"
)
# What reasons, times and shares are asked for may be told of what is not, too.
_NOUN: Final = r"(?!(?:raison|cause|motif|reason|explanation|proportion|annee|year|date|jour|day)s)"
# Words of one clause: what is not may be told of something else in the next one.
_WORD: Final = (
    r"(?:(?!(?:que|qui|dont|ou|si|car|parce|quand|lorsque|alors|puisque|comme|pour|that|who|which"
    r"|whose|because|if|when|while|although|whether|but|mais|and|et|so|why|pourquoi|say|says|said)"
    r"\b|qu')[^\s,;:?]+\s)"
)
_CLAUSE: Final = rf"{_WORD}{{0,8}}?"
_PLURAL: Final = rf"{_WORD}{{0,4}}?(?:[^\s,;:?]*[^\s'siu]s|people|men|women)\s"
_RELATIVE: Final = r"(?:qui|that|which|who)\s"
_ASKED: Final = Pattern(
    rf"""(?:\A|[,;:.!?]\s)(?:(?:et|and|mais|but|donc|so|alors)\s)?(?:
    (?:(?:a|de|dans|chez|avec|par|pour|vers|sur)\s)?(?:les|des|aux)?quel(?:le)?s\s{_NOUN}{_CLAUSE}
   |(?:(?:to|in|from|with|by|at|on)\s)?(?:which|what)\s{_NOUN}{_PLURAL}{_CLAUSE}
   |(?:(?:quel(?:le)?s|qui)\s(?:sont|etaient)|(?:which|what|who)\s(?:are|were))
      \s(?:les?|the)\s{_NOUN}(?:[^\s,;:?]+\s){{1,4}}?{_RELATIVE}
    ){_NEGATED}""",
    re.VERBOSE,
)
# "Companies that did not raise money", "liste des startups qui n'ont pas levé".
_LISTED: Final = Pattern(
    rf"(?:(?:liste?[rz]?|list|name|cite[rz]?|donne[rz]?|give|show)\s)?"
    rf"(?!(?:pourquoi|why|quand|when|ou|where|comment|how|combien|quel\w*|y|is|are|who|what)\b)"
    rf"{_NOUN}{_PLURAL}(?:[^\s,;:?]+\s){{0,3}}?{_RELATIVE}{_NEGATED}"
)


def asks_for_what_is_not(text: str) -> bool:
    """Tell whether `text` asks for all those that do not: the passages near it say which do.

    Only plurals are: who asks which one is not, why, when or how many are not, asks for what a
    text may say.
    """
    folded = " ".join(fold(text).split())
    return bool(_ASKED.search(folded) or _LISTED.match(folded))

"""The question that an article's title suggests, made by rule: what it is, or who."""

import re
from typing import Final

from massilia.corpus.article import Article, Language
from massilia.corpus.pattern import Pattern
from massilia.service.names import NameKind, find_names
from massilia.service.written_dates import fold

MOST_WORDS = 4
"""What is longer is seldom one name."""

_END: Final = Pattern(r",\s|\s*:\s|\s[–—-]\s")
_DETERMINER: Final = Pattern(r"(?:The|Les?|La)\s|L['’]")
_SEVERAL: Final = Pattern(r"\s(?:and|et|&)\s")
# After the end of a sentence, or of a line, any word has a capital.
_BEFORE: Final = r"(?:[\w,;)»”][ \u00a0\u202f]|\b[dlDL]['’])"
_VOWELS: Final = "aeiouœ"


def ask_about(article: Article) -> str | None:
    """Return the question of what, or who, the article's title begins with, unless that is no name.

    A name is what the article writes within a sentence as its title does, capital and all.
    """
    name = _find_name(article)
    if name is None:
        return None
    person = {found.kind for found in find_names(name, article.language)} == {NameKind.PERSON}
    if article.language is Language.ENGLISH:
        return f"{'Who' if person else 'What'} is {name}?"
    if person:
        return f"Qui est {name}\u202f?"
    return f"Qu’est-ce {'qu’' if fold(name)[0] in _VOWELS else 'que '}{name}\u202f?"


def _find_name(article: Article) -> str | None:
    begin = _END.split(article.title, maxsplit=1)[0].strip()
    determiner = _DETERMINER.match(begin)
    start = determiner.end() if determiner else 0
    initial = begin[start : start + 1]
    if not (initial.isupper() or initial.isdigit()):
        return None
    if len(begin.split()) > MOST_WORDS or _SEVERAL.search(begin):
        return None
    # Within a sentence "La Plateforme" is still La Plateforme, but "L'Arbois" is l'Arbois.
    for form in (begin, begin[:start].lower() + begin[start:]):
        if re.search(rf"{_BEFORE}{re.escape(form)}(?!\w)", article.text):
            return form.replace("'", "’")
    return None

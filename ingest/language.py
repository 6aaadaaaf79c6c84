"""The language of a text."""

from __future__ import annotations

from copy import copy
from functools import cache
from typing import TYPE_CHECKING

from massilia.corpus.article import Language

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

SAMPLE_CHARACTERS = 5_000
"""How much of a text is looked at: the decision doesn't change after a few hundred characters."""

_OTHER_LANGUAGES = (
    "am ar be bg bn ca cs da de el es et fa fi gu he hi hr hu hy id it ja ka km kn ko lo lt lv mk "
    "ml mr my ne nl no or pa pl ps pt ro ru si sk sl sq sr sv sw ta te th tr ug uk ur vi zh"
)
OTHER_LANGUAGES = tuple(_OTHER_LANGUAGES.split())
"""The languages told apart from French and English, by their ISO 639-1 codes.

The model knows more, but mistakes languages for their smaller relatives and names for Nigerian
Pidgin. Of the 200 questions in ten languages of tests/test_language.py, as written and again
without accents, marks and capitals, 4 come out as a wrong third language; with all that the
model knows, 18.
"""


def detect_language(text: str) -> Language:
    """Return the language, of those that Massilia speaks, that `text` is most likely in."""
    language, _ = _restrict_model(tuple(Language)).classify(text[:SAMPLE_CHARACTERS])
    return Language(language)


def score_languages(text: str) -> dict[str, float]:
    """Return the log-likelihood of `text`, in nats, in each language spoken and in each other."""
    identifier = _restrict_model((*Language, *OTHER_LANGUAGES))
    return dict(identifier.rank(text[:SAMPLE_CHARACTERS]))


def weigh_language(text: str, language: Language, against: Language) -> float:
    """Return by how many nats `text` is likelier in `language` than in any other.

    It is less than nothing where it is likelier in `against`, or in a language that isn't spoken.
    """
    sample = text[:SAMPLE_CHARACTERS]
    scores = dict(_restrict_model(tuple(Language)).rank(sample))
    weight = float(scores[language] - scores[against])
    if weight <= 0:
        # Half the time: most of what is weighed is in the language of its article.
        return weight
    scores = score_languages(text)
    return scores[language] - max(each for name, each in scores.items() if name != language)


@cache
def _restrict_model(languages: tuple[str, ...]) -> LanguageIdentifier:
    identifier = copy(_load_model())
    identifier.set_languages(languages)
    return identifier


@cache
def _load_model() -> LanguageIdentifier:
    # Half a second with the import, which most questions can do without.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE)

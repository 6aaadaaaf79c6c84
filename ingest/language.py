"""The language of a text."""

from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from massilia.corpus.article import Language

SAMPLE_CHARACTERS = 5_000
"""How much of a text is looked at: the decision doesn't change after a few hundred characters."""


def detect_language(text: str) -> Language:
    """Return the language, of those that Massilia speaks, that `text` is most likely in."""
    language, _ = _identifier().classify(text[:SAMPLE_CHARACTERS])
    return Language(language)


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    identifier.set_languages(list(Language))
    return identifier

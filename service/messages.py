"""The words around the quotes, in each language: texts, dates and numbers from the catalogues."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern

CATALOGUES = "massilia.service.catalogues"
DEFAULT_LANGUAGE = Language.FRENCH
"""Spoken to those whose browser asks for neither language."""

_LANGUAGE_RANGE = Pattern(
    r"\s*(?P<tag>\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)"
    r"\s*(?:;\s*[qQ]\s*=\s*(?P<quality>[01](?:\.[0-9]{0,3})?)\s*)?"
)
_FULL_DATE = Pattern(r"(\d{4})-(\d{2})-(\d{2})")
_MONTH_DATE = Pattern(r"(\d{4})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Messages:
    """Hold the texts of one language by key: `section.name`, or `section.name.one` and `.other`."""

    language: Language
    texts: Mapping[str, str]

    def text(self, key: str, **values: object) -> str:
        """Return the text of `key` with `values` in its placeholders.

        A whole number is written with the language's thousands separator (pass years and
        positions as `str`), and the one named `count` chooses between singular and plural. Raises
        `KeyError` for a text that the catalogue doesn't hold and for a placeholder without value.
        """
        count = values.get("count")
        if isinstance(count, int) and key not in self.texts:
            key = f"{key}.{self._plural_form(count)}"
        if key not in self.texts:
            raise KeyError(f"the catalogue {self.language}.toml has no text {key!r}")
        written = {
            name: self.number(value) if isinstance(value, int) else value
            for name, value in values.items()
        }
        return self.texts[key].format_map(written)

    def number(self, value: int) -> str:
        """Write a whole number."""
        return f"{value:,}".replace(",", self.texts["number.thousands_separator"])

    def decimal(self, value: float, digits: int) -> str:
        """Write a number with as many decimals as `digits` says."""
        whole, point, decimals = f"{value:,.{digits}f}".partition(".")
        if self.language is Language.FRENCH:
            point = point and ","
        return whole.replace(",", self.texts["number.thousands_separator"]) + point + decimals

    def percentage(self, value: float, digits: int = 0) -> str:
        """Write a proportion, 0 to 1, in per cent."""
        return self.text("number.percentage", value=self.decimal(value * 100, digits))

    def date(self, value: date) -> str:
        """Write a day in full."""
        key = "date.first_of_month" if value.day == 1 else "date.day"
        return self.text(key, day=value.day, month=self._month(value.month), year=str(value.year))

    def source_date(self, value: str) -> str:
        """Write a source's date in full where it is YYYY-MM-DD or YYYY-MM, else as it stands."""
        if match := _FULL_DATE.fullmatch(value):
            try:
                return self.date(date(int(match[1]), int(match[2]), int(match[3])))
            except ValueError:
                return value
        if (match := _MONTH_DATE.fullmatch(value)) and 1 <= int(match[2]) <= 12:
            return self.text("date.month", month=self._month(int(match[2])), year=match[1])
        return value

    def _month(self, month: int) -> str:
        return self.texts[f"months.{month}"]

    def _plural_form(self, count: int) -> str:
        # French counts nought in the singular: 0 article, 1 article, 2 articles.
        singular = count < 2 if self.language is Language.FRENCH else count == 1
        return "one" if singular else "other"


@cache
def load_messages(language: Language, *more: str) -> Messages:
    """Return the messages of `language`; each catalogue is read once.

    `more` names packages with catalogues of their own, whose texts are added to the service's.
    """
    texts: dict[str, str] = {}
    for package in (CATALOGUES, *more):
        catalogue = files(package).joinpath(f"{language}.toml")
        texts |= _flatten(tomllib.loads(catalogue.read_text(encoding="utf-8")))
    return Messages(language, MappingProxyType(texts))


def choose_language(accept_language: str | None) -> Language:
    """Return the language that an Accept-Language header prefers (RFC 9110, section 12.5.4).

    Among equals the one named first wins. What can't be read in the header is passed over.
    """
    qualities: dict[str, float] = {}
    for language_range in (accept_language or "").split(","):
        if match := _LANGUAGE_RANGE.fullmatch(language_range):
            language = match["tag"].split("-")[0].lower()
            quality = min(float(match["quality"] or 1), 1.0)
            qualities[language] = max(qualities.get(language, 0.0), quality)
    others = qualities.pop("*", 0.0)
    named = [language for language in qualities if language in set(Language)]
    unnamed = [language for language in Language if language not in qualities]
    # `max` keeps the first of equals, and French is the first of the languages.
    best = max([*named, *unnamed], key=lambda language: qualities.get(language, others))
    return Language(best) if qualities.get(best, others) > 0 else DEFAULT_LANGUAGE


def _flatten(table: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in table.items():
        if isinstance(value, Mapping):
            texts |= _flatten(value, f"{prefix}{name}.")
        else:
            texts[prefix + name] = str(value)
    return texts

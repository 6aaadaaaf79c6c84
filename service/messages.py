"""The words around the quotes: texts from the catalogues, dates and numbers after the CLDR."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from massilia.corpus.article import Language
from massilia.corpus.pattern import Pattern

CATALOGUES = "massilia.service.catalogues"
DEFAULT_LANGUAGE = Language.FRENCH
"""Spoken to those whose browser asks for neither language."""

_LOCALES: Final = {Language.FRENCH: "fr", Language.ENGLISH: "en_GB"}
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

    def article_kind(self, kind: str) -> str:
        """Write an article's kind: in the language if the catalogue knows it, else as it stands."""
        return self.texts.get(f"article_kind.{kind}", kind)

    def number(self, value: int) -> str:
        """Write a whole number."""
        return self.decimal(value, 0)

    def decimal(self, value: float | Decimal, digits: int) -> str:
        """Write a number with as many decimals as `digits` says."""
        from babel.numbers import format_decimal

        # Babel would round what is written of a binary number, not the number: 0.35 to 0.4.
        rounded = value if isinstance(value, Decimal | int) else Decimal(f"{value:.{digits}f}")
        pattern = f"#,##0.{'0' * digits}".rstrip(".")
        return format_decimal(rounded, pattern, _LOCALES[self.language])

    def percentage(self, value: float, digits: int = 0) -> str:
        """Write a proportion, 0 to 1, in per cent."""
        return self.text("number.percentage", value=self.decimal(value * 100, digits))

    def compact(self, value: Decimal) -> str:
        """Write a number as shortly as a scale has room for: 250 M."""
        from babel.numbers import format_compact_decimal

        return format_compact_decimal(value, locale=_LOCALES[self.language], fraction_digits=1)

    def money(self, value: Decimal, currency: str) -> str:
        """Write an amount of money, its currency by its ISO 4217 code, as shortly: 250 M €."""
        from babel.numbers import format_compact_currency

        locale = _LOCALES[self.language]
        return format_compact_currency(value, currency, locale=locale, fraction_digits=1)

    def age(self, value: date, today: date) -> str:
        """Write how long before `today` a day is, in whole years, months, weeks or days."""
        if value == today:
            return self.texts["date.today"]
        from babel.dates import format_timedelta

        days = (value - today).days
        early, late = sorted((value, today))
        months = (late.year - early.year) * 12 + late.month - early.month - (late.day < early.day)
        if months:
            # Babel's years have 365 days, its months 30.
            years, sign = months // 12, 1 if days > 0 else -1
            days = sign * (years * 365 if years else months * 30)
        elif abs(days) >= 7:
            days = int(days / 7) * 7
        return format_timedelta(
            timedelta(days), "day", threshold=1, add_direction=True, locale=_LOCALES[self.language]
        )

    def _write_month(self, month: int, year: int) -> str:
        # Imported here and above: it takes a while, and many answers have neither date nor number.
        # `babel.dates` would take as long again, to know about time zones.
        from babel import Locale

        names = Locale.parse(_LOCALES[self.language]).months["format"]["wide"]
        return f"{names[month]} {year}"

    def date(self, value: date) -> str:
        """Write a day in full."""
        # CLDR has no ordinal for what French calls "le premier".
        ordinal = "er" if value.day == 1 and self.language is Language.FRENCH else ""
        return f"{value.day}{ordinal} {self._write_month(value.month, value.year)}"

    def source_date(self, value: str) -> str:
        """Write a source's date in full where it is YYYY-MM-DD or YYYY-MM, else as it stands."""
        if match := _FULL_DATE.fullmatch(value):
            try:
                return self.date(date(int(match[1]), int(match[2]), int(match[3])))
            except ValueError:
                return value
        if (match := _MONTH_DATE.fullmatch(value)) and 1 <= int(match[2]) <= 12:
            return self._write_month(int(match[2]), int(match[1]))
        return value

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

"""Patterns match as Python's own do, and are compiled when they are first used."""

import re
import sys

import pytest

from massilia.corpus import pattern
from massilia.corpus.pattern import Pattern


def test_nothing_is_compiled_before_a_pattern_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    compile_ = re.compile

    def compile_and_tell(expression: str, flags: int) -> re.Pattern[str]:
        compiled.append(expression)
        return compile_(expression, flags)

    monkeypatch.setattr(pattern.re, "compile", compile_and_tell)
    year = Pattern(r"\b(19|20)\d\d\b")
    assert compiled == []
    assert year.search("en 2016") and year.sub("?", "2016, 2020") == "?, ?"
    assert compiled == [year.pattern]


def test_a_pattern_matches_as_pythons_own_does() -> None:
    text = "Marseille, 2016: MARSEILLE"
    lazy = Pattern("marseille", re.IGNORECASE)
    own = re.compile("marseille", re.IGNORECASE)
    assert lazy.findall(text) == own.findall(text)
    assert [match.span() for match in lazy.finditer(text, 1)] == [(17, 26)]
    assert lazy.split(text) == own.split(text)
    assert lazy.match(text) and not lazy.fullmatch(text)


def test_a_pattern_has_no_other_attribute() -> None:
    with pytest.raises(AttributeError, match="'Pattern' object has no attribute 'groups'"):
        _ = Pattern("a").groups  # type: ignore[attr-defined]


def test_every_pattern_of_the_product_can_be_compiled() -> None:
    # Loaded for their patterns.
    import massilia.service.cli
    import massilia.service.conversation  # noqa: F401

    loaded = [module for name, module in sys.modules.items() if name.startswith("massilia.")]
    found = [each for module in loaded for each in vars(module).values() if type(each) is Pattern]
    for each in found:
        each.search("")
    assert len(found) > 100

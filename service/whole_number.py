"""Whole numbers in JSON, which knows but one kind of number: 4.0 is one, "4" and true are none."""

from typing import Final

from pydantic import BeforeValidator


def _read_whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


WHOLE: Final = BeforeValidator(_read_whole)
"""Stands last beside a `StrictInt`, after its limits: before it, they would not be described."""

"""The ids of articles whose documents give them none."""

import re

import pytest

from massilia.ingest.article_id import MAX_CHARACTERS, derive_id


@pytest.mark.parametrize(
    ("name", "article_id"),
    [
        ("port", "port"),
        ("Été à l'École", "ete-a-l-ecole"),
        ("e\u0301te\u0301", "ete"),
        ("  Le  Port  ", "le-port"),
        ("v1.2_final", "v1.2_final"),
        ("-.port.-", "port"),
        ("../../etc/passwd", "etc-passwd"),
        ("--help", "help"),
        ("a\nb\0c", "a-b-c"),
        ("a" * 150, "a" * MAX_CHARACTERS),
        ("a" * 99 + "-b", "a" * 99),
        ("\U0001f6a2 port", "port"),
    ],
)
def test_an_id_is_derived_from_the_name(name: str, article_id: str) -> None:
    assert derive_id(name) == article_id


def test_names_without_a_letter_give_ids_of_their_own() -> None:
    ids = [derive_id(name) for name in ["...", "\U0001f6a2", "日本", "日本語"]]
    assert all(re.fullmatch(r"article-[0-9a-f]{12}", each) for each in ids)
    assert len(set(ids)) == 4

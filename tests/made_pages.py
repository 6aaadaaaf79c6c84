"""Pages that no one would write, for what a hostile or a broken site may send."""

from collections.abc import Callable, Mapping
from typing import Final

SENTENCE: Final = (
    "Le port de Marseille reçoit des navires qui viennent de toute la Méditerranée, et la ville en "
    "tient le compte depuis plus de mille ans. "
)
ARTICLE: Final = f"<p>{SENTENCE * 3}</p>"


def wrap_page(content: str, head: str = "") -> str:
    return f"<!DOCTYPE html><html lang=fr><head>{head}</head><body>{content}</body></html>"


def _nest(opening: str, depth: int) -> str:
    return f"<html><body>{opening * depth}{ARTICLE}"


def _script(content: str) -> str:
    return f'<script type="application/ld+json">{content}</script>'


def _list_attributes(count: int) -> str:
    return " ".join(f"a{number}=b" for number in range(count))


Share = Callable[[int], int]
# Whether something is read of a page, and the page, in which what is many may be fewer. All are
# below the limit of 20 MB but one.
BAD_PAGES: Final[Mapping[str, tuple[bool, Callable[[Share], str | bytes]]]] = {
    "divisions nested 100,000 deep": (True, lambda n: _nest("<div>", n(100_000))),
    "spans nested 100,000 deep": (True, lambda n: _nest("<span>", n(100_000))),
    "tables nested 60,000 deep": (True, lambda n: _nest("<table><tr><td>", n(60_000))),
    "lists nested 100,000 deep": (True, lambda n: _nest("<ul><li>", n(100_000))),
    "links never closed": (True, lambda n: _nest("<a href=x>", n(100_000))),
    "paragraphs never closed": (
        True,
        lambda n: "<html><body>" + f"<p><i><div><b>{SENTENCE}" * n(30_000),
    ),
    "a tag of a million attributes": (
        True,
        lambda n: wrap_page(f"<div {_list_attributes(n(1_000_000))}>{ARTICLE}</div>"),
    ),
    "20,000 tags of 40 attributes": (
        True,
        lambda n: wrap_page(f"<p {_list_attributes(40)}>{SENTENCE}</p>" * n(20_000)),
    ),
    "a script of 18 MB": (
        True,
        lambda n: wrap_page(f"<script>{'a=1<2&&3;' * n(2_000_000)}</script>{ARTICLE}"),
    ),
    "a script never closed": (True, lambda n: wrap_page(ARTICLE + "<script>" * n(2_000_000))),
    "a comment never closed": (True, lambda n: wrap_page(ARTICLE + "<!--" * n(4_000_000))),
    "quotes never closed": (True, lambda n: wrap_page(ARTICLE + '<a b="' * n(3_000_000))),
    "15 MB of less-than signs": (True, lambda n: wrap_page(ARTICLE + "<" * n(15_000_000))),
    "a word of 19 MB": (False, lambda n: wrap_page("<p>" + "a" * n(19_000_000))),
    "19 MB of spaces": (True, lambda n: wrap_page(f"<p>a{' ' * n(19_000_000)}b</p>{ARTICLE}")),
    "nine million accents": (True, lambda n: wrap_page("<p>e" + "\u0301" * n(9_000_000) + ARTICLE)),
    "five million decomposed letters": (
        False,
        lambda n: wrap_page("<p>" + "e\u0301a" * 4_500_000 + ARTICLE),
    ),
    "half surrogates and numbers of a million digits": (
        True,
        lambda n: wrap_page(f"<p>&#xD800;&#{'9' * 1_000_000};&#0;&#x1F;</p>{ARTICLE}"),
    ),
    "three million references": (False, lambda n: wrap_page("<p>" + "a&amp;" * 3_000_000)),
    "two million tags": (False, lambda n: wrap_page("<b>a</b>" * 1_000_000)),
    "390,000 line breaks": (
        True,
        lambda n: wrap_page("<div>" + "Un navire entre. <br>" * n(390_000)),
    ),
    "a table of 180,000 cells": (
        True,
        lambda n: wrap_page(f"{ARTICLE}<table>{'<tr>' + '<td>12</td>' * 20}" * n(9_000)),
    ),
    "cells that reach over all others": (
        True,
        lambda n: wrap_page(
            f"{ARTICLE}<table>" + ("<tr>" + "<td rowspan=9999 colspan=9999>a</td>" * 9) * n(9_000)
        ),
    ),
    "JSON-LD nested 500,000 deep": (
        True,
        lambda n: wrap_page(ARTICLE, _script('{"@graph":[' * n(500_000))),
    ),
    "380,000 meta tags": (
        True,
        lambda n: wrap_page(ARTICLE, '<meta name=author content="A B">' * n(380_000)),
    ),
    "190,000 marked names": (
        True,
        lambda n: wrap_page(ARTICLE + "<b itemprop=author>Jean Pol</b>" * n(190_000)),
    ),
    "390,000 images": (True, lambda n: wrap_page("<img src=x>" * n(390_000) + ARTICLE)),
    "190,000 buttons": (True, lambda n: wrap_page(ARTICLE + "<button>x</button>" * n(190_000))),
    "190,000 headings": (True, lambda n: wrap_page(ARTICLE + "<h2>Lire aussi</h2>" * n(190_000))),
    "suspect elements in suspect elements": (
        False,
        lambda n: wrap_page("<div class=share>" * 190 + f"<p class=nav>{SENTENCE}</p>" * n(50_000)),
    ),
    "a NUL": (False, lambda n: wrap_page(f"{ARTICLE}\0{ARTICLE}")),
    "bytes of no text": (False, lambda n: bytes(range(256)) * n(10_000)),
    "UTF-16": (True, lambda n: wrap_page(ARTICLE).encode("utf-16")),
    "bytes of Windows-1252 declared as UTF-16": (
        True,
        lambda n: wrap_page(ARTICLE * 2, "<meta charset=utf-16>").encode("cp1252"),
    ),
    "more than 20 MB": (False, lambda n: b"a" * 20_000_001),
    "nothing": (False, lambda n: ""),
    "an empty body": (False, lambda n: wrap_page("")),
    "a menu alone": (
        False,
        lambda n: wrap_page(
            f"<nav>{'<a href=/a>Accueil</a> ' * 50}</nav>"
            f"<div>{'<a href=/b>Sports et loisirs</a> ' * 30}</div>"
        ),
    ),
}


def make_bad_page(name: str, divisor: int = 1) -> bytes:
    """Return a page with so many times less of what is many in it."""
    page = BAD_PAGES[name][1](lambda count: count // divisor)
    return page if isinstance(page, bytes) else page.encode()

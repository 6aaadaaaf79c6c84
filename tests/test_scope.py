from datetime import date

import pytest

from massilia.corpus.article import Language
from massilia.index.filter import EVERYTHING, Filter
from massilia.service.messages import load_messages
from massilia.service.question_dates import DateSpan, DateUse, read_date_spans
from massilia.service.scope import Condition, describe_dates, describe_filter, describe_period

FRENCH = load_messages(Language.FRENCH)
ENGLISH = load_messages(Language.ENGLISH)
TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("start", "end", "french", "english"),
    [
        ("2016-01-01", "2016-12-31", "2016", "2016"),
        ("2016-01-01", "2018-12-31", "de 2016 à 2018", "2016 to 2018"),
        ("2016-02-01", "2016-02-29", "février 2016", "February 2016"),
        ("2015-12-01", "2015-12-31", "décembre 2015", "December 2015"),
        ("2015-02-01", "2016-02-29", "du 1er février 2015 au 29 février 2016", None),
        ("2016-02-01", "2016-03-31", "du 1er février 2016 au 31 mars 2016", None),
        ("2016-02-01", "2016-02-28", None, "1 February 2016 to 28 February 2016"),
        ("2016-02-02", "2016-02-29", None, "2 February 2016 to 29 February 2016"),
        ("2016-01-01", "2016-12-30", None, "1 January 2016 to 30 December 2016"),
        ("2016-01-02", "2016-12-31", None, "2 January 2016 to 31 December 2016"),
        ("2016-03-01", "2016-03-01", "1er mars 2016", "1 March 2016"),
        ("2016-01-01", None, "à partir de 2016", "2016 onwards"),
        ("2016-01-02", None, "à partir du 2 janvier 2016", "2 January 2016 onwards"),
        ("2016-02-01", None, "à partir du 1er février 2016", None),
        (None, "2016-12-31", "jusqu’à fin 2016", "up to the end of 2016"),
        (None, "2016-12-30", "jusqu’au 30 décembre 2016", "up to 30 December 2016"),
        (None, "2016-10-31", None, "up to 31 October 2016"),
        ("9999-12-01", "9999-12-31", "décembre 9999", None),
    ],
)
def test_a_period_is_written_as_shortly_as_it_can_be(
    start: str | None, end: str | None, french: str | None, english: str | None
) -> None:
    days = [date.fromisoformat(day) if day else None for day in (start, end)]
    if french is not None:
        assert describe_period(*days, FRENCH) == french
    if english is not None:
        assert describe_period(*days, ENGLISH) == english


def test_each_use_of_a_date_is_told() -> None:
    french = "Que disait la presse en 2016 de ce qui est actuellement à Marseille depuis 2010 ?"
    assert describe_dates(read_date_spans(french, Language.FRENCH, TODAY), FRENCH) == [
        "publication\u00a0: 2016 seulement",
        "«\u00a0actuellement\u00a0»\u00a0: le plus récent d’abord",
        "à partir de 2010\u00a0: préféré",
    ]
    english = "What did newspapers of 2016 say is currently there since 2010?"
    assert describe_dates(read_date_spans(english, Language.ENGLISH, TODAY), ENGLISH) == [
        "published: 2016 only",
        "“currently”: newest first",
        "2010 onwards: preferred",
    ]


def test_a_date_named_twice_is_told_once() -> None:
    spans = tuple(
        DateSpan(date(2016, 1, 1), date(2016, 12, 31), text, 0, len(text), DateUse.PREFERENCE)
        for text in ("in 2016", "2016")
    )
    assert describe_dates(spans, ENGLISH) == ["2016: preferred"]
    assert describe_dates((), ENGLISH) == []


def test_every_condition_of_a_filter_is_told_with_the_parameters_that_make_it() -> None:
    within = Filter(
        languages=frozenset(Language),
        articles=frozenset({"port-fr"}),
        publishers=frozenset({"Le Quai", "La Rade {name}"}),
        kinds=frozenset({"overview", "press"}),
        published_from=date(2016, 1, 1),
        published_to=date(2016, 12, 31),
    )
    assert describe_filter(within, FRENCH) == [
        Condition("articles en anglais", (("in", "en"),)),
        Condition("articles en français", (("in", "fr"),)),
        Condition("éditeur\u00a0: La Rade {name}", (("publisher", "La Rade {name}"),)),
        Condition("éditeur\u00a0: Le Quai", (("publisher", "Le Quai"),)),
        Condition("genre\u00a0: synthèse", (("kind", "overview"),)),
        Condition("genre\u00a0: press", (("kind", "press"),)),
        Condition("article\u00a0: port-fr", (("article", "port-fr"),)),
        Condition("publication\u00a0: 2016 seulement", ("from", "to")),
    ]
    until = Filter(published_to=date(2016, 12, 31))
    assert describe_filter(until, FRENCH) == [
        Condition("publication\u00a0: jusqu’à fin 2016 seulement", ("from", "to"))
    ]
    since = Filter(published_from=date(2016, 1, 1))
    assert describe_filter(since, ENGLISH) == [
        Condition("published: 2016 onwards only", ("from", "to"))
    ]
    assert describe_filter(EVERYTHING, ENGLISH) == []

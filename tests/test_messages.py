"""The words around the quotes: both languages say the same things, and say them properly."""

import re
import string
from dataclasses import FrozenInstanceError
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

import massilia.service.pages as pages
from massilia.corpus.article import Certainty, Language
from massilia.ingest.extraction import DocumentKind
from massilia.ingest.language import OTHER_LANGUAGES
from massilia.ingest.reader import NOTED
from massilia.service.about_pages import PROMISES
from massilia.service.answer import Bucket, Hint, SkippedReason
from massilia.service.answer_text import describe_hint
from massilia.service.citation_text import CitationFormat
from massilia.service.earlier import EarlierError, read_earlier
from massilia.service.feedback import REASONS, Thumb
from massilia.service.filters import FilterError, read_filter
from massilia.service.library_addresses import ORDERS
from massilia.service.messages import Messages, choose_language, load_messages
from massilia.service.problems import FIELD_FAULTS, QUESTION_FAULTS, STATUSES
from massilia.service.question import MAX_CHARACTERS, QuestionError, read_question
from massilia.service.question_check import Remark
from massilia.service.turns import CarriedKind
from massilia.service.verification import Reason, Verdict

FRENCH = load_messages(Language.FRENCH)
ENGLISH = load_messages(Language.ENGLISH)
TEMPLATES = sorted((Path(pages.__file__).parent / "templates").glob("*.html"))
MODULES = sorted(Path(pages.__file__).parent.glob("*.py"))

KEYS_OF_MESSAGES = {"number.percentage", "date.today", "article_kind.overview"}
"""What `messages.py` itself asks for."""
KEYS_OF_SCOPE = {
    *(f"scope.{use}" for use in ("preferred", "published", "newest", "separator")),
    *(f"scope.{part}" for part in ("language", "publisher", "kind", "article")),
    *(f"period.{form}" for form in ("years", "days")),
    *(f"period.{side}_{form}" for side in ("from", "to") for form in ("year", "day")),
}
"""What `scope.py` and `printing.py` ask for, and templates don't."""
KEYS_OF_VERIFICATION = {
    *(f"verification.{verdict}" for verdict in Verdict),
    *(f"verification.{reason}" for reason in Reason),
    *(f"verification.{part}" for part in ("nothing", "now", "elsewhere")),
}
"""What `verification_text.py` asks for."""
KEYS_OF_COMPLETIONS = {
    f"completion.{name}"
    for name in ("n", "logprobs", "modalities", "response_format", "tool_choice")
}
"""What `chat_completions.py` asks for by the names of parameters that it refuses."""
HINTS: dict[str, dict[str, object]] = {
    "name_not_found": {"name": "Meduza"},
    "nearest": {"name": "Medusa"},
    "unknown_words": {"words": ("zeppelin", "quagga")},
    "out_of_date_range": {"first": 2004, "last": 2026},
    "year_not_with_names": {"count": 1, "names": ["Medusa", "Orange"], "years": (2016, 2017)},
    "known_names": {"count": 1234, "names": "Medusa"},
    "what_is_not": {},
    "other_dates": {"years": [2016]},
}
"""The hints of an abstention, with such values as they come with."""
KEYS_OF_ANSWERS = {
    *(f"hint.{name}" for name in HINTS),
    *("series.differ", "series.point", "citing.no_date"),
}
"""What `answer_text.py` asks for, and templates don't."""
KEYS_OF_PROBLEMS = {
    *(f"problem.{code}" for code in STATUSES),
    *(f"problem_title.{code}" for code in STATUSES),
    *(f"problem_field.{fault}" for fault in FIELD_FAULTS),
    *(f"problem_field.{part}" for part in ("body", "separator", "told", "unnamed")),
    *(f"problem_question.{fault}" for fault in QUESTION_FAULTS),
}
"""What `problems.py` asks for."""
FAMILIES = {
    "confidence.": {bucket.lower() for bucket in Bucket},
    "abstention.": {reason.lower() for reason in SkippedReason},
    "carried.": set(CarriedKind),
    "remark.": set(Remark),
    "metadata.": {*NOTED},
    "certainty.": set(Certainty),
    "citing.": set(CitationFormat),
    "judging.": set(Thumb),
    "judging.reason.": {reason for reasons in REASONS.values() for reason in reasons},
    "original.kind.": set(DocumentKind),
    "about_promises.": {f"{promise}{part}" for promise in PROMISES for part in ("", "_text")},
    "library_facets.": {"language", "topic", "publisher", "kind"},
    "library_orders.": set(ORDERS),
    "problem_title.": set(STATUSES),
    "languages.": set(Language),
    "other_languages.": set(OTHER_LANGUAGES),
    "question_error.": {
        *("empty", "too_long", "too_many_tokens", "control_character"),
        *("too_many_earlier", "earlier_too_long", "earlier_control_character"),
        *(f"filter_{part}" for part in ("date", "range", "language", "names", "name", "character")),
    },
    "error.": {
        f"{kind}{part}" for kind in ("not_found", "refused", "failed") for part in ("", "_text")
    },
}
"""What templates ask for with a key that ends in a value."""


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def used_keys() -> set[str]:
    keys = KEYS_OF_MESSAGES | KEYS_OF_SCOPE | KEYS_OF_VERIFICATION | KEYS_OF_ANSWERS
    keys |= KEYS_OF_PROBLEMS
    for template in TEMPLATES:
        for key, continued in re.findall(r'text\("([\w.]+)"( ~)?', template.read_text()):
            keys |= {key + end for end in FAMILIES[key]} if continued else {key}
    keys |= KEYS_OF_COMPLETIONS
    for module in MODULES:
        source = module.read_text()
        keys |= set(re.findall(r'\b(?:messages|self)\._?text\(\s*"([\w.]+)"', source))
        # However a key is handed on: a literal that is one.
        keys |= set(re.findall(r'"([\w.]+)"', source)) & known_keys(FRENCH)
    return keys


def known_keys(messages: Messages) -> set[str]:
    """Give the keys as they are asked for: a plural's two forms are one key."""
    plurals = {key.removesuffix(".one") for key in messages.texts if key.endswith(".one")}
    forms = {f"{key}.{form}" for key in plurals for form in ("one", "other")}
    return (set(messages.texts) - forms) | plurals


def test_both_catalogues_have_the_same_keys() -> None:
    assert set(FRENCH.texts) == set(ENGLISH.texts)


def test_both_catalogues_have_the_same_placeholders() -> None:
    for key, text in FRENCH.texts.items():
        assert placeholders(text) == placeholders(ENGLISH.texts[key]), key


def test_a_plural_has_both_its_forms() -> None:
    plurals = {key.rpartition(".")[0] for key in FRENCH.texts if key.endswith(".one")}
    assert plurals
    for key in plurals:
        assert {f"{key}.one", f"{key}.other"} <= set(FRENCH.texts), key


def test_templates_and_catalogues_agree_on_the_keys() -> None:
    """Every key asked for exists, and every key that exists is asked for."""
    assert used_keys() == known_keys(FRENCH)


def test_a_kind_of_article_is_told_in_the_language_or_as_it_stands() -> None:
    assert FRENCH.article_kind("overview") == "synthèse"
    assert ENGLISH.article_kind("overview") == "overview"
    assert FRENCH.article_kind("reportage à pied") == "reportage à pied"


def test_every_fault_of_a_question_is_told() -> None:
    for text in ("  ", "x" * (MAX_CHARACTERS + 1), "a\x07b"):
        with pytest.raises(QuestionError) as caught:
            read_question(text, Language.FRENCH)
        for messages in (FRENCH, ENGLISH):
            told = messages.text(f"question_error.{caught.value.code}", **caught.value.values)
            assert "{" not in told


def test_every_fault_of_a_filter_is_told() -> None:
    for parameters in (
        [("from", "x")],
        [("from", "2017-01-01"), ("to", "2016-01-01")],
        [("in", "de")],
        [("kind", str(number)) for number in range(101)],
        [("kind", "x" * 501)],
        [("kind", "a\x07b")],
    ):
        with pytest.raises(FilterError) as caught:
            read_filter(parameters)
        for messages in (FRENCH, ENGLISH):
            told = messages.text(f"question_error.{caught.value.code}", **caught.value.values)
            assert "{" not in told


def test_every_fault_of_a_conversation_is_told() -> None:
    for texts in (["Qui ?"] * 11, ["x" * (MAX_CHARACTERS + 1)], ["a\x07b"]):
        with pytest.raises(EarlierError) as caught:
            read_earlier(texts)
        for messages in (FRENCH, ENGLISH):
            told = messages.text(f"question_error.{caught.value.code}", **caught.value.values)
            assert "{" not in told


@pytest.mark.parametrize("name", HINTS)
def test_a_hint_is_told_in_both_languages_whatever_its_values(name: str) -> None:
    for messages in (FRENCH, ENGLISH):
        told = describe_hint(Hint(name, HINTS[name]), messages)
        assert not re.search(r"[{}\[\]()]|2[.,\u202f]0", told), told
    assert "zeppelin, quagga" in describe_hint(
        Hint("unknown_words", HINTS["unknown_words"]), FRENCH
    )
    many = describe_hint(Hint("known_names", HINTS["known_names"]), ENGLISH)
    assert many == "The library has 1,234 articles with Medusa, but none answers this:"


def test_french_is_set_as_french() -> None:
    """No-break spaces before double signs and inside « », curly apostrophes, no three dots."""
    for key, text in FRENCH.texts.items():
        words = re.sub(r"\{\w+\}", "x", text)
        assert not re.search(r" [:;!?»%]", words), f"{key}: a plain space before a double sign"
        assert not re.search(r"[^\s][:;!?»%]", words), f"{key}: no space before a double sign"
        assert not re.search(r"\s:", words.replace("\u00a0:", "")), f"{key}: not U+00A0 before :"
        assert not re.search(r"(?<!\u202f)[;!?]", words), f"{key}: not U+202F before ; ! ?"
        assert not re.search(r"(?<!\u00a0)[»%]", words), f"{key}: not U+00A0 before » or %"
        assert not re.search(r"«(?!\u00a0)", words), f"{key}: no no-break space after «"
        assert not re.search(r"\d \d|  |\boe[uil]", words), f"{key}: a figure, a space or an œ"
        assert not re.search(r"['\"“”]|\.\.\.", words), f"{key}: a sign of a typewriter"


def test_english_is_set_as_english() -> None:
    for key, text in ENGLISH.texts.items():
        assert not re.search(r"['\"«»]|\.\.\.", text), f"{key}: a sign of a typewriter"
        assert not re.search(r"\s[:;!?%]", text), f"{key}: a space before a double sign"


@pytest.mark.parametrize(
    ("count", "french", "english"),
    [
        (0, "0 article, que Massilia peut citer.", "0 articles, which Massilia can quote."),
        (1, "1 article, que Massilia peut citer.", "1 article, which Massilia can quote."),
        (2, "2 articles, que Massilia peut citer.", "2 articles, which Massilia can quote."),
        (
            12345,
            "12\u202f345 articles, que Massilia peut citer.",
            "12,345 articles, which Massilia can quote.",
        ),
    ],
)
def test_counts_choose_the_plural_of_the_language(count: int, french: str, english: str) -> None:
    assert FRENCH.text("articles.count", count=count) == french
    assert ENGLISH.text("articles.count", count=count) == english


def test_dates_are_written_in_full() -> None:
    assert FRENCH.date(date(2026, 11, 22)) == "22 novembre 2026"
    assert ENGLISH.date(date(2026, 11, 22)) == "22 November 2026"
    assert FRENCH.date(date(1870, 8, 1)) == "1er août 1870"
    assert ENGLISH.date(date(1870, 8, 1)) == "1 August 1870"


def test_a_sources_date_is_written_in_full_only_where_it_is_sure() -> None:
    assert FRENCH.source_date("2022-11-09") == "9 novembre 2022"
    assert ENGLISH.source_date("2025-10") == "October 2025"
    for unsure in ("2024", "c. Sept 2024", "2024-13", "2023-02-30", "2024-00", "2024-01-01 ?"):
        assert FRENCH.source_date(unsure) == unsure


@pytest.mark.parametrize(
    ("day", "french", "english"),
    [
        ((2026, 11, 28), "aujourd’hui", "today"),
        ((2026, 11, 27), "il y a 1 jour", "1 day ago"),
        ((2026, 11, 22), "il y a 6 jours", "6 days ago"),
        ((2026, 11, 15), "il y a 1 semaine", "1 week ago"),
        ((2026, 10, 29), "il y a 4 semaines", "4 weeks ago"),
        ((2026, 10, 28), "il y a 1 mois", "1 month ago"),
        ((2025, 11, 29), "il y a 11 mois", "11 months ago"),
        ((2025, 11, 28), "il y a 1 an", "1 year ago"),
        ((2022, 11, 29), "il y a 3 ans", "3 years ago"),
        ((1870, 8, 1), "il y a 156 ans", "156 years ago"),
        ((2026, 12, 1), "dans 3 jours", "in 3 days"),
        ((2026, 12, 27), "dans 4 semaines", "in 4 weeks"),
        ((2029, 1, 1), "dans 2 ans", "in 2 years"),
    ],
)
def test_an_age_is_told_in_whole_units(
    day: tuple[int, int, int], french: str, english: str
) -> None:
    today = date(2026, 11, 28)
    assert FRENCH.age(date(*day), today) == french
    assert ENGLISH.age(date(*day), today) == english


def test_a_number_on_a_scale_is_short() -> None:
    assert [FRENCH.compact(Decimal(each)) for each in ("250000000", "1756", "0.5", "16")] == [
        "250\u00a0M",
        "1,8\u00a0k",
        "0,5",
        "16",
    ]
    assert ENGLISH.compact(Decimal(1756)) == "1.8k"


def test_decimals_are_written_as_the_language_does() -> None:
    assert FRENCH.decimal(12345.678, 2) == "12\u202f345,68"
    assert ENGLISH.decimal(12345.678, 2) == "12,345.68"


def test_proportions_are_written_in_per_cent() -> None:
    assert FRENCH.percentage(0.874) == "87\u00a0%"
    assert ENGLISH.percentage(0.876) == "88%"


def test_values_are_never_read_as_placeholders() -> None:
    assert ENGLISH.text("answer.page_title", question="{count}") == "{count} | Massilia"


def test_a_missing_text_or_value_is_named() -> None:
    with pytest.raises(KeyError, match=r"fr\.toml has no text 'home\.nothing'"):
        FRENCH.text("home.nothing")
    with pytest.raises(KeyError, match="title"):
        FRENCH.text("reader.page_title")


def test_messages_are_read_once_and_cannot_be_changed() -> None:
    assert load_messages(Language.FRENCH) is FRENCH
    with pytest.raises(FrozenInstanceError):
        FRENCH.language = Language.ENGLISH  # type: ignore[misc]
    with pytest.raises(TypeError):
        FRENCH.texts["site.ask"] = "x"  # type: ignore[index]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "fr"),
        ("", "fr"),
        ("en", "en"),
        ("en-GB,en;q=0.9,fr;q=0.8", "en"),
        ("fr;q=0.8, en;q=0.9", "en"),
        ("de,es;q=0.9", "fr"),
        ("de, en;q=0.1", "en"),
        ("en,fr", "en"),
        ("fr,en", "fr"),
        ("EN-us", "en"),
        ("*", "fr"),
        ("fr;q=0, *;q=0.5", "en"),
        ("en;q=0.3, *;q=0.5", "fr"),
        ("fr;q=0", "fr"),
        ("en;q=0, fr;q=0", "fr"),
        ("en;q=0", "fr"),
        ("en;q=0.5, *;q=0.5", "en"),
        ("en;q=lots, fr;q=0.1", "fr"),
        ("en ; q=1.000", "en"),
        ("enough", "fr"),
        ("\u00e9;;;,=,q", "fr"),
    ],
)
def test_the_browsers_preference_is_respected(header: str | None, language: str) -> None:
    assert choose_language(header) == language

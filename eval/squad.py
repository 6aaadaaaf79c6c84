"""Data sets in the form of SQuAD 1.1 and 2.0: one JSON file of paragraphs and their questions.

The form is that of Rajpurkar et al. 2016, "SQuAD: 100,000+ questions for machine comprehension of
text", and of Rajpurkar, Jia & Liang 2018, "Know what you don't know".
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from massilia.corpus.article import Article, Language, normalise_text
from massilia.corpus.errors import show_value
from massilia.eval.dataset import (
    Dataset,
    check_id,
    clean_filled_text,
    clean_line,
    clean_title,
)
from massilia.eval.faults import Faults, Place, collect_rows, read_text
from massilia.eval.question_set import ExpectedAnswer, GoldSpan, Judgement
from massilia.ingest.language import detect_language
from massilia.ingest.sentences import Span, split_sentences

IMPOSSIBLE = "impossible"
"""The `unanswerable_kind` of what SQuAD 2.0 marks `is_impossible`."""

_SLUG_CHARACTERS = 80

_Object = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Paragraph:
    """Hold a paragraph: its `context` as the file gives it, and that as it is stored, `text`.

    `document` is its title, or where there is none its place, so that documents are told apart.
    """

    document: str
    title: str
    context: str
    text: str
    questions: tuple[tuple[Place, _Object], ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    """Hold a question as the file gives it, with its paragraph and what was made of that."""

    values: _Object
    context: str
    article: Article
    sentences: tuple[Span, ...]


def read_squad(
    path: Path,
    question_language: Language | None = None,
    corpus_language: Language | None = None,
) -> Dataset:
    """Return the data set of a file: an article for each paragraph, and all the questions.

    A paragraph that stands twice under one title is one article. Its language, unless given, is
    detected over all paragraphs of its title, and a question's is its article's. The gold is the
    sentences that an answer's characters lie in.

    Raises `DatasetError` with every fault of the file, each with its path in the JSON.
    """
    faults = Faults()
    values = _load(path, faults)
    faults.raise_any()
    paragraphs = _list_paragraphs(values, path.name, faults)
    articles = _make_articles(paragraphs, path.name, corpus_language)
    read = partial(_read_question, language=question_language)
    questions = collect_rows(_list_questions(paragraphs, articles), _parse_id, read, faults)
    if not faults.count and not questions.by_id:
        faults.add(path.name, "holds no question" if articles else "holds no paragraph")
    faults.raise_any()
    return Dataset(path.stem, tuple(articles.values()), tuple(questions.by_id.values()))


def _load(path: Path, faults: Faults) -> _Object:
    text = read_text(path, faults)
    faults.raise_any()
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{path.name}, line {error.lineno}, column {error.colno}"
        faults.add(place, f"not valid JSON: {error.msg}")
    except RecursionError:
        faults.add(path.name, "not valid JSON: nested too deep")
    except ValueError as error:  # a number of more than 4,300 digits
        faults.add(path.name, f"not valid JSON: {error}")
    else:
        if isinstance(values, dict):
            return values
        faults.add(path.name, "not a JSON object")
    return {}


def _list_paragraphs(values: _Object, name: str, faults: Faults) -> list[_Paragraph]:
    paragraphs = []
    for place, document in _list_objects(values, "data", f"{name}, ", faults):
        try:
            title = clean_title(document.get("title"), "title")
        except ValueError as error:
            faults.add(place, error)
            title = ""
        for inner, paragraph in _list_objects(document, "paragraphs", f"{place}.", faults):
            # Read even where the context is faulty, so that no fault of theirs is missed.
            questions = tuple(_list_objects(paragraph, "qas", f"{inner}.", faults))
            context = paragraph.get("context")
            try:
                text = clean_filled_text(context, "context")
            except ValueError as error:
                faults.add(inner, error)
                continue
            paragraphs.append(_Paragraph(title or place, title, str(context), text, questions))
    return paragraphs


def _list_objects(
    values: _Object, key: str, prefix: str, faults: Faults
) -> Iterator[tuple[Place, _Object]]:
    """Yield the objects of the list under `key`, each with its place; all else is a fault."""
    entries = values.get(key)
    if not isinstance(entries, list):
        faults.add(f"{prefix}{key}", f"must be a list, not {show_value(entries)}")
        return
    for number, entry in enumerate(entries):
        place = f"{prefix}{key}[{number}]"
        if isinstance(entry, dict):
            yield place, entry
        else:
            faults.add(place, f"must be an object, not {show_value(entry)}")


def _make_articles(
    paragraphs: Sequence[_Paragraph], origin: str, language: Language | None
) -> dict[tuple[str, str], Article]:
    """Return the articles by document and text, in the order of the file."""
    texts: dict[str, dict[str, str]] = {}
    for paragraph in paragraphs:
        texts.setdefault(paragraph.document, {})[paragraph.text] = paragraph.title
    articles = {}
    counts: Counter[str] = Counter()
    for document, titles in texts.items():
        spoken = language or detect_language("\n".join(titles))
        for text, title in titles.items():
            slug = _derive_slug(title)
            # Two titles may have one slug; what is counted is therefore the slug's articles.
            counts[slug] += 1
            article_id = f"{slug}-{counts[slug]}"
            articles[document, text] = Article(article_id, spoken, title, text, origin)
    return articles


def _derive_slug(title: str) -> str:
    folded = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", folded.lower())[:_SLUG_CHARACTERS].strip("-")
    return slug or "article"


def _list_questions(
    paragraphs: Sequence[_Paragraph], articles: Mapping[tuple[str, str], Article]
) -> Iterator[tuple[Place, _Entry]]:
    for paragraph in paragraphs:
        article = articles[paragraph.document, paragraph.text]
        sentences = split_sentences(article.text, article.language)
        for place, values in paragraph.questions:
            yield place, _Entry(values, paragraph.context, article, sentences)


def _parse_id(entry: _Entry) -> tuple[str, _Entry]:
    return check_id(entry.values.get("id"), "id"), entry


def _read_question(question_id: str, entry: _Entry, language: Language | None) -> ExpectedAnswer:
    article = entry.article
    answerable = not _is_impossible(entry.values)
    spans = _locate_answers(entry) if answerable else ()
    # A quote has no white space at its ends.
    answers = (article.text[span.start : span.end].strip() for span in spans)
    return ExpectedAnswer(
        id=question_id,
        language=language or article.language,
        question=clean_line(entry.values.get("question"), "question"),
        answerable=answerable,
        qrels=(Judgement(article.id),) if answerable else (),
        # Several people may have given the same answer.
        answers=tuple(dict.fromkeys(answers)),
        gold=tuple(
            GoldSpan(article.id, sentence.start, sentence.end)
            for sentence in entry.sentences
            if any(span.start < sentence.end and sentence.start < span.end for span in spans)
        ),
        unanswerable_kind=None if answerable else IMPOSSIBLE,
    )


def _is_impossible(values: _Object) -> bool:
    impossible = values.get("is_impossible", False)
    if not isinstance(impossible, bool):
        raise ValueError(f"'is_impossible' must be true or false, not {show_value(impossible)}")
    return impossible


def _locate_answers(entry: _Entry) -> tuple[Span, ...]:
    """Return where in the article's text the answers stand."""
    answers = entry.values.get("answers")
    if not isinstance(answers, list) or not answers:
        raise ValueError(
            "'answers' must list those of a question that isn't marked impossible, "
            f"not {show_value(answers)}"
        )
    spans = []
    for number, answer in enumerate(answers):
        try:
            spans.append(_locate_answer(answer, entry.context, entry.article.text))
        except ValueError as error:
            raise ValueError(f"answers[{number}]: {error}") from error
    return tuple(spans)


def _locate_answer(answer: object, context: str, text: str) -> Span:
    if not isinstance(answer, dict):
        raise ValueError(f"must be an object, not {show_value(answer)}")
    raw = answer.get("text")
    wanted = clean_filled_text(raw, "text")
    first = answer.get("answer_start")
    if type(first) is not int or first < 0:
        raise ValueError(f"'answer_start' must count from 0, not {show_value(first)}")
    # Normalising may shorten what stands before, so these aren't the offsets of the file.
    start = len(normalise_text(context[:first]))
    end = len(normalise_text(context[: first + len(str(raw))]))
    if text[start:end] != wanted:
        raise ValueError(f"the context doesn't hold {show_value(raw)} at {first}")
    return Span(start, end)

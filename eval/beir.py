"""Data sets in the form of BEIR: a folder with corpus.jsonl, queries.jsonl and qrels.

The form is that of Thakur et al. 2021, "BEIR: a heterogeneous benchmark for zero-shot evaluation
of information retrieval models". Languages, answers and unanswerable questions are additions.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from massilia.corpus.article import Article, Language
from massilia.corpus.errors import show_value
from massilia.eval.dataset import (
    Dataset,
    DatasetError,
    check_id,
    check_language,
    clean_filled_text,
    clean_line,
    clean_text,
    clean_title,
)
from massilia.eval.faults import Faults, Rows, collect_rows, decode_line, read_lines
from massilia.eval.qrels import collect_judgements, split_beir_line
from massilia.eval.question_set import ExpectedAnswer, Judgement
from massilia.ingest.language import detect_language

CORPUS = "corpus.jsonl"
QUERIES = "queries.jsonl"
_QRELS = (Path("qrels", "test.tsv"), Path("qrels.tsv"))
_QRELS_PATTERNS = ("qrels*.tsv", "qrels/*.tsv")
_LANGUAGE_KEYS = ("lang", "language")

_Row = TypeVar("_Row")


@dataclass(frozen=True, slots=True)
class _Query:
    """Hold a row of queries.jsonl; `answerable` is None where it doesn't say."""

    language: Language
    text: str
    answerable: bool | None
    answers: tuple[str, ...]
    type: str | None


def read_beir(
    folder: Path,
    qrels: Path | None = None,
    question_language: Language | None = None,
    corpus_language: Language | None = None,
) -> Dataset:
    """Return the data set of a folder: its articles, and its questions that somebody judged.

    The languages are those of the questions and of the articles that don't say theirs; an article
    falls back on what is detected. `qrels` is looked for as it is, then in the folder; without it,
    qrels/test.tsv or qrels.tsv or the only other file of that kind is read. A question that is
    marked unanswerable is kept without a judgement. One whose judgements are all 0 or less is
    answerable and has no relevant article, so that it stays in every mean.

    Raises `DatasetError` with every fault of the files.
    """
    # Not the methods of Path, which fail on a name that is too long or behind a locked folder.
    if not os.path.isdir(folder):
        raise DatasetError(f"{folder}: there is no such folder")
    faults = Faults()
    read_article = partial(_read_article, corpus_language)
    articles = _collect(folder / CORPUS, read_article, "article", faults)
    read_query = partial(_read_query, question_language)
    queries = _collect(folder / QUERIES, read_query, "question", faults)
    path = _find_qrels(folder, qrels, faults)
    judged: dict[str, tuple[Judgement, ...]] = {}
    if path is not None:
        judged = collect_judgements(
            path, split_beir_line, faults, queries.known_ids, articles.known_ids
        )
    questions = []
    for query_id, query in queries.by_id.items():
        judgements = judged.get(query_id, ())
        if query.answerable is False:
            relevant = [each.article_id for each in judgements if each.relevance > 0]
            if relevant:
                name = show_value(relevant[0])
                reason = f"marked unanswerable, but {name} is judged relevant to it"
                faults.add(queries.places[query_id], reason)
        elif not judgements:
            continue
        questions.append(_make_question(query_id, query, judgements))
    faults.raise_any()
    return Dataset(
        # Not `resolve`: a link's own name is the one that was given.
        name=os.path.basename(os.path.abspath(folder)),
        articles=tuple(articles.by_id.values()),
        questions=tuple(questions),
        unjudged=len(queries.by_id) - len(questions),
    )


def _make_question(
    query_id: str, query: _Query, judgements: tuple[Judgement, ...]
) -> ExpectedAnswer:
    answerable = query.answerable is not False
    return ExpectedAnswer(
        id=query_id,
        language=query.language,
        question=query.text,
        answerable=answerable,
        qrels=judgements if answerable else (),
        answers=query.answers if answerable else (),
        type=query.type,
    )


def _find_qrels(folder: Path, given: Path | None, faults: Faults) -> Path | None:
    if given is not None:
        # An absolute path stays itself.
        inside = folder / given
        if os.path.exists(given) or inside == given:
            return given
        if os.path.exists(inside):
            return inside
        faults.add(str(given), f"there is no such file, nor is there one in {folder}")
        return None
    for path in _QRELS:
        if os.path.isfile(folder / path):
            return folder / path
    found = sorted(path for pattern in _QRELS_PATTERNS for path in folder.glob(pattern))
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(path.relative_to(folder).as_posix() for path in found)
        faults.add(str(folder), f"several files hold judgements, choose one with --qrels: {names}")
    else:
        names = ", ".join([*(path.as_posix() for path in _QRELS), *_QRELS_PATTERNS])
        faults.add(str(folder), f"no file holds judgements: there is no {names}")
    return None


def _collect(
    path: Path, read: Callable[[str, Mapping[str, object]], _Row], noun: str, faults: Faults
) -> Rows[_Row]:
    before = faults.count
    rows = collect_rows(read_lines(path, faults), _parse_line, read, faults)
    if not rows.by_id and faults.count == before:
        faults.add(path.name, f"holds no {noun}")
    return rows


def _parse_line(line: bytes) -> tuple[str, Mapping[str, object]]:
    text = decode_line(line)
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON: {error.msg}, column {error.colno}") from error
    except RecursionError as error:
        raise ValueError("not valid JSON: nested too deep") from error
    if not isinstance(values, dict):
        raise ValueError("not a JSON object")
    return check_id(values.get("_id"), "_id"), values


def _read_article(
    language: Language | None, article_id: str, values: Mapping[str, object]
) -> Article:
    text = clean_text(values.get("text"), "text")
    title = clean_title(values.get("title"), "title")
    if not text.strip():
        text = title
    if not text:
        raise ValueError("'text' is empty, and so is 'title'")
    return Article(
        id=article_id,
        language=_find_language(values) or language or detect_language(text),
        title=title,
        text=text,
        origin=CORPUS,
    )


def _read_query(language: Language | None, _: str, values: Mapping[str, object]) -> _Query:
    text = clean_line(values.get("text"), "text")
    spoken = _find_language(values) or language
    if spoken is None:
        raise ValueError("no language; give it with --question-language")
    answerable = _find(values, "answerable")
    if answerable is not None and not isinstance(answerable, bool):
        raise ValueError(f"'answerable' must be true or false, not {show_value(answerable)}")
    kind = _find(values, "type")
    return _Query(
        language=spoken,
        text=text,
        answerable=answerable,
        answers=_read_answers(_find(values, "answers")),
        type=None if kind is None else clean_line(kind, "type"),
    )


def _read_answers(values: object) -> tuple[str, ...]:
    if values is None:
        return ()
    if not isinstance(values, list):
        raise ValueError(f"'answers' must be a list of texts, not {show_value(values)}")
    # A quote has no white space at its ends, and would hold any blank text. Several people may
    # have given the same answer.
    texts = (clean_filled_text(value, "answers").strip() for value in values)
    return tuple(dict.fromkeys(texts))


def _find_language(values: Mapping[str, object]) -> Language | None:
    code = _find(values, *_LANGUAGE_KEYS)
    return None if code is None else check_language(code)


def _find(values: Mapping[str, object], *keys: str) -> object:
    """Return the first value that isn't null under some keys, else under them in `metadata`."""
    metadata = values.get("metadata")
    places = (values, metadata) if isinstance(metadata, dict) else (values,)
    found = (place[key] for place in places for key in keys if place.get(key) is not None)
    return next(found, None)

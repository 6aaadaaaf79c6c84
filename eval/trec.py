"""Questions and judgements in TREC's forms, for a corpus that is already a library."""

import html
import re
from collections.abc import Container, Iterator
from pathlib import Path

from massilia.corpus.article import Language
from massilia.eval.dataset import check_id, clean_line
from massilia.eval.faults import Faults, Rows, collect_rows, read_text
from massilia.eval.qrels import collect_judgements, split_trec_line
from massilia.eval.question_set import ExpectedAnswer

ASKED_FIELDS = ("title", "query")
"""The fields of a topic that may be asked: the first that it has is."""

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TOPIC = re.compile(r"<top(?:ic)?[\s>].*?(?=</?top(?:ic)?[\s>]|\Z)", re.IGNORECASE | re.DOTALL)
# A field lasts until the next tag; a "<" that no letter follows is none.
_FIELD = re.compile(r"<([a-z][\w-]*)[^>]*>((?:[^<]|<(?!/?[a-z]))*)", re.IGNORECASE)
_NUMBER = re.compile(r"""\snumber\s*=\s*["']([^"']*)["']""", re.IGNORECASE)
# The topics of the first TRECs have labels within their fields.
_NUMBER_LABEL = re.compile(r"\s*Number:")
_TITLE_LABEL = re.compile(r"\s*Topic:")
# None without its semicolon: the older topics are no XML, and have "AT&T" as it is.
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9a-f]{1,6});", re.IGNORECASE)


def read_topics(
    path: Path,
    qrels: Path,
    language: Language | None = None,
    article_ids: Container[str] | None = None,
) -> tuple[ExpectedAnswer, ...]:
    """Return the topics of a file that somebody judged, to be asked by their title or query.

    A file of topics is marked up, as those of TREC are (their tags needn't be closed), or holds an
    id, a tab and a question on each line. `qrels` is in TREC's form. Only the library that is
    asked knows which articles there are: those of `qrels` are checked against `article_ids`, if
    these are given.

    Raises `DatasetError` with every fault of both files, and where no language is given.
    """
    faults = Faults()
    if language is None:
        faults.add(path.name, "no language; give it with --question-language")
    topics = _collect_topics(path, faults)
    judged = collect_judgements(qrels, split_trec_line, faults, topics.known_ids, article_ids)
    faults.raise_any()
    assert language is not None
    return tuple(
        ExpectedAnswer(topic_id, language, text, True, judged[topic_id], ())
        for topic_id, text in topics.by_id.items()
        if topic_id in judged
    )


def _collect_topics(path: Path, faults: Faults) -> Rows[str]:
    before = faults.count
    text = read_text(path, faults)
    marked_up = text.lstrip().startswith("<")
    entries = _list_topics(text) if marked_up else _list_lines(text)
    parse = _parse_topic if marked_up else _parse_line
    places = ((f"{path.name}, line {number}", entry) for number, entry in entries)
    topics = collect_rows(places, parse, _read_question, faults)
    if not topics.by_id and faults.count == before:
        faults.add(path.name, "holds no topic")
    return topics


def _list_topics(text: str) -> Iterator[tuple[int, str]]:
    """Yield what is between the tags of each topic, with the number of the line it starts on."""
    # A topic may have been commented out; the lines are to stay where they are.
    text = _COMMENT.sub(lambda comment: "\n" * comment.group().count("\n"), text)
    line, position = 1, 0
    for topic in _TOPIC.finditer(text):
        line += text.count("\n", position, topic.start())
        position = topic.start()
        yield line, topic.group()


def _list_lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def _parse_topic(topic: str) -> tuple[str, str]:
    fields: dict[str, str] = {}
    for tag, content in _FIELD.findall(topic):
        fields.setdefault(tag.lower(), content)
    number = _NUMBER.search(topic[: topic.find(">")])
    named = number.group(1) if number else fields.get("num", "")
    topic_id = check_id(_NUMBER_LABEL.sub("", named, count=1).strip(), "num")
    asked = next((fields[tag] for tag in ASKED_FIELDS if fields.get(tag, "").strip()), "")
    asked = _TITLE_LABEL.sub("", asked, count=1)
    return topic_id, _ENTITY.sub(lambda entity: html.unescape(entity.group()), asked)


def _parse_line(line: str) -> tuple[str, str]:
    fields = line.split("\t")
    if len(fields) != 2:
        raise ValueError(f"must have 2 fields between tabs (id, question), not {len(fields)}")
    return check_id(fields[0], "id"), fields[1]


def _read_question(_: str, text: str) -> str:
    return clean_line(text, "/".join(ASKED_FIELDS))

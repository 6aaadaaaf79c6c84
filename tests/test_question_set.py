import json
from dataclasses import asdict
from pathlib import Path

import pytest

from massilia.corpus.article import Language
from massilia.eval.question_set import (
    ExpectedAnswer,
    GoldSpan,
    Judgement,
    QuestionSetError,
    read_question_set,
)

QUESTIONS = Path(__file__).parent.parent / "corpus" / "questions" / "dev.jsonl"
LINES = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
GOLD = {"article_id": "port-en", "start": 11, "end": 22}


def make_line(**changes: object) -> str:
    values: dict[str, object] = {
        "id": "q1",
        "language": "en",
        "question": "How many cables?",
        "answerable": True,
        "article_ids": ["port-en"],
        "answers": ["Two"],
    }
    return json.dumps(values | changes)


def test_the_question_set_of_the_package_is_read_whole() -> None:
    questions = read_question_set(QUESTIONS)
    assert [question.id for question in questions] == [line["id"] for line in LINES]
    for question, line in zip(questions, LINES, strict=True):
        values = asdict(question)
        judged = {each["article_id"]: each["relevance"] for each in values.pop("qrels")}
        assert judged == dict.fromkeys(line["article_ids"], 1)
        assert question.article_ids == tuple(line["article_ids"])
        assert values == {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in line.items()
            if name != "article_ids"
        }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not valid JSON: Expecting property name"),
        ("[1]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("[" * 100_000, "not valid JSON: nested too deep"),
        ("{}", "no id, language, question, answerable, article_ids, answers"),
        (make_line(id=""), "'id' must be a text, not ''"),
        (make_line(id=7), "'id' must be a text, not 7"),
        (make_line(language="de"), "'language' must be fr or en, not 'de'"),
        (make_line(language=None), "'language' must be fr or en, not None"),
        (make_line(question=" "), "'question' must be a text, not ' '"),
        (make_line(question="x" * 501), "has 501 characters; the limit is 500"),
        (make_line(question="a\0"), r"holds the control character U\+0000"),
        (make_line(question="\ud800"), r"holds the control character U\+D800"),
        (make_line(answerable=1), "'answerable' must be true or false, not 1"),
        (make_line(answerable="false"), "'answerable' must be true or false, not 'false'"),
        (make_line(article_ids="port-en"), "'article_ids' must be a list of texts"),
        (make_line(article_ids=[""]), "'article_ids' must be a list of texts"),
        (make_line(answers=[2]), "'answers' must be a list of texts"),
        (make_line(answers=None), "'answers' must be a list of texts"),
        (make_line(answers=[]), "an answerable question needs article_ids and answers"),
        (make_line(article_ids=[]), "an answerable question needs article_ids and answers"),
        (make_line(answerable=False), "an unanswerable question has no article_ids"),
        (make_line(answerable=False, answers=[]), "an unanswerable question has no article_ids"),
        (make_line(type=7), "'type' must be a text, not 7"),
        (make_line(turn=0), "'turn' must count from 1, not 0"),
        (make_line(turn=True), "'turn' must count from 1, not True"),
        (make_line(gold="port-en"), "'gold' must list article_id, start and end, not 'port-en'"),
        (make_line(gold=None), "'gold' must list article_id, start and end, not None"),
        (make_line(gold=[{**GOLD, "end": 11}]), "'gold' must list article_id, start and end"),
        (make_line(gold=[{**GOLD, "start": -1}]), "'gold' must list article_id, start and end"),
        (make_line(gold=[{**GOLD, "start": 1.0}]), "'gold' must list article_id, start and end"),
        (make_line(gold=[{**GOLD, "article_id": 1}]), "'gold' must list article_id, start and"),
        (make_line(gold=[{**GOLD, "text": "x"}]), "'gold' must list article_id, start and end"),
    ],
)
def test_a_bad_line_is_refused_by_its_number_and_reason(
    tmp_path: Path, line: str, reason: str
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(f"{make_line(id='q0')}\n{line}\n", encoding="utf-8")
    with pytest.raises(QuestionSetError, match=f"^set.jsonl, line 2: .*{reason}"):
        read_question_set(path)


def test_what_a_question_says_of_itself_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    told = {"need": "n1", "topic": "port", "type": "number", "conversation": "c1", "turn": 2}
    path.write_text(make_line(gold=[GOLD], other="left alone", **told), encoding="utf-8")
    assert read_question_set(path) == (
        ExpectedAnswer(
            id="q1",
            language=Language.ENGLISH,
            question="How many cables?",
            answerable=True,
            qrels=(Judgement("port-en", 1),),
            answers=("Two",),
            gold=(GoldSpan("port-en", 11, 22),),
            need="n1",
            topic="port",
            type="number",
            conversation="c1",
            turn=2,
        ),
    )


@pytest.mark.parametrize(
    ("changes", "lengths", "reason"),
    [
        ({}, {"other-en": 100}, "the library has no article 'port-en'"),
        (
            {"article_ids": ["other-en"], "gold": [GOLD]},
            {"other-en": 100},
            "the library has no article 'port-en'",
        ),
        (
            {"gold": [{**GOLD, "end": 1235}]},
            {"port-en": 1234},
            "'gold' ends at 1235, and 'port-en' has 1,234 characters",
        ),
    ],
)
def test_a_place_that_the_library_lacks_is_a_fault(
    tmp_path: Path, changes: dict[str, object], lengths: dict[str, int], reason: str
) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(make_line(**changes), encoding="utf-8")
    assert len(read_question_set(path)) == 1
    with pytest.raises(QuestionSetError, match=f"^set.jsonl, line 1: {reason}$"):
        read_question_set(path, lengths)


def test_a_gold_sentence_may_end_where_its_article_does(tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_text(make_line(gold=[GOLD]), encoding="utf-8")
    assert len(read_question_set(path, {"port-en": 22})) == 1


def test_all_faults_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """Blank lines are passed over, but counted."""
    path = tmp_path / "set.jsonl"
    lines = [make_line(), "", "{", make_line(), make_line(id="q2", answers=[]), "  "]
    path.write_text("\r\n".join(lines), encoding="utf-8")
    with pytest.raises(QuestionSetError) as refusal:
        read_question_set(path)
    first, second, third = str(refusal.value).split("\n")
    assert first.startswith("set.jsonl, line 3: not valid JSON")
    assert second == "set.jsonl, line 4: the id 'q1' stands on an earlier line too"
    assert third.startswith("set.jsonl, line 5: an answerable question needs")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "set.jsonl holds no question"),
        (b"\n \n", "set.jsonl holds no question"),
        (b"\xff\n", "is not UTF-8 text"),
    ],
)
def test_a_file_without_questions_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(content)
    with pytest.raises(QuestionSetError, match=message):
        read_question_set(path)


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(QuestionSetError, match="can't be read") as refusal:
        read_question_set(tmp_path / name)
    assert str(tmp_path / name) in str(refusal.value)


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_a_line_ends_where_json_says(tmp_path: Path, separator: str) -> None:
    """A JSON text may hold, unescaped, what other standards take for the end of a line."""
    path = tmp_path / "set.jsonl"
    accepted = f"Two{separator}cables"
    line = make_line(answers=[accepted])
    path.write_text(json.dumps(json.loads(line), ensure_ascii=False), encoding="utf-8")
    assert read_question_set(path)[0].answers == (accepted,)

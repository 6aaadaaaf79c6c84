"""What readers think of answers: kept where the server is told to, read by the evaluation."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from massilia.corpus.article import Article, Language
from massilia.eval.cli import cli
from massilia.eval.qrels import read_qrels
from massilia.eval.question_set import read_question_set
from massilia.index.encoder import Encoder
from massilia.index.errors import LibraryError
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.service import feedback as feedback_module
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.feedback import (
    Feedback,
    FeedbackFullError,
    JudgedPlace,
    Judgement,
    Reason,
    Thumb,
)
from massilia.service.serving import ServingOptions

TEXT = "The quay is long.\n\nThe crane on the quay is yellow."
LONG = (0, 17)
YELLOW = (19, 51)
TODAY = date(2026, 11, 28)
SECONDS = 60


@pytest.fixture
def filled(library: Library, toy_encoder: Encoder) -> Library:
    put(library, TEXT)
    library.build(toy_encoder)
    return library


def put(library: Library, text: str) -> None:
    article = Article("quay", Language.ENGLISH, "The quay", text, "quay.txt")
    library.put([Document(article, "quay.txt")])


@pytest.fixture
def client(filled: Library, toy_encoder: Encoder) -> TestClient:
    app = create_app(Answerer(filled, toy_encoder), options=ServingOptions(feedback=True))
    return TestClient(app)


def judge(client: TestClient, status: int = 201, **judgement: object) -> dict[str, Any]:
    response = client.post(
        "/v1/feedback",
        json={"question": "How long is the quay?", "verdict": "up", **judgement},
        headers={"User-Agent": "a-browser-of-its-own", "Cookie": "who=me"},
    )
    assert response.status_code == status, response.text
    return response.json()


def cite(place: tuple[int, int], article_id: str = "quay") -> dict[str, object]:
    start, end = place
    return {"document_id": article_id, "start_char_index": start, "end_char_index": end}


def test_a_judgement_is_kept_with_all_that_was_said(client: TestClient, filled: Library) -> None:
    told = judge(
        client,
        question=" Who\nis it ? ",
        language="fr",
        verdict="down",
        reason="out_of_date",
        comment="Since 2020 it is green.",
        answer_id="ans_1",
        citation=cite(YELLOW),
    )
    (kept,) = Feedback(filled.path).judgements()
    article = filled.store.article("quay")
    assert article is not None
    assert kept == Judgement(
        question="Who is it ?",
        language=Language.FRENCH,
        verdict=Thumb.DOWN,
        reason=Reason.OUT_OF_DATE,
        comment="Since 2020 it is green.",
        answer_id="ans_1",
        place=JudgedPlace("quay", *YELLOW, article.text_sha256),
        generation_id=filled.generation().id,
        day=date.today(),
    )
    assert {"day", "question", "citation"} <= set(told["kept"])


def test_nothing_is_kept_of_who_judged_or_when(client: TestClient, filled: Library) -> None:
    judge(client)
    content = (filled.path / "feedback.sqlite").read_bytes()
    for trace in (b"testclient", b"127.0.0.1", b"a-browser", b"who=me"):
        assert trace not in content
    with sqlite3.connect(filled.path / "feedback.sqlite") as connection:
        (row,) = connection.execute("SELECT * FROM feedback").fetchall()
    connection.close()
    assert [value for value in row if value is not None] == [
        1,
        date.today().isoformat(),
        filled.generation().id,
        "How long is the quay?",
        "en",
        "up",
    ]


def test_no_feedback_is_kept_unless_it_is_asked_for(filled: Library, toy_encoder: Encoder) -> None:
    client = TestClient(create_app(Answerer(filled, toy_encoder)))
    problem = judge(client, 403)
    assert problem["type"] == "/docs#problem-feedback-off"
    assert "--feedback" in problem["detail"]
    assert not (filled.path / "feedback.sqlite").exists()
    assert Feedback(filled.path).judgements() == ()


@pytest.mark.parametrize(
    ("wrong", "status", "pointer"),
    [
        ({"verdict": "sideways"}, 422, "/verdict"),
        ({"reason": "because"}, 422, "/reason"),
        ({"comment": "x" * 501}, 422, "/comment"),
        ({"question": ""}, 422, "/question"),
        ({"citation": cite((0, 1)) | {"address": 1}}, 422, "/citation/address"),
        ({"citation": cite((-1, 1))}, 422, "/citation/start_char_index"),
        ({"name": "me"}, 422, "/name"),
        ({"citation": cite((0, len(TEXT) + 1))}, 404, None),
        ({"citation": cite((5, 5))}, 404, None),
        ({"citation": cite((0, 5), "none")}, 404, None),
    ],
    ids=repr,
)
def test_what_judges_nothing_is_refused(
    client: TestClient, filled: Library, wrong: dict[str, object], status: int, pointer: str | None
) -> None:
    problem = judge(client, status, **wrong)
    assert [each["pointer"] for each in problem.get("errors", [])] == [pointer] * bool(pointer)
    assert Feedback(filled.path).judgements() == ()


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded"])
def test_a_form_on_another_site_judges_nothing(
    client: TestClient, filled: Library, media_type: str
) -> None:
    """A form can send JSON in these types alone, and a browser sends them to any site unasked."""
    content = json.dumps({"question": "How long is the quay?", "verdict": "up"})
    response = client.post("/v1/feedback", content=content, headers={"Content-Type": media_type})
    assert response.status_code == 415
    assert Feedback(filled.path).judgements() == ()


def test_several_judge_at_once(filled: Library) -> None:
    def record(number: int) -> int:
        judgement = Judgement(f"Question {number}?", Language.ENGLISH, Thumb.UP)
        return Feedback(filled.path).record(judgement, None, TODAY)

    with ThreadPoolExecutor(8) as threads:
        numbers = list(threads.map(record, range(40)))
    assert sorted(numbers) == list(range(1, 41))
    assert len({each.question for each in Feedback(filled.path).judgements()}) == 40


def test_of_several_at_once_each_finds_the_file_that_one_makes_and_the_last_place_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who comes first is left to chance; ten rounds let each mistake happen."""
    monkeypatch.setattr(feedback_module, "MAX_KEPT", 5)
    clients = 8
    together = Barrier(clients)

    def record(folder: Path) -> int | None:
        judgement = Judgement("Who?", Language.ENGLISH, Thumb.UP)
        together.wait(SECONDS)
        try:
            return Feedback(folder).record(judgement, None, TODAY)
        except FeedbackFullError:
            return None

    with ThreadPoolExecutor(clients) as threads:
        for number in range(10):
            folder = tmp_path / str(number)
            folder.mkdir()
            kept = [each for each in threads.map(record, [folder] * clients) if each is not None]
            assert sorted(kept) == [1, 2, 3, 4, 5]


def test_no_more_is_kept_than_may_be(
    client: TestClient, filled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback_module, "MAX_KEPT", 2)
    judge(client)
    judge(client)
    assert judge(client, 503)["type"] == "/docs#problem-feedback-full"
    with pytest.raises(FeedbackFullError):
        Feedback(filled.path).record(Judgement("?", Language.ENGLISH, Thumb.UP), None, TODAY)
    assert len(Feedback(filled.path).judgements()) == 2


def test_a_file_of_another_program_or_version_is_left_alone(filled: Library) -> None:
    path = filled.path / "feedback.sqlite"
    path.write_bytes(b"nonsense" * 200)
    with pytest.raises(LibraryError):
        Feedback(filled.path).judgements()
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(LibraryError, match="version 7"):
        Feedback(filled.path).judgements()
    with pytest.raises(LibraryError, match="version 7"):
        Feedback(filled.path).record(Judgement("?", Language.ENGLISH, Thumb.UP), None, TODAY)


def export(library: Library, *options: object) -> str:
    result = CliRunner().invoke(cli, ["feedback", str(library.path), *map(str, options)])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_judgements_are_exported_as_they_were_given(client: TestClient, filled: Library) -> None:
    assert export(filled) == ""
    judge(client, question="Où ?", reason="answers", citation=cite(LONG))
    (line,) = map(json.loads, export(filled).splitlines())
    assert line["question"] == "Où ?"
    assert line["day"] == date.today().isoformat()
    assert line["citation"].items() >= cite(LONG).items()
    assert "Où ?" in export(filled), "not as \\u escapes"


def test_what_was_found_good_is_a_question_set_that_can_be_run(
    client: TestClient, filled: Library, tmp_path: Path
) -> None:
    for verdict in ("up", "up", "down"):
        judge(client, verdict=verdict, citation=cite(LONG))
    judge(client, verdict="down", citation=cite(YELLOW))
    judge(client, question="Where is it?", verdict="down", citation=cite(YELLOW))
    judge(client, question="Is it blue?", reason="right_to_abstain")
    judge(client, question="Is it red?", reason="right_to_abstain")
    judge(client, question="Is it red?", verdict="down", reason="library_has_it")
    questions, qrels = tmp_path / "questions.jsonl", tmp_path / "qrels.txt"
    told = export(filled, "--questions", questions, "--qrels", qrels)
    assert told.splitlines()[-1] == "4 up, 4 down, 4 questions"
    answered, abstained = read_question_set(questions, {"quay": len(TEXT)})
    assert (answered.question, answered.answerable) == ("How long is the quay?", True)
    assert answered.article_ids == ("quay",)
    assert [(span.start, span.end) for span in answered.gold] == [LONG]
    assert answered.answers == ("The quay is long.",)
    assert (abstained.question, abstained.answerable) == ("Is it blue?", False)
    judged = read_qrels(qrels)
    assert judged[answered.id][0].relevance == 1
    assert sorted(each.relevance for (each,) in judged.values()) == [0, 1]


def test_a_place_in_a_text_that_has_changed_is_gold_no_longer(
    client: TestClient, filled: Library, tmp_path: Path
) -> None:
    judge(client, citation=cite(LONG))
    put(filled, "The quay is not so long.")
    questions = tmp_path / "questions.jsonl"
    export(filled, "--questions", questions)
    assert questions.read_text() == ""

"""Judging an answer on its page: only where that is kept, and only from our own pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from massilia.index.library import Library
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.feedback import Feedback, Reason, Thumb
from massilia.service.feedback_pages import MAX_BYTES
from massilia.service.serving import ServingOptions

FORM = {
    "question": "Qui a fondé P.Factory ?",
    "answer_id": "ans_1",
    "verdict": "down",
    "reason": "out_of_date",
    "comment": "En 2024 & après",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def answerer(folder: Path, toy_encoder: object) -> Iterator[Answerer]:
    library = Library.create(folder)
    library.build(toy_encoder)  # type: ignore[arg-type]
    yield Answerer(library, toy_encoder)  # type: ignore[arg-type]
    library.close()


@pytest.fixture
def client(answerer: Answerer) -> TestClient:
    app = create_app(answerer, options=ServingOptions(feedback=True))
    return TestClient(app, follow_redirects=False)


def test_a_judgement_is_kept_and_thanked_for(client: TestClient, folder: Path) -> None:
    response = client.post("/fr/feedback?q=Qui+%3F&h=a", data=FORM)
    assert response.status_code == 303
    assert response.headers["location"] == "/fr/thanks?q=Qui+%3F&h=a"
    thanks = client.get(response.headers["location"])
    assert "Merci de votre avis" in thanks.text
    assert 'href="/fr/?q=Qui+%3F&amp;h=a"' in thanks.text
    (kept,) = Feedback(folder).judgements()
    assert (kept.question, kept.answer_id, kept.language) == (FORM["question"], "ans_1", "fr")
    assert (kept.verdict, kept.reason, kept.comment) == (
        Thumb.DOWN,
        Reason.OUT_OF_DATE,
        "En 2024 & après",
    )


def test_reason_and_comment_may_be_left_out(client: TestClient, folder: Path) -> None:
    data = {"question": "Qui ?", "verdict": "up", "reason": "", "comment": " "}
    assert client.post("/en/feedback", data=data).status_code == 303
    (kept,) = Feedback(folder).judgements()
    assert (kept.verdict, kept.reason, kept.comment, kept.language) == (Thumb.UP, None, None, "en")


@pytest.mark.parametrize(
    "changed",
    [
        {"question": " "},
        {"question": "x" * 2001},
        {"verdict": "maybe"},
        {"reason": "because"},
        {"comment": "x" * 501},
        {"more": "x"},
        {f"more{number}": "x" for number in range(30)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_what_no_form_of_ours_sends_is_refused(
    client: TestClient, folder: Path, changed: dict[str, str]
) -> None:
    response = client.post("/fr/feedback", data=FORM | changed)
    assert response.status_code == 422
    assert response.headers["content-type"].startswith("text/html")
    assert Feedback(folder).judgements() == ()


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"question=%FF&verdict"])
def test_a_body_that_cannot_be_read_is_refused(client: TestClient, body: bytes) -> None:
    assert client.post("/fr/feedback", content=body).status_code == 422


def test_no_more_of_a_form_is_read_than_ours_can_hold(client: TestClient, folder: Path) -> None:
    longest = FORM | {"question": "🐟" * 2000, "comment": "🐟" * 500, "answer_id": "x" * 100}
    assert client.post("/fr/feedback", data=longest).status_code != 413
    response = client.post("/fr/feedback", data=FORM | {"comment": "x" * MAX_BYTES})
    assert response.status_code == 413
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["connection"] == "close"


def test_a_form_on_another_site_judges_nothing(client: TestClient, folder: Path) -> None:
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 303)):
        headers = {"Sec-Fetch-Site": site}
        assert client.post("/fr/feedback", data=FORM, headers=headers).status_code == status
    assert len(Feedback(folder).judgements()) == 1


def test_where_nothing_is_kept_nothing_is_asked_or_taken(answerer: Answerer, folder: Path) -> None:
    silent = TestClient(create_app(answerer))
    assert "/feedback" not in silent.get("/fr/", params={"q": "Qui a fondé P.Factory ?"}).text
    assert silent.post("/fr/feedback", data=FORM).status_code == 403
    assert Feedback(folder).judgements() == ()


def test_an_answer_offers_the_reasons_that_fit_it(client: TestClient) -> None:
    page = client.get("/en/", params={"q": "Who founded P.Factory?"}).text
    assert page.count('action="/en/feedback?q=Who') == 2
    assert 'value="library_has_it"' in page
    hello = client.get("/en/", params={"q": "Hello"}).text
    assert "/feedback" not in hello, "there is nothing to judge"

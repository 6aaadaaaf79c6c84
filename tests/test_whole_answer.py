"""An answer with all that it may hold, as programs, terminals, pages and receipts are told it."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import date
from io import StringIO
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from fastapi.testclient import TestClient

from massilia.corpus.article import Article, Language
from massilia.index.library import Library
from massilia.ingest.document import Document
from massilia.ingest.sentences import Span
from massilia.service.answer import (
    Answer,
    Bucket,
    Confidence,
    DatedSeries,
    DatedValue,
    Hint,
    Quote,
    SkippedReason,
    Timings,
)
from massilia.service.answerer import Answerer
from massilia.service.app import create_app
from massilia.service.citation_ids import number_citations
from massilia.service.cli import cli, run_command_line
from massilia.service.composition import cite
from massilia.service.dialogue import MAX_EARLIER, answer_in_turn
from massilia.service.question import Question
from massilia.service.question_check import check_question
from massilia.service.receipt import make_receipt, read_receipt, write_receipt
from massilia.service.verification import verify_receipt
from massilia.service.wire import AnswerJson
from tests.page_elements import Page

SCRIPT = '<script>alert("it\'s")</script>'
MEDUSA = Article(
    id="medusa-fr",
    language=Language.FRENCH,
    title="Le câble Medusa",
    text=(
        "𝄞 Medusa.\n\nJean Dupont, lui, compte. « Medusa coûte 342 millions d'euros & plus. » "
        "Il employait 12 personnes en 2016. Il en employait 30 en mars 2020. "
        "Selon L'Écho, il en employait 31 en mars 2020."
    ),
    origin="medusa.md",
    publisher="Le Quai",
    url="https://example.org/medusa",
)
HOSTILE = Article(
    id="hostile",
    language=Language.ENGLISH,
    title=f"Title {SCRIPT}",
    text=f"The cost {SCRIPT} & <b onclick=x>.",
    origin=f"{SCRIPT}.md",
)
COST = "Combien coûte Medusa ?"
STAFF = "Combien de personnes employait Medusa ?"
UNKNOWN = "Combien coûte Meduza ?"
DOUBLE = "Qui parle de Medusa, et combien employait-il en 2016 ?"
PARTS = ("Qui parle de Medusa", "combien employait Medusa en 2016")
HELLO = "Bonjour"
IN_2016 = "Et en 2016 ?"


def find(article: Article, words: str) -> Span:
    start = article.text.index(words)
    return Span(start, start + len(words))


def quote(article: Article, words: str, **more: object) -> Quote:
    """Quote some words; all citations have the same id, for others to tell them apart."""
    span = find(article, words)
    citation = cite(article, span.start, span.end, "c1")
    return replace(Quote(citation.cited_text, 0.87, citation), **more)


def value(
    sentence: str, words: str, when: str, days: tuple[date, date], who: str | None
) -> DatedValue:
    citation = quote(MEDUSA, sentence).citation
    span = find(MEDUSA, words)
    return DatedValue(span, words, find(MEDUSA, when), *days, who, citation)


MARCH = date(2020, 3, 1), date(2020, 3, 31)
PRICE = quote(
    MEDUSA,
    "« Medusa coûte 342 millions d'euros & plus. »",
    mark=find(MEDUSA, "342 millions d'euros"),
    speaker=find(MEDUSA, "Jean Dupont"),
    speaker_text="Jean Dupont",
)
SPOKEN = quote(MEDUSA, "Jean Dupont, lui, compte.")
SERIES = DatedSeries(
    (
        value(
            "Il employait 12 personnes en 2016.",
            "12 personnes",
            "en 2016",
            (date(2016, 1, 1), date(2016, 12, 31)),
            None,
        ),
        value("Il en employait 30 en mars 2020.", "30", "en mars 2020", MARCH, None),
        value(
            "Selon L'Écho, il en employait 31 en mars 2020.", "31", "en mars 2020", MARCH, "L'Écho"
        ),
    ),
    disagreements=((1, 2),),
)
HINTS = (
    Hint("name_not_found", {"name": "Meduza"}),
    Hint("nearest", {"name": "Medusa", "asked": "Meduza"}),
    Hint("known_names", {"count": 1, "names": ["Medusa"]}, (("medusa-fr", "Le câble Medusa"),)),
    Hint("out_of_date_range", {"first": 2004, "last": 2026}),
)


class WholeAnswerer(Answerer):
    """Answer a few questions, each with other parts of what an answer may hold."""

    def __init__(self, library: Library | None = None) -> None:
        if library:
            self.library = library
        self.asked: list[Question] = []

    def answer_parts(self, question: Question, top_k: int = 3) -> Iterator[Answer]:
        yield self.answer(question, top_k)

    def answer(self, question: Question, top_k: int = 3) -> Answer:
        self.asked.append(question)
        answer = Answer(
            id="ans_1",
            question=question,
            quotes=(),
            confidence=Confidence(0.87, Bucket.HIGH),
            skipped_reasons=(SkippedReason.WEAK_EVIDENCE,),
            ranked_article_ids=("medusa-fr",),
            generation_id=None,
            timings=Timings(0, 0, 0, 0),
            dates=question.dates,
        )
        if remark := check_question(question.text):
            reasons = (SkippedReason.NOT_A_QUESTION,)
            return replace(answer, remark=remark, skipped_reasons=reasons)
        if "Qui parle" in question.text:
            # As the answerer does: each part has its text, and its dates their places in the whole.
            one, other = (replace(question, text=part) for part in PARTS)
            second = replace(answer, question=other, quotes=(PRICE,), series=SERIES)
            second = replace(second, skipped_reasons=())
            answer = replace(answer, question=one, dates=(), quotes=(SPOKEN,))
            return replace(answer, skipped_reasons=(), second=second)
        if "Medusa" in question.text and "coûte" in question.text:
            related = ("Qui possède Medusa ?", f"Where is {SCRIPT}?")
            return replace(answer, quotes=(PRICE,), skipped_reasons=(), related=related)
        if "employait" in question.text:
            quotes = (quote(MEDUSA, "Il employait 12 personnes en 2016."),)
            return replace(answer, quotes=quotes, series=SERIES, skipped_reasons=())
        if "<script>" in question.text:
            hints = (
                Hint("name_not_found", {"name": SCRIPT}),
                Hint("nearest", {"name": SCRIPT, "asked": "script"}),
                Hint("unknown_words", {"words": [SCRIPT, "b"]}, (('"><b>', SCRIPT),)),
            )
            near = quote(HOSTILE, HOSTILE.text, mark=find(HOSTILE, SCRIPT))
            dated = replace(SERIES.values[0], value_text=SCRIPT, speaker=SCRIPT)
            return replace(answer, hints=hints, near=(near,), series=DatedSeries((dated,)))
        return replace(answer, hints=HINTS, near=(SPOKEN, PRICE))


class LinkedPage(Page):
    """Find what the elements of a page lead to."""

    def link(self, text: str) -> str:
        """Give the address of the one link that is named so, by its text or by its label."""
        (address,) = (
            found["href"]
            for tag, found, texts in self.elements
            if tag == "a" and text in ("".join(texts), found.get("aria-label"))
        )
        assert address is not None
        return address

    def hidden(self) -> list[tuple[str, str]]:
        """Give the parameters that go with the last form: that of the next question."""
        html = self.html[self.html.rindex("<form") :]
        return [
            (found["name"] or "", found["value"] or "")
            for tag, found, _ in LinkedPage(html[: html.index("</form>") + 7]).elements
            if tag == "input" and found["type"] == "hidden"
        ]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    library = Library.create(tmp_path_factory.mktemp("library"))
    library.put(Document(each, each.origin) for each in (MEDUSA, HOSTILE))
    yield library
    library.close()


@pytest.fixture
def answerer(library: Library) -> WholeAnswerer:
    return WholeAnswerer(library)


@pytest.fixture(scope="module")
def client(library: Library) -> TestClient:
    return TestClient(create_app(WholeAnswerer(library)), raise_server_exceptions=False)


Run = Callable[..., str]


@pytest.fixture
def run(
    answerer: WholeAnswerer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run `massilia ask` with some words, and give what it prints, errors first."""
    monkeypatch.setattr("massilia.service.cli.open_answerer", lambda _: nullcontext(answerer))

    def run(*words: object) -> str:
        monkeypatch.setattr(sys, "argv", ["massilia", "ask", *map(str, words)])
        with pytest.raises(SystemExit):
            run_command_line(cli, "massilia")
        printed = capsys.readouterr()
        return printed.err + printed.out

    return run


def ask(client: TestClient, question: str, **more: object) -> dict[str, Any]:
    response = client.post("/v1/answer", json={"question": question, **more})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def get(client: TestClient, address: str, status: int = 200, **parameters: object) -> LinkedPage:
    response = client.get(address, params=parameters or None)
    assert response.status_code == status, response.text
    return LinkedPage(response.text)


def list_citations(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Give every citation of an answer, wherever it is told."""
    series = (answer["series"] or {"values": []})["values"]
    second = list_citations(answer["second"]) if answer["second"] else []
    dated = [value["citation"] for value in series]
    return [*answer["citations"], *answer["near"], *dated, *second]


# Programs


def test_the_words_that_answer_and_who_speaks_are_told_with_their_places(
    client: TestClient,
) -> None:
    (told,) = ask(client, COST)["answers"]
    for part, words in (("mark", "342 millions d'euros"), ("speaker", "Jean Dupont")):
        start, end = told[part]["start_char_index"], told[part]["end_char_index"]
        assert MEDUSA.text[start:end] == told[part]["text"] == words
    (told, *_) = ask(client, STAFF)["answers"]
    assert told["mark"] is told["speaker"] is None


def test_a_question_that_leans_on_others_is_told_as_asked_and_as_searched(
    client: TestClient,
) -> None:
    told = ask(client, f" Et  {IN_2016[3:]}", history=[STAFF, COST])
    assert told["asked"] == IN_2016
    assert "Medusa" in told["question"]
    assert told["carried"]
    for each in told["carried"]:
        place = slice(each["start_char_index"], each["end_char_index"])
        assert each["text"] in told["question"][place]
        assert set(each) == {"kind", "text", "start_char_index", "end_char_index", "instead"}
    for date_ in told["question_dates"]:
        place = slice(date_["start_char_index"], date_["end_char_index"])
        assert told["question"][place] == date_["text"] == "en 2016"
    alone = ask(client, COST)
    assert (alone["asked"], alone["question"], alone["carried"]) == (COST, COST, [])
    assert (told["new_topic"], alone["new_topic"]) == (False, True)


@pytest.mark.parametrize(
    ("history", "pointer", "named"),
    [
        ("Qui ?", "/history", "valid list"),
        ([1], "/history/0", "valid string"),
        (["Qui ?"] * (MAX_EARLIER + 1), "/history", "at most 10"),
        (["Qui ?", "x" * 501], "/history", "Earlier question 2 has 501"),
        (["a\x07b"], "/history", "U+0007 at position 1"),
        (None, "/history", "valid list"),
    ],
    ids=lambda value: repr(value)[:32],
)
def test_a_history_that_cannot_be_read_is_refused_at_its_field(
    client: TestClient, history: object, pointer: str, named: str
) -> None:
    response = client.post("/v1/answer", json={"question": COST, "history": history})
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["pointer"] == pointer
    assert named in error["detail"]


def test_a_full_history_is_read_and_its_blank_questions_are_not(client: TestClient) -> None:
    assert ask(client, COST, history=[COST] * MAX_EARLIER)["answers"]
    assert ask(client, COST, history=["", " "])["carried"] == []


def test_an_abstention_is_told_with_its_hints_and_what_is_near(client: TestClient) -> None:
    told = ask(client, UNKNOWN)
    assert told["abstained"] is True
    assert told["answers"] == told["citations"] == []
    assert [hint["code"] for hint in told["hints"]] == [hint.name for hint in HINTS]
    assert [hint["text"] for hint in told["hints"]] == [
        "Aucun article de la bibliothèque ne mentionne «\u00a0Meduza\u00a0».",
        "Vouliez-vous dire «\u00a0Medusa\u00a0»\u202f?",
        "La bibliothèque a 1 article avec Medusa, mais il ne répond pas à cela\u00a0:",
        "La bibliothèque parle des années 2004 à 2026, et d’aucune avant ni après.",
    ]
    assert told["hints"][2]["articles"] == [{"id": "medusa-fr", "title": "Le câble Medusa"}]
    assert told["hints"][3]["values"] == {"first": 2004, "last": 2026}
    english = ask(client, UNKNOWN, language="en")
    assert english["hints"][1]["text"] == "Did you mean “Medusa”?"
    assert [each["cited_text"] for each in told["near"]] == [SPOKEN.text, PRICE.text]


def test_a_remark_is_told_by_its_name(client: TestClient) -> None:
    assert ask(client, HELLO)["remark"] == "greeting"
    assert ask(client, COST)["remark"] is None


def test_values_through_time_are_told_with_their_places(client: TestClient) -> None:
    series = ask(client, STAFF)["series"]
    assert [(each["value"], each["start"], each["end"]) for each in series["values"]] == [
        ("12 personnes", "2016-01-01", "2016-12-31"),
        ("30", "2020-03-01", "2020-03-31"),
        ("31", "2020-03-01", "2020-03-31"),
    ]
    assert [each["speaker"] for each in series["values"]] == [None, None, "L'Écho"]
    assert series["disagreements"] == [[1, 2]]
    for each in series["values"]:
        start, end = each["value_start_char_index"], each["value_end_char_index"]
        assert MEDUSA.text[start:end] == each["value"]
        start, end = each["date_start_char_index"], each["date_end_char_index"]
        assert MEDUSA.text[start:end] in {"en 2016", "en mars 2020"}
    assert ask(client, COST)["series"] is None


def test_the_other_question_has_an_answer_of_the_same_shape(client: TestClient) -> None:
    told = ask(client, DOUBLE)
    assert told["question"] == told["asked"] == DOUBLE
    assert told["second"]["question"] == PARTS[1]
    for part in (told, told["second"]):
        for each in part["question_dates"]:
            place = slice(each["start_char_index"], each["end_char_index"])
            assert part["question"][place] == each["text"] == "en 2016"
    assert told["second"]["question_dates"]
    assert told["second"].keys() == told.keys()
    assert told["second"]["answers"][0]["mark"]["text"] == "342 millions d'euros"
    assert told["second"]["second"] is None
    assert ask(client, COST)["related_questions"][0] == "Qui possède Medusa ?"


@pytest.mark.parametrize("question", [COST, STAFF, UNKNOWN, DOUBLE])
def test_no_two_citations_of_an_answer_have_the_same_id(client: TestClient, question: str) -> None:
    told = ask(client, question)
    citations = list_citations(told)
    assert len({citation["id"] for citation in citations}) == len(citations) > 0
    for part in (told, told["second"] or told):
        cited = [each["citation_ids"] for each in part["answers"]]
        assert cited == [[citation["id"]] for citation in part["citations"]]
    for citation in citations:
        start, end = citation["start_char_index"], citation["end_char_index"]
        assert MEDUSA.text[start:end] == citation["cited_text"]


def test_every_part_of_an_answer_is_described(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("AnswerJson", "QuoteJson", "SeriesJson", "DatedValueJson", "HintJson"):
        assert schemas[name]["description"], name
    assert schemas["AnswerRequest"]["properties"]["history"]["maxItems"] == MAX_EARLIER


# Receipts


def test_a_receipt_holds_all_that_answers(answerer: WholeAnswerer, library: Library) -> None:
    answer = answer_in_turn(answerer, Question(DOUBLE, Language.FRENCH))
    receipt = read_receipt(write_receipt(make_receipt(answer, library)))
    dated = [each.citation.cited_text for each in SERIES.values]
    assert receipt.question == DOUBLE
    assert [each.text for each in receipt.answers] == [SPOKEN.text, PRICE.text]
    assert [each.text for each in receipt.citations] == [SPOKEN.text, PRICE.text, *dated]
    verification = verify_receipt(receipt, library.store)
    assert verification.intact
    assert len(verification.quotes) == 5


@pytest.mark.parametrize("question", [COST, STAFF, UNKNOWN, DOUBLE, HELLO])
def test_an_answers_own_json_is_a_receipt(
    client: TestClient, answerer: WholeAnswerer, question: str
) -> None:
    told = ask(client, question)
    response = client.post("/v1/verify", json=told)
    assert response.status_code == 200
    assert response.json()["intact"] is True
    assert len(response.json()["quotes"]) == len(told["answers"])


def test_a_receipt_of_very_many_values_can_be_read(
    answerer: WholeAnswerer, library: Library
) -> None:
    answer = answerer.answer(Question(STAFF, Language.FRENCH))
    many = replace(answer, series=DatedSeries(SERIES.values * 40))
    receipt = read_receipt(write_receipt(make_receipt(many, library)))
    assert receipt.citations[0].text == answer.quotes[0].text


def test_numbering_changes_nothing_but_ids(answerer: WholeAnswerer) -> None:
    answer = answerer.answer(Question(DOUBLE, Language.FRENCH))
    numbered = number_citations(answer)
    assert number_citations(numbered) == numbered
    assert numbered.second is not None
    assert numbered.second.series is not None
    assert [each.citation.id for each in numbered.quotes + numbered.second.quotes] == ["c1", "c2"]
    assert [each.citation.id for each in numbered.second.series.values] == ["s1", "s2", "s3"]
    text = AnswerJson.of(answer).model_dump_json()
    assert text == AnswerJson.of(numbered).model_dump_json()


# Terminals


def test_a_terminal_is_told_of_the_quote_its_speaker_and_related_questions(run: Run) -> None:
    assert run(COST).splitlines() == [
        "«\u00a0« Medusa coûte 342 millions d'euros & plus. »\u00a0»",
        "    [1] Le câble Medusa, Le Quai, medusa.md, caractères 37–82",
        "        https://example.org/medusa",
        "        Qui parle\u00a0: Jean Dupont",
        "",
        "Confiance élevée (87\u00a0%)",
        "",
        "Questions voisines",
        "- Qui possède Medusa ?",
        f"- Where is {SCRIPT}?",
    ]


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_the_words_that_answer_are_bold_on_a_terminal_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "\x1b" not in run(COST)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    run(COST)
    assert "Medusa coûte \x1b[1m342 millions d'euros\x1b[0m & plus" in terminal.getvalue()


def test_a_terminal_is_told_how_a_question_was_understood(
    run: Run, answerer: WholeAnswerer
) -> None:
    told = run(IN_2016, "--after", STAFF, "--after", COST, "--language", "fr")
    searched = answerer.asked[-1].text
    assert "Medusa" in searched
    assert told.startswith(f"Comprise ainsi\u00a0: «\u00a0{searched}\u00a0»\n\n")
    assert "Comprise" not in run(COST, "--after", STAFF)


@pytest.mark.parametrize(
    ("earlier", "named"),
    [
        (["x" * 501], "Earlier question 1 can't be read: The question has 501 characters"),
        (["Qui ?", "\x1b[2J"], "Earlier question 2 can't be read"),
        (["Qui ?"] * (MAX_EARLIER + 1), "There are 11 earlier questions; the limit is 10."),
    ],
)
def test_a_wrong_conversation_is_refused_before_anything_is_opened(
    run: Run, answerer: WholeAnswerer, earlier: list[str], named: str
) -> None:
    told = run(COST, *(word for text in earlier for word in ("--after", text)))
    assert told.startswith("Error: ")
    assert named in told
    assert answerer.asked == []


def test_a_terminal_is_told_why_and_what_is_near(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    told = run(UNKNOWN).splitlines()
    assert told[0] == "La bibliothèque ne le dit pas."
    assert told[2:7] == [
        "- Aucun article de la bibliothèque ne mentionne «\u00a0Meduza\u00a0».",
        "- Vouliez-vous dire «\u00a0Medusa\u00a0»\u202f?",
        "- La bibliothèque a 1 article avec Medusa, mais il ne répond pas à cela\u00a0:",
        "    - Le câble Medusa (medusa-fr)",
        "- La bibliothèque parle des années 2004 à 2026, et d’aucune avant ni après.",
    ]
    near = [line for line in told if line.startswith("    (proche, sans répondre) ")]
    assert len(near) == 2
    assert not any("Confiance" in line for line in told)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    run(UNKNOWN)
    assert PRICE.text in terminal.getvalue(), "in no bold: what doesn't answer has no words that do"


def test_a_terminal_replies_to_what_asks_nothing(run: Run) -> None:
    (reply,) = run(HELLO).splitlines()
    assert reply.startswith("Bonjour\u202f! Posez une question")


def test_a_terminal_shows_values_through_time_in_columns(run: Run) -> None:
    told = run(STAFF).splitlines()
    place = told.index("Au fil du temps")
    assert told[place + 1 : place + 5] == [
        "    2016       12 personnes          [1]",
        "    mars 2020  30                    [2]",
        "    mars 2020  31            L'Écho  [3]",
        "Les sources ne s’accordent pas pour\u00a0: mars 2020.",
    ]
    assert [line.strip()[:3] for line in told if "Le câble Medusa" in line] == ["[1]", "[2]", "[3]"]


def test_a_terminal_answers_both_questions(run: Run) -> None:
    told = run(DOUBLE)
    first, second = told.split("Vous posez deux questions. Pour l’autre\u00a0:\n")
    assert SPOKEN.text in first
    assert PRICE.text in second
    assert re.findall(r"^    (\[\d\])", told, re.MULTILINE) == ["[1]", "[2]", "[3]", "[4]", "[5]"]


# Pages


def test_the_words_that_answer_are_marked_within_the_letter_of_the_quote(
    client: TestClient,
) -> None:
    page = get(client, "/fr/", q=COST)
    assert page.texts("p", class_="quote-text") == [PRICE.text]
    assert page.texts("mark") == ["342 millions d'euros"]
    assert "<mark>342 millions d&#39;euros</mark> &amp; plus" in page.html
    speaker = page.link("Qui parle\u00a0: Jean Dupont")
    assert get(client, speaker).texts("mark") == ["Jean Dupont"]
    assert not get(client, "/fr/", q=STAFF).texts("mark")


def test_a_page_shows_values_through_time_each_with_its_sentence(client: TestClient) -> None:
    page = get(client, "/fr/", q=STAFF)
    assert "Au fil du temps" in page.texts("h2")
    assert page.texts("th", scope="row") == ["2016", "mars 2020", "mars 2020"]
    assert page.texts("p", class_="differ") == [
        "Les sources ne s’accordent pas pour\u00a0: mars 2020."
    ]
    for each in SERIES.values:
        reader = get(client, page.link(each.value_text))
        assert reader.texts("mark") == [each.citation.cited_text]
    assert len(page.texts("tr", class_="differing")) == 2
    assert any("L'Écho" in text for text in page.texts("td"))


def test_a_page_says_why_there_is_no_answer_and_what_comes_near(client: TestClient) -> None:
    page = get(client, "/fr/", q=UNKNOWN)
    assert "Des passages s’en approchent" in page.html
    assert "/fr/articles/medusa-fr" in page.values("a", "href")
    assert "Passages proches, qui ne répondent pas" in page.texts("h2")
    assert page.texts("p", class_="number") == ["proche, sans répondre"] * 2
    assert page.texts("p", class_="quote-text") == [SPOKEN.text, PRICE.text]
    assert not page.texts("mark")
    assert "87" not in "".join(page.texts("main")), "no confidence where there is no answer"
    corrected = page.link("Vouliez-vous dire «\u00a0Medusa\u00a0»\u202f?")
    assert get(client, corrected).texts("h1") == [COST]


def test_a_page_replies_to_what_asks_nothing(client: TestClient) -> None:
    page = get(client, "/fr/", q=HELLO, h=[COST])
    (reply,) = page.texts("p", class_="reply")
    assert reply.startswith("Bonjour\u202f! Posez une question")
    assert "La bibliothèque ne le dit pas." not in page.html
    assert page.hidden() == [("h", COST)], "a greeting is nothing to lean on"
    assert not page.texts("p", class_="understood")
    assert page.html.count("<form") == 2
    alone = get(client, "/fr/", q=HELLO)
    assert alone.html.count("<form") == 2
    assert alone.hidden() == []
    assert "Votre question" in alone.texts("label"), "there is nothing to follow"


def test_what_is_carried_over_is_shown_and_can_be_taken_off(client: TestClient) -> None:
    page = get(client, "/fr/", q=IN_2016, h=[STAFF, COST], kind="press")
    assert page.texts("h1") == [IN_2016]
    (understood,) = page.texts("p", class_="understood")
    searched = understood.removeprefix("Comprise ainsi\u00a0: «\u00a0").removesuffix("\u00a0»")
    assert "Medusa" in searched
    assert "2016" in searched
    assert page.values("input", "value", name="q")[0] == searched, "there to be corrected"
    assert page.texts("label", for_="question")[0].startswith("Votre question, telle que comprise")
    removed = [
        found["href"] or ""
        for tag, found, _ in page.elements
        if tag == "a"
        and (found.get("aria-label") or "").startswith("Retirer «")
        and "question" in (found["aria-label"] or "")
    ]
    assert removed
    for address in removed:
        parameters = parse_qsl(urlsplit(address).query)
        assert ("kind", "press") in parameters
        assert "h" not in dict(parameters), "it would be carried over again"
        assert dict(parameters)["q"] != searched
        assert get(client, address).texts("h1") == [dict(parameters)["q"]]


def test_a_question_asked_alone_is_not_said_to_be_understood(client: TestClient) -> None:
    page = get(client, "/fr/", q=COST)
    assert not page.texts("p", class_="understood")
    assert not page.texts("section", class_="thread")
    assert page.texts("label", for_="question") == ["Votre question"]


def test_a_conversation_goes_on_and_each_question_of_it_can_be_gone_back_to(
    client: TestClient,
) -> None:
    page = get(client, "/fr/", q=IN_2016, h=[STAFF, COST], publisher="A&B", dates="off")
    assert page.hidden() == [
        ("publisher", "A&B"),
        ("dates", "off"),
        *(("h", text) for text in (STAFF, COST, IN_2016)),
    ]
    assert "2 questions avant celle-ci" in page.texts("summary")
    first, second = (parse_qsl(urlsplit(page.link(text)).query) for text in (STAFF, COST))
    kept = [("publisher", "A&B"), ("dates", "off")]
    assert first == [*kept, ("q", STAFF)]
    assert second == [*kept, ("h", STAFF), ("q", COST)]
    assert page.link("Commencer une nouvelle conversation") == "/fr/"
    (other,) = (
        found["href"] or ""
        for tag, found, _ in page.elements
        if tag == "a" and found.get("class") == "switch"
    )
    assert get(client, other).hidden() == page.hidden(), "the other language has the same"


def test_a_full_conversation_leaves_its_oldest_question_behind(client: TestClient) -> None:
    earlier = [f"Combien coûte Medusa {number} ?" for number in range(MAX_EARLIER)]
    page = get(client, "/fr/", q=COST, h=earlier)
    assert [text for _, text in page.hidden()] == [*earlier[1:], COST]
    assert get(client, "/fr/", q=COST, h=[*earlier[1:], COST]).texts("h1") == [COST]


@pytest.mark.parametrize(
    ("earlier", "told"),
    [
        (["x" * 501], "Question 1 of the conversation is too long: 501 characters, where 500"),
        (["Who?", "a\x07b"], "Question 2 of the conversation holds an invisible character (U+0007"),
        (
            ["Who?"] * 11,
            "This conversation is too long: 11 earlier questions, where 10 is the most",
        ),
    ],
    ids=["long", "invisible", "many"],
)
@pytest.mark.parametrize("path", ["/en/", "/en/receipt"])
def test_a_conversation_that_cannot_be_read_is_told_and_the_question_kept(
    client: TestClient, path: str, earlier: list[str], told: str
) -> None:
    page = get(client, path, 422, q=COST, h=earlier)
    (alert,) = page.texts("p", role="alert")
    assert told in alert
    assert page.values("input", "value", name="q") == [COST]
    assert page.values("input", "aria-invalid") == [], "nothing is wrong with the question"


def test_a_wrong_question_leaves_the_conversation_as_it_is(client: TestClient) -> None:
    page = get(client, "/fr/", 422, q=" ", h=[STAFF, COST], kind="press")
    assert page.hidden() == [("kind", "press"), ("h", STAFF), ("h", COST)]
    assert get(client, "/fr/", 422, q=" ", h=[COST, "x" * 501]).hidden() == []


def test_related_questions_are_links(client: TestClient) -> None:
    page = get(client, "/fr/", q=COST, h=[STAFF], kind="press")
    address = page.link("Qui possède Medusa ?")
    assert parse_qsl(urlsplit(address).query) == [("kind", "press"), ("q", "Qui possède Medusa ?")]


def test_a_page_answers_both_questions_with_ids_of_their_own(client: TestClient) -> None:
    page = get(client, "/fr/", q=DOUBLE)
    assert page.texts("p", class_="quote-text") == [SPOKEN.text, PRICE.text]
    assert "Vous posez deux questions. Pour l’autre\u00a0:" in page.texts("h2")
    assert page.texts("li", class_="chip") == ["2016\u00a0: préféré"], "the dates of both"
    assert page.texts("span", **{"aria-hidden": "true"})[-2:] == ["[1]", "[2]"]


@pytest.mark.parametrize("question", [COST, STAFF, UNKNOWN, DOUBLE, HELLO, SCRIPT])
def test_a_page_s_ids_and_headings_are_in_order(client: TestClient, question: str) -> None:
    page = get(client, "/fr/", q=question, h=[COST])
    ids = [found["id"] for _, found, _ in page.elements if "id" in found]
    assert len(set(ids)) == len(ids)
    for _, attributes, _ in page.elements:
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert set((attributes.get(name) or "").split()) <= set(ids)
    levels = [int(tag[1]) for tag, _, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    for before, after in pairwise(levels):
        assert after <= before + 1, levels


def test_the_receipt_of_a_page_can_be_saved_and_verified(client: TestClient) -> None:
    page = get(client, "/fr/", q=IN_2016, h=[COST], **{"from": "2016-01-01"})
    address = page.link("Enregistrer le reçu")
    assert parse_qsl(urlsplit(address).query) == [
        ("q", IN_2016),
        ("h", COST),
        ("from", "2016-01-01"),
    ]
    response = client.get(address)
    assert response.headers["content-type"] == "application/json"
    assert response.headers["content-disposition"] == 'attachment; filename="massilia-ans_1.json"'
    receipt = response.json()
    assert receipt["object"] == "receipt"
    assert receipt["question"] in page.texts("p", class_="understood")[0]
    assert receipt["filters"]["published_from"] == "2016-01-01"
    assert client.post("/v1/verify", json=receipt).json()["intact"] is True
    assert "Enregistrer le reçu" not in get(client, "/fr/", q=UNKNOWN).html


@pytest.mark.parametrize("question", ["", " ", None, "a\x07b"])
def test_a_receipt_of_what_cannot_be_asked_is_refused(
    client: TestClient, question: str | None
) -> None:
    response = client.get("/fr/receipt", params={} if question is None else {"q": question})
    assert response.status_code == 422
    assert response.headers["content-type"].startswith("text/html")
    assert LinkedPage(response.text).texts("p", role="alert")


def test_nothing_of_a_conversation_can_act(client: TestClient) -> None:
    question = f"Combien de navires {SCRIPT} passent par Marseille ?"
    page = get(client, "/fr/", q=question, h=[SCRIPT, f'" onclick=x {SCRIPT}'], kind=SCRIPT)
    assert not {tag for tag, _, _ in page.elements} & {"style", "b"}
    assert page.values("script", "src") == ["/static/theme.js", "/static/chat.js"]
    assert page.texts("script") == ["", ""]
    for _, attributes, _ in page.elements:
        assert not any(name.startswith(("on", "style")) for name in attributes)
        for name in ("href", "src", "action"):
            assert not (attributes.get(name) or "").startswith(("javascript:", "data:", "//"))
    assert page.texts("p", class_="quote-text") == [HOSTILE.text]
    assert not page.texts("mark"), "what doesn't answer has no words that do"
    for text in page.texts("summary") + page.texts("h1"):
        assert text
    assert SCRIPT in page.texts("a")


def test_the_page_of_an_answer_has_no_script_of_its_own(client: TestClient) -> None:
    for question in (COST, STAFF, UNKNOWN, DOUBLE):
        page = get(client, "/en/", q=question, h=[COST])
        assert page.values("script", "src") == ["/static/theme.js", "/static/chat.js"]
        assert page.texts("script") == ["", ""]

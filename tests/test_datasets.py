import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from massilia.corpus.article import Article, Language
from massilia.eval.beir import read_beir
from massilia.eval.dataset import Dataset, DatasetError
from massilia.eval.faults import SHOWN_FAULTS
from massilia.eval.qrels import read_qrels
from massilia.eval.question_set import ExpectedAnswer, GoldSpan, Judgement
from massilia.eval.squad import read_squad
from massilia.eval.trec import read_topics

ROOT = Path(__file__).parent.parent
FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH

DOCUMENT = {"_id": "d1", "title": "The port", "text": "Two cables land here.", "lang": "en"}
QUERY = {"_id": "q1", "text": "Combien de câbles ?", "lang": "fr"}
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t1\n"

MakeFolder = Callable[..., Path]


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Write a BEIR folder: rows are objects, or lines as they are; `qrels` may be left out."""

    def make(
        corpus: Sequence[object] = (DOCUMENT,),
        queries: Sequence[object] = (QUERY,),
        qrels: str | None = QRELS,
        qrels_name: str = "qrels.tsv",
    ) -> Path:
        folder = tmp_path / "port"
        for name, rows in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
            lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
            write(folder / name, "".join(f"{line}\n" for line in lines))
        if qrels is not None:
            write(folder / qrels_name, qrels)
        return folder

    return make


@pytest.fixture
def real_sets() -> Path:
    """Give the folder of the public data sets, which aren't ours to ship: skip where absent."""
    shared = Path(os.environ.get("MASSILIA_SHARED") or ROOT.parent / "shared")
    folder = shared / "evaldata"
    if not folder.is_dir():
        pytest.skip(f"the public data sets are not on this machine: no {folder}")
    return folder


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))
    return path


def list_faults(read: Callable[..., object], *values: object) -> list[str]:
    with pytest.raises(DatasetError) as raised:
        read(*values)
    return str(raised.value).split("\n")


def read_question(folder: Path) -> ExpectedAnswer:
    (question,) = read_beir(folder).questions
    return question


# BEIR: articles


def test_a_beir_folder_is_its_articles_and_its_judged_questions(make_folder: MakeFolder) -> None:
    folder = make_folder()
    assert read_beir(folder) == Dataset(
        "port",
        (Article("d1", ENGLISH, "The port", "Two cables land here.", "corpus.jsonl"),),
        (ExpectedAnswer("q1", FRENCH, "Combien de câbles ?", True, (Judgement("d1", 1),), ()),),
        0,
    )


def test_a_data_set_is_named_after_its_folder_however_that_is_written(
    make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(make_folder())
    assert read_beir(Path(".")).name == "port"
    assert read_beir(Path("..") / "port").name == "port"


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("e\u0301te\u0301", "été"),
        ("one\r\ntwo\rthree\n", "one\ntwo\nthree\n"),
        ("  tab\there ", "  tab\there "),
        ("line\u2028separator", "line\u2028separator"),
    ],
)
def test_a_text_is_stored_in_the_normal_form_and_otherwise_as_it_is(
    make_folder: MakeFolder, written: str, stored: str
) -> None:
    (article,) = read_beir(make_folder([DOCUMENT | {"text": written}])).articles
    assert article.text == stored


def test_a_line_of_json_may_hold_other_ends_of_lines_as_they_are(make_folder: MakeFolder) -> None:
    line = json.dumps(DOCUMENT | {"text": "one\u2028two\u0085"}, ensure_ascii=False)
    faults = list_faults(read_beir, make_folder([line]))
    assert faults == [
        "corpus.jsonl, line 1: 'text' holds the control character U+0085 at position 7"
    ]
    (article,) = read_beir(make_folder([line.replace("\u0085", "")])).articles
    assert article.text == "one\u2028two"


@pytest.mark.parametrize(
    ("title", "text", "stored_title", "stored_text"),
    [
        (" The\n  port ", "x", "The port", "x"),
        ("", "x", "", "x"),
        (None, "x", "", "x"),
        ("The port", "", "The port", "The port"),
        (" The  port ", " \n", "The port", "The port"),
    ],
)
def test_a_title_is_one_line_and_stands_in_for_a_missing_text(
    make_folder: MakeFolder, title: object, text: str, stored_title: str, stored_text: str
) -> None:
    (article,) = read_beir(make_folder([DOCUMENT | {"title": title, "text": text}])).articles
    assert (article.title, article.text) == (stored_title, stored_text)


FRENCH_TEXT = "Deux câbles sous-marins arrivent ici, et un troisième est attendu cet hiver."


@pytest.mark.parametrize(
    ("own", "given", "language"),
    [
        ({"lang": "en"}, FRENCH, ENGLISH),
        ({"language": "en"}, FRENCH, ENGLISH),
        ({"metadata": {"language": "en"}}, FRENCH, ENGLISH),
        ({"metadata": {"lang": "en"}}, FRENCH, ENGLISH),
        ({"lang": "en", "metadata": {"lang": "fr"}}, None, ENGLISH),
        ({"lang": None, "metadata": []}, ENGLISH, ENGLISH),
        ({"metadata": {}}, None, FRENCH),
    ],
)
def test_an_articles_language_is_its_own_else_the_one_given_else_detected(
    make_folder: MakeFolder, own: dict[str, object], given: Language | None, language: Language
) -> None:
    folder = make_folder([{"_id": "d1", "text": FRENCH_TEXT} | own])
    assert read_beir(folder, corpus_language=given).articles[0].language is language


# BEIR: questions


@pytest.mark.parametrize(
    ("own", "language"),
    [
        ({"lang": "en"}, ENGLISH),
        ({"language": "en"}, ENGLISH),
        ({"metadata": {"lang": "en"}}, ENGLISH),
        ({}, FRENCH),
    ],
)
def test_a_questions_language_is_its_own_else_the_one_given(
    make_folder: MakeFolder, own: dict[str, object], language: Language
) -> None:
    folder = make_folder(queries=[{"_id": "q1", "text": "Port"} | own])
    assert read_beir(folder, question_language=FRENCH).questions[0].language is language


def test_a_question_of_no_language_says_how_to_give_one(make_folder: MakeFolder) -> None:
    folder = make_folder(queries=[{"_id": "q1", "text": "Port"}])
    assert list_faults(read_beir, folder) == [
        "queries.jsonl, line 1: no language; give it with --question-language"
    ]


def test_a_question_is_one_line_in_the_normal_form_of_any_length(make_folder: MakeFolder) -> None:
    long = " ".join(["mot"] * 500)
    folder = make_folder(queries=[QUERY | {"text": f" Ou\u0300 \u00a0est\r\n\tce ? {long}"}])
    assert read_question(folder).question == f"Où est ce ? {long}"


def test_answers_and_the_type_are_kept(make_folder: MakeFolder) -> None:
    query = QUERY | {"answers": ["e\u0301te\u0301", "deux", " été "], "type": "number"}
    question = read_question(make_folder(queries=[query]))
    assert (question.answers, question.type) == (("été", "deux"), "number")


def test_metadata_may_hold_what_is_told_of_a_question(make_folder: MakeFolder) -> None:
    metadata = {"answers": ["deux"], "type": "number", "answerable": True, "other": 1}
    question = read_question(make_folder(queries=[QUERY | {"metadata": metadata}]))
    assert (question.answers, question.type, question.answerable) == (("deux",), "number", True)


def test_questions_that_nobody_judged_are_counted_and_not_asked(make_folder: MakeFolder) -> None:
    queries = [QUERY, QUERY | {"_id": "q2"}, QUERY | {"_id": "q3", "answerable": True}]
    dataset = read_beir(make_folder(queries=queries))
    assert [question.id for question in dataset.questions] == ["q1"]
    assert dataset.unjudged == 2


def test_an_unanswerable_question_is_asked_judged_or_not_and_has_no_gold(
    make_folder: MakeFolder,
) -> None:
    marked = QUERY | {"answerable": False, "answers": ["deux"]}
    queries = [QUERY, marked | {"_id": "q2"}, marked | {"_id": "q3"}]
    queries.append(QUERY | {"_id": "q4", "metadata": {"answerable": False}})
    dataset = read_beir(make_folder(queries=queries, qrels=QRELS + "q2\td1\t0\n"))
    unanswerable = [question for question in dataset.questions if not question.answerable]
    assert [question.id for question in unanswerable] == ["q2", "q3", "q4"]
    assert all(question.qrels == question.answers == () for question in unanswerable)
    assert dataset.unjudged == 0


@pytest.mark.parametrize("marks", [{}, {"answerable": True}])
def test_a_question_without_a_relevant_article_stays_and_is_answerable(
    make_folder: MakeFolder, marks: dict[str, object]
) -> None:
    question = read_question(make_folder(queries=[QUERY | marks], qrels="q1\td1\t0\n"))
    assert question.answerable
    assert question.qrels == (Judgement("d1", 0),)
    assert question.article_ids == ()


def test_an_unanswerable_question_with_a_relevant_article_is_a_contradiction(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder(queries=["", QUERY | {"answerable": False}])
    assert list_faults(read_beir, folder) == [
        "queries.jsonl, line 2: marked unanswerable, but 'd1' is judged relevant to it"
    ]


# BEIR: judgements


def test_judgements_are_graded_and_keep_their_order(make_folder: MakeFolder) -> None:
    corpus = [DOCUMENT | {"_id": name} for name in ("d1", "d2", "d3", "d4")]
    qrels = "q1\td3\t2\nq1\td1\t-1\r\n\nq1\td2\t+1\nq1\td4\t0\nq1\td3\t2\n"
    question = read_question(make_folder(corpus, qrels=qrels))
    expected = [("d3", 2), ("d1", -1), ("d2", 1), ("d4", 0)]
    assert [(each.article_id, each.relevance) for each in question.qrels] == expected
    assert question.article_ids == ("d3", "d2")


def test_relevant_articles_may_be_in_several_languages(make_folder: MakeFolder) -> None:
    corpus = [DOCUMENT, DOCUMENT | {"_id": "d2", "lang": "fr"}]
    assert read_question(make_folder(corpus, qrels=QRELS + "q1\td2\t1\n")).article_ids == (
        "d1",
        "d2",
    )


@pytest.mark.parametrize("header", ["", "query-id\tcorpus-id\tscore\n", "\ufeff"])
def test_the_header_of_the_judgements_may_be_left_out(make_folder: MakeFolder, header: str) -> None:
    assert read_question(make_folder(qrels=f"{header}q1\td1\t1\n")).article_ids == ("d1",)


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (["qrels/test.tsv", "qrels.tsv", "qrels_a.tsv"], "qrels/test.tsv"),
        (["qrels.tsv", "qrels_a.tsv", "qrels/dev.tsv"], "qrels.tsv"),
        (["qrels_a.tsv", "other.tsv"], "qrels_a.tsv"),
        (["qrels/dev.tsv"], "qrels/dev.tsv"),
    ],
)
def test_judgements_are_looked_for_under_the_usual_names(
    make_folder: MakeFolder, names: list[str], read: str
) -> None:
    folder = make_folder(qrels=None)
    for name in names:
        write(folder / name, f"q1\td1\t{2 if name == read else 1}\n")
    assert read_question(folder).qrels == (Judgement("d1", 2),)


def test_several_files_of_judgements_are_named_so_that_one_is_chosen(
    make_folder: MakeFolder,
) -> None:
    folder = make_folder(qrels=None)
    write(folder / "qrels_b.tsv", QRELS)
    write(folder / "qrels_a.tsv", QRELS)
    assert list_faults(read_beir, folder) == [
        f"{folder}: several files hold judgements, choose one with --qrels: "
        "qrels_a.tsv, qrels_b.tsv"
    ]
    assert read_beir(folder, Path("qrels_b.tsv")).questions


def test_judgements_that_are_given_are_looked_for_as_they_are_then_in_the_folder(
    make_folder: MakeFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_folder(qrels="q1\td1\t1\n", qrels_name="mine.tsv")
    here = write(tmp_path / "here" / "mine.tsv", "q1\td1\t2\n")
    monkeypatch.chdir(tmp_path)
    assert read_beir(folder, Path("mine.tsv")).questions[0].qrels == (Judgement("d1", 1),)
    assert read_beir(folder, here).questions[0].qrels == (Judgement("d1", 2),)
    monkeypatch.chdir(here.parent)
    assert read_beir(folder, Path("mine.tsv")).questions[0].qrels == (Judgement("d1", 2),)


@pytest.mark.parametrize("inside", [True, False])
def test_judgements_that_are_nowhere_are_a_fault(make_folder: MakeFolder, inside: bool) -> None:
    folder = make_folder()
    name = Path("none.tsv") if inside else folder / "none.tsv"
    reason = (
        f"there is no such file, nor is there one in {folder}"
        if inside
        else "can't be read: No such file or directory"
    )
    assert list_faults(read_beir, folder, name) == [f"{name}: {reason}"]


# BEIR: faults


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not valid JSON: Expecting property name enclosed in double quotes, column 2"),
        pytest.param("[" * 100_000, "not valid JSON: nested too deep", id="nested"),
        ("[]", "not a JSON object"),
        ({}, "no '_id'"),
        ({"_id": None}, "no '_id'"),
        ({"_id": ""}, "'_id' is empty"),
        ({"_id": 7}, "'_id' must be a text, not 7"),
        ({"_id": "d 2"}, "'_id' holds white space or a control character: 'd 2'"),
        ({"_id": "d\u00a02"}, "'_id' holds white space or a control character: 'd\\xa02'"),
        ({"_id": "d\x1b"}, "'_id' holds white space or a control character: 'd\\x1b'"),
        ({"_id": "d\ud800"}, "'_id' holds white space or a control character: 'd\\ud800'"),
        ({"_id": "d1"}, "the id 'd1' stands in corpus.jsonl, line 1 too"),
        ({"_id": "d2"}, "no 'text'"),
        ({"_id": "d2", "text": ["x"]}, "'text' must be a text, not ['x']"),
        ({"_id": "d2", "text": " "}, "'text' is empty, and so is 'title'"),
        ({"_id": "d2", "text": "", "title": " "}, "'text' is empty, and so is 'title'"),
        ({"_id": "d2", "text": "x", "title": 1}, "'title' must be a text, not 1"),
        (
            {"_id": "d2", "text": "x", "title": "a\x00"},
            "'title' holds the control character U+0000 at position 1",
        ),
        (
            {"_id": "d2", "text": "a\x00"},
            "'text' holds the control character U+0000 at position 1",
        ),
        (
            {"_id": "d2", "text": "ab\x0c"},
            "'text' holds the control character U+000C at position 2",
        ),
        (
            {"_id": "d2", "text": "\udc00"},
            "'text' holds the control character U+DC00 at position 0",
        ),
        ({"_id": "d2", "text": "x", "lang": "de"}, "the language must be fr or en, not 'de'"),
        ({"_id": "d2", "text": "x", "lang": ["fr"]}, "the language must be fr or en, not ['fr']"),
    ],
)
def test_a_faulty_article_is_named_by_its_line(
    make_folder: MakeFolder, line: object, reason: str
) -> None:
    faults = list_faults(read_beir, make_folder([DOCUMENT, "", line]))
    assert faults == [f"corpus.jsonl, line 3: {reason}"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"_id": "q1"}, "the id 'q1' stands in queries.jsonl, line 1 too"),
        ({"text": "x"}, "no '_id'"),
        ({"_id": "q2", "text": None}, "no 'text'"),
        ({"_id": "q2", "text": 1}, "'text' must be a text, not 1"),
        ({"_id": "q2", "text": " \n"}, "'text' is empty"),
        ({"_id": "q2", "text": "a\x07"}, "'text' holds the control character U+0007 at position 1"),
        (
            {"_id": "q2", "text": "\ud83d"},
            "'text' holds the control character U+D83D at position 0",
        ),
        ({"_id": "q2", "text": "x", "lang": "FR"}, "the language must be fr or en, not 'FR'"),
        (QUERY | {"_id": "q2", "answers": "x"}, "'answers' must be a list of texts, not 'x'"),
        (QUERY | {"_id": "q2", "answers": [1]}, "'answers' must be a text, not 1"),
        (QUERY | {"_id": "q2", "answers": ["x", " "]}, "'answers' is empty"),
        (QUERY | {"_id": "q2", "answerable": 0}, "'answerable' must be true or false, not 0"),
        (QUERY | {"_id": "q2", "type": 3}, "'type' must be a text, not 3"),
    ],
)
def test_a_faulty_question_is_named_by_its_line(
    make_folder: MakeFolder, line: object, reason: str
) -> None:
    faults = list_faults(read_beir, make_folder(queries=[QUERY, "", line]))
    assert faults == [f"queries.jsonl, line 3: {reason}"]


FIELDS = "must have 3 fields between tabs (query-id, corpus-id, score), not"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("q1\td1", f"{FIELDS} 2"),
        ("q1 d1 1", f"{FIELDS} 1"),
        ("q1\t0\td1\t1", f"{FIELDS} 4"),
        ("q1\td1\t1.0", "the score must be an integer, not '1.0'"),
        ("q1\td1\t", "the score must be an integer, not ''"),
        ("q1\td1\t²", "the score must be an integer, not '²'"),
        ("q1\td1\t١", "the score must be an integer, not '١'"),
        ("q1\td1\t1_0", "the score must be an integer, not '1_0'"),
        ("q9\td1\t1", "no question has the id 'q9'"),
        ("q1\td9\t1", "no article has the id 'd9'"),
        ("q1\td1\t2", "judged 2 here and 1 in qrels.tsv, line 2"),
    ],
)
def test_a_faulty_judgement_is_named_by_its_line(
    make_folder: MakeFolder, line: str, reason: str
) -> None:
    faults = list_faults(read_beir, make_folder(qrels=f"{QRELS}\n{line}\n"))
    assert faults == [f"qrels.tsv, line 4: {reason}"]


def test_what_is_not_utf_8_is_named_by_its_line(make_folder: MakeFolder) -> None:
    folder = make_folder()
    for name in ("corpus.jsonl", "queries.jsonl", "qrels.tsv"):
        with (folder / name).open("ab") as file:
            file.write("é\n".encode("latin-1"))
    assert list_faults(read_beir, folder) == [
        "corpus.jsonl, line 2: not UTF-8 text: byte 0xe9",
        "queries.jsonl, line 2: not UTF-8 text: byte 0xe9",
        "qrels.tsv, line 3: not UTF-8 text: byte 0xe9",
    ]


def test_a_byte_order_mark_is_passed_over(make_folder: MakeFolder) -> None:
    folder = make_folder(["\ufeff" + json.dumps(DOCUMENT)], ["\ufeff" + json.dumps(QUERY)])
    assert read_beir(folder).articles[0].id == "d1"


def test_files_that_are_missing_or_folders_are_all_named(make_folder: MakeFolder) -> None:
    folder = make_folder(qrels=None)
    (folder / "corpus.jsonl").unlink()
    (folder / "queries.jsonl").unlink()
    (folder / "queries.jsonl").mkdir()
    assert list_faults(read_beir, folder) == [
        f"{folder / 'corpus.jsonl'}: can't be read: No such file or directory",
        f"{folder / 'queries.jsonl'}: can't be read: Is a directory",
        f"{folder}: no file holds judgements: there is no qrels/test.tsv, qrels.tsv, "
        "qrels*.tsv, qrels/*.tsv",
    ]


@pytest.mark.parametrize("name", ["none", "port/corpus.jsonl", "x" * 300])
def test_what_is_no_folder_is_named(make_folder: MakeFolder, tmp_path: Path, name: str) -> None:
    make_folder()
    path = tmp_path / name
    assert list_faults(read_beir, path) == [f"{path}: there is no such folder"]


def test_empty_files_are_named(make_folder: MakeFolder) -> None:
    folder = make_folder([""], ["", ""], "query-id\tcorpus-id\tscore\n")
    assert list_faults(read_beir, folder) == [
        "corpus.jsonl: holds no article",
        "queries.jsonl: holds no question",
        "qrels.tsv: holds no judgement",
    ]


def test_the_faults_of_all_files_are_told_at_once(make_folder: MakeFolder) -> None:
    """A row that is faulty is known by its id, so the judgement of q1 isn't a fault as well."""
    folder = make_folder(
        ["[]", DOCUMENT], [QUERY | {"lang": "de"}, QUERY | {"_id": ""}], QRELS + "x\n"
    )
    assert list_faults(read_beir, folder) == [
        "corpus.jsonl, line 1: not a JSON object",
        "queries.jsonl, line 1: the language must be fr or en, not 'de'",
        "queries.jsonl, line 2: '_id' is empty",
        f"qrels.tsv, line 3: {FIELDS} 1",
    ]


def test_an_id_that_only_seems_unknown_is_not_told(make_folder: MakeFolder) -> None:
    """The question of line 2 may be the q2 that is judged; d2 is unknown all the same."""
    folder = make_folder(queries=[QUERY, "{"], qrels=QRELS + "q2\td1\t1\nq1\td2\t1\n")
    faults = list_faults(read_beir, folder)
    assert [fault.partition(":")[0] for fault in faults] == [
        "queries.jsonl, line 2",
        "qrels.tsv, line 4",
    ]


@pytest.mark.parametrize(("faulty", "last"), [(20, "corpus.jsonl, line 20"), (23, "and 3 more")])
def test_the_first_faults_are_shown_and_the_others_counted(
    make_folder: MakeFolder, faulty: int, last: str
) -> None:
    faults = list_faults(read_beir, make_folder(["[]"] * faulty + [DOCUMENT]))
    assert faults[SHOWN_FAULTS - 1] == "corpus.jsonl, line 20: not a JSON object"
    assert faults[-1].startswith(last)
    assert len(faults) == min(faulty, SHOWN_FAULTS + 1)


# SQuAD

CONTEXT = "The port has two cables. A third comes in 2027. It is grey!"
"""Sentences: 0 to 24, 25 to 47, 48 to 59. "two" stands at 13, "2027" at 42, "grey" at 54."""


def make_question(question_id: str = "s1", *answers: tuple[str, int], **more: object) -> object:
    given = [{"text": text, "answer_start": start} for text, start in answers]
    values = {"id": question_id, "question": " How  many?", "answers": given}
    return values | more


def write_squad(
    tmp_path: Path, *documents: tuple[str | None, list[tuple[str, list[object]]]]
) -> Path:
    data = [
        {"title": title, "paragraphs": [{"context": text, "qas": qas} for text, qas in paragraphs]}
        for title, paragraphs in documents
    ]
    return write(tmp_path / "set.json", json.dumps({"version": "2.0", "data": data}))


def test_a_squad_file_is_its_paragraphs_and_their_questions(tmp_path: Path) -> None:
    asked = make_question("s1", ("two", 13), ("two cables", 13))
    impossible = make_question("s2", is_impossible=True, plausible_answers=[])
    path = write_squad(tmp_path, ("Vieux-Port", [(CONTEXT, [asked, impossible])]))
    assert read_squad(path) == Dataset(
        "set",
        (Article("vieux-port-1", ENGLISH, "Vieux-Port", CONTEXT, "set.json"),),
        (
            ExpectedAnswer(
                "s1",
                ENGLISH,
                "How many?",
                True,
                (Judgement("vieux-port-1", 1),),
                ("two", "two cables"),
                (GoldSpan("vieux-port-1", 0, 24),),
            ),
            ExpectedAnswer(
                "s2", ENGLISH, "How many?", False, (), (), unanswerable_kind="impossible"
            ),
        ),
        0,
    )


@pytest.mark.parametrize(
    ("answers", "spans"),
    [
        ([("two", 13)], [(0, 24)]),
        ([(".", 23)], [(0, 24)]),
        ([(" A", 24)], [(25, 47)]),
        ([("cables. ", 17)], [(0, 24)]),
        ([("2027", 42), ("two", 13)], [(0, 24), (25, 47)]),
        ([(". A", 23)], [(0, 24), (25, 47)]),
        ([(CONTEXT, 0)], [(0, 24), (25, 47), (48, 59)]),
    ],
)
def test_the_gold_is_the_sentences_that_an_answer_lies_in(
    tmp_path: Path, answers: list[tuple[str, int]], spans: list[tuple[int, int]]
) -> None:
    path = write_squad(tmp_path, ("Port", [(CONTEXT, [make_question("s1", *answers)])]))
    (question,) = read_squad(path).questions
    assert [(span.start, span.end) for span in question.gold] == spans


def test_offsets_of_the_file_become_those_of_the_article(tmp_path: Path) -> None:
    r"""In the file "ù" has two code points and the line end too: what is at 6 is stored at 4.

    Stored: "Où.\nL'été. Là." has its sentences at 0 to 3, 4 to 10 and 11 to 14.
    """
    context = "Ou\u0300.\r\nL'e\u0301te\u0301. La\u0300."
    asked = make_question("s1", ("L'e\u0301te\u0301", 6))
    path = write_squad(tmp_path, ("Été", [(context, [asked])]))
    dataset = read_squad(path, corpus_language=FRENCH)
    assert dataset.articles[0].text == "Où.\nL'été. Là."
    assert dataset.questions[0].answers == ("L'été",)
    assert dataset.questions[0].gold == (GoldSpan("ete-1", 4, 10),)


def test_white_space_at_the_ends_of_an_answer_is_in_no_quote(tmp_path: Path) -> None:
    asked = make_question("s1", (" two ", 12), ("two", 13))
    path = write_squad(tmp_path, ("Port", [(CONTEXT, [asked])]))
    assert read_squad(path).questions[0].answers == ("two",)


def test_each_distinct_paragraph_of_a_title_is_one_article(tmp_path: Path) -> None:
    """The slug of "A b" and "À-B!" is one, so their articles are counted together."""
    path = write_squad(
        tmp_path,
        ("A b", [("One.", [make_question("s1", ("One", 0))]), ("Two.", [])]),
        ("À-B!", [("One.", [make_question("s2", ("One", 0))])]),
        ("A b", [("Two.\r", []), ("Two.", [make_question("s3", ("Two", 0))]), ("Ten.", [])]),
        ("?", [("One.", [])]),
        (None, [("One.", [])]),
        (None, [("One.", [])]),
    )
    dataset = read_squad(path, corpus_language=ENGLISH)
    assert [(article.id, article.title, article.text) for article in dataset.articles] == [
        ("a-b-1", "A b", "One."),
        ("a-b-2", "A b", "Two."),
        ("a-b-3", "A b", "Two.\n"),
        ("a-b-4", "A b", "Ten."),
        ("a-b-5", "À-B!", "One."),
        ("article-1", "?", "One."),
        ("article-2", "", "One."),
        ("article-3", "", "One."),
    ]
    assert [question.article_ids for question in dataset.questions] == [
        ("a-b-1",),
        ("a-b-5",),
        ("a-b-2",),
    ]


def test_a_language_is_detected_over_all_paragraphs_of_a_title(tmp_path: Path) -> None:
    """ "Marseille 13" alone could be of either language."""
    short = ("Marseille 13", [make_question("s1", ("13", 10))])
    path = write_squad(
        tmp_path,
        ("Port", [short]),
        ("Port", [(FRENCH_TEXT, [])]),
        ("Harbour", [("Marseille 13", []), ("The port has two cables, and waits for more.", [])]),
    )
    dataset = read_squad(path)
    assert [article.language for article in dataset.articles] == [FRENCH, FRENCH, ENGLISH, ENGLISH]
    assert dataset.questions[0].language is FRENCH


def test_languages_that_are_given_are_taken(tmp_path: Path) -> None:
    path = write_squad(tmp_path, ("Port", [(CONTEXT, [make_question("s1", ("two", 13))])]))
    dataset = read_squad(path, FRENCH)
    assert (dataset.articles[0].language, dataset.questions[0].language) == (ENGLISH, FRENCH)
    dataset = read_squad(path, None, FRENCH)
    assert (dataset.articles[0].language, dataset.questions[0].language) == (FRENCH, FRENCH)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": None}, "no 'id'"),
        ({"id": 5}, "'id' must be a text, not 5"),
        ({"id": "s 1"}, "'id' holds white space or a control character: 's 1'"),
        ({"id": "s0"}, "the id 's0' stands in set.json, data[0].paragraphs[0].qas[0] too"),
        ({"question": None}, "no 'question'"),
        ({"question": " "}, "'question' is empty"),
        ({"question": "\x01"}, "'question' holds the control character U+0001 at position 0"),
        ({"is_impossible": "no"}, "'is_impossible' must be true or false, not 'no'"),
        (
            {"answers": []},
            "'answers' must list those of a question that isn't marked impossible, not []",
        ),
        (
            {"answers": None},
            "'answers' must list those of a question that isn't marked impossible, not None",
        ),
        ({"answers": ["two"]}, "answers[0]: must be an object, not 'two'"),
        ({"answers": [{"answer_start": 13}]}, "answers[0]: no 'text'"),
        ({"answers": [{"text": " ", "answer_start": 3}]}, "answers[0]: 'text' is empty"),
        (
            {"answers": [{"text": 2, "answer_start": 13}]},
            "answers[0]: 'text' must be a text, not 2",
        ),
        (
            {"answers": [{"text": "two"}]},
            "answers[0]: 'answer_start' must count from 0, not None",
        ),
        (
            {"answers": [{"text": "T", "answer_start": False}]},
            "answers[0]: 'answer_start' must count from 0, not False",
        ),
        (
            {"answers": [{"text": "!", "answer_start": -1}]},
            "answers[0]: 'answer_start' must count from 0, not -1",
        ),
        (
            {"answers": [{"text": "two", "answer_start": 13}, {"text": "two", "answer_start": 12}]},
            "answers[1]: the context doesn't hold 'two' at 12",
        ),
        (
            {"answers": [{"text": "two", "answer_start": 999}]},
            "answers[0]: the context doesn't hold 'two' at 999",
        ),
    ],
)
def test_a_faulty_question_is_named_by_its_path(
    tmp_path: Path, changes: dict[str, object], reason: str
) -> None:
    qas = [make_question("s0", ("two", 13)), make_question("s1", ("two", 13), **changes)]
    path = write_squad(tmp_path, ("Port", [(CONTEXT, qas)]))
    assert list_faults(read_squad, path) == [f"set.json, data[0].paragraphs[0].qas[1]: {reason}"]


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ([], "set.json: not a JSON object"),
        ({}, "set.json, data: must be a list, not None"),
        ({"data": [1]}, "set.json, data[0]: must be an object, not 1"),
        ({"data": [{}]}, "set.json, data[0].paragraphs: must be a list, not None"),
        (
            {"data": [{"title": 1, "paragraphs": []}]},
            "set.json, data[0]: 'title' must be a text, not 1",
        ),
        (
            {"data": [{"paragraphs": ["x"]}]},
            "set.json, data[0].paragraphs[0]: must be an object, not 'x'",
        ),
        (
            {"data": [{"paragraphs": [{"context": "x"}]}]},
            "set.json, data[0].paragraphs[0].qas: must be a list, not None",
        ),
        (
            {"data": [{"paragraphs": [{"context": "x", "qas": [[]]}]}]},
            "set.json, data[0].paragraphs[0].qas[0]: must be an object, not []",
        ),
        (
            {"data": [{"paragraphs": [{"qas": []}]}]},
            "set.json, data[0].paragraphs[0]: no 'context'",
        ),
        (
            {"data": [{"paragraphs": [{"context": " ", "qas": []}]}]},
            "set.json, data[0].paragraphs[0]: 'context' is empty",
        ),
        (
            {"data": [{"paragraphs": [{"context": "a\x00", "qas": []}]}]},
            "set.json, data[0].paragraphs[0]: "
            "'context' holds the control character U+0000 at position 1",
        ),
        ({"data": []}, "set.json: holds no paragraph"),
        (
            {"data": [{"paragraphs": [{"context": "x", "qas": []}]}]},
            "set.json: holds no question",
        ),
    ],
)
def test_a_squad_file_of_another_shape_is_named_by_the_path(
    tmp_path: Path, values: object, fault: str
) -> None:
    path = write(tmp_path / "set.json", json.dumps(values))
    assert list_faults(read_squad, path) == [fault]


def test_all_faults_of_a_squad_file_are_told_at_once(tmp_path: Path) -> None:
    path = write_squad(
        tmp_path,
        ("Port", [(" ", []), (CONTEXT, [make_question("s1"), make_question("s2", ("x", 0))])]),
        ("Quay", [(CONTEXT, [make_question("s1", ("two", 13))])]),
    )
    assert [fault.partition(": ")[0] for fault in list_faults(read_squad, path)] == [
        "set.json, data[0].paragraphs[0]",
        "set.json, data[0].paragraphs[1].qas[0]",
        "set.json, data[0].paragraphs[1].qas[1]",
        "set.json, data[1].paragraphs[0].qas[0]",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"data":\n [,]}', "set.json, line 2, column 3: not valid JSON: Expecting value"),
        ("", "set.json, line 1, column 1: not valid JSON: Expecting value"),
        pytest.param("[" * 100_000, "set.json: not valid JSON: nested too deep", id="nested"),
        pytest.param("1" * 5000, "set.json: not valid JSON: Exceeds the limit", id="digits"),
    ],
)
def test_a_squad_file_that_is_no_json_is_named(tmp_path: Path, text: str, fault: str) -> None:
    (found,) = list_faults(read_squad, write(tmp_path / "set.json", text))
    assert found.startswith(fault)


def test_a_squad_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "set.json"
    assert list_faults(read_squad, path) == [f"{path}: can't be read: No such file or directory"]
    assert list_faults(read_squad, tmp_path) == [f"{tmp_path}: can't be read: Is a directory"]
    path.write_bytes('{\n"é"}'.encode("latin-1"))
    assert list_faults(read_squad, path) == ["set.json, line 2: not UTF-8 text: byte 0xe9"]


def test_a_squad_file_may_start_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = write_squad(tmp_path, ("Port", [(CONTEXT, [make_question("s1", ("two", 13))])]))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_squad(path).questions


# TREC

TREC_1 = """
<top>
<head> Tipster Topic Description
<num> Number:  051
<dom> Domain:  International Economics
<title> Topic:  Airbus
   Subsidies

<desc> Description:
Document will discuss government assistance.
</top>

<top>
<num> Number: 052
<title> AT&T & <5 G
"""
XML = """<?xml version="1.0"?>
<topics task="web">
<!-- <topic number="51"><query>gone</query></topic> -->
<topic number="51" type="faceted"><query>Airbus &amp; &#233;t&#xE9; &copy</query>
<subtopic number="1">no</subtopic></topic>
<TOPIC Number='52'>
<TITLE>The title</TITLE><query>the query</query></TOPIC>
<topic number="53"><title> </title><query>no title</query></topic>
<top><num>54</num><title>closed</title><title>no</title><subtopic number="1">no</subtopic></top>
</topics>
"""


@pytest.mark.parametrize(
    ("topics", "expected"),
    [
        (TREC_1, [("051", "Airbus Subsidies"), ("052", "AT&T & <5 G")]),
        (
            XML,
            [
                ("51", "Airbus & été &copy"),
                ("52", "The title"),
                ("53", "no title"),
                ("54", "closed"),
            ],
        ),
        (
            "\ufeff51\tTopic: Ou\u0300  ?\r\n\n52\tAT&amp;T\u2028?\n",
            [("51", "Topic: Où ?"), ("52", "AT&amp;T ?")],
        ),
    ],
)
def test_topics_are_read_in_their_known_forms(
    tmp_path: Path, topics: str, expected: list[tuple[str, str]]
) -> None:
    qrels = write(tmp_path / "qrels", "".join(f"{name} 0 d1 1\n" for name, _ in expected))
    read = read_topics(write(tmp_path / "topics", topics), qrels, FRENCH)
    assert [(topic.id, topic.question) for topic in read] == expected
    assert {topic.language for topic in read} == {FRENCH}


def test_topics_that_nobody_judged_are_left_out(tmp_path: Path) -> None:
    topics = write(tmp_path / "topics", "1\tone\n2\ttwo\n3\tthree\n")
    qrels = write(tmp_path / "qrels", "1 0 d2 0\n3 Q0 d1 2\n1\t0\td1  -2 \r\n")
    assert read_topics(topics, qrels, ENGLISH) == (
        ExpectedAnswer("1", ENGLISH, "one", True, (Judgement("d2", 0), Judgement("d1", -2)), ()),
        ExpectedAnswer("3", ENGLISH, "three", True, (Judgement("d1", 2),), ()),
    )


@pytest.mark.parametrize(
    ("topic", "reason"),
    [
        ("<top><title>x</top>", "'num' is empty"),
        ("<top><num>1 2<title>x</top>", "'num' holds white space or a control character: '1 2'"),
        ("<top><num>1<title>x</top>", "the id '1' stands in topics, line 1 too"),
        ("<top><num>3<desc>x</top>", "'title/query' is empty"),
        ("<top><num>3<title> <desc>x</top>", "'title/query' is empty"),
        (
            "<top><num>3<title>a\x01</top>",
            "'title/query' holds the control character U+0001 at position 1",
        ),
    ],
)
def test_a_faulty_topic_is_named_by_the_line_that_it_starts_on(
    tmp_path: Path, topic: str, reason: str
) -> None:
    text = f"<top><num>1<title>x</top>\n<!--\n\n-->\n<top>\n<num>2<title>y</top>\n{topic}\n"
    qrels = write(tmp_path / "qrels", "1 0 d1 1\n")
    faults = list_faults(read_topics, write(tmp_path / "topics", text), qrels, FRENCH)
    assert faults == [f"topics, line 7: {reason}"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2 two", "must have 2 fields between tabs (id, question), not 1"),
        ("2\ttwo\tmore", "must have 2 fields between tabs (id, question), not 3"),
        ("\ttwo", "'id' is empty"),
        ("2\t ", "'title/query' is empty"),
        ("1\tone", "the id '1' stands in topics, line 1 too"),
    ],
)
def test_a_faulty_line_of_topics_is_named(tmp_path: Path, line: str, reason: str) -> None:
    topics = write(tmp_path / "topics", f"1\tone\n\n{line}\n")
    qrels = write(tmp_path / "qrels", "1 0 d1 1\n")
    assert list_faults(read_topics, topics, qrels, FRENCH) == [f"topics, line 3: {reason}"]


def test_the_faults_of_topics_and_judgements_are_told_at_once(tmp_path: Path) -> None:
    topics = write(tmp_path / "topics", "1\tone\n2\t\n")
    qrels = write(
        tmp_path / "qrels", "1 0 d1 1\n2 0 d1 1\n\n1 d1 1\n1 0 d1 x\n1 0 d1 0\n9 0 d9 1\n"
    )
    assert list_faults(read_topics, topics, qrels, None, {"d1"}) == [
        "topics: no language; give it with --question-language",
        "topics, line 2: 'title/query' is empty",
        "qrels, line 4: must have 4 fields (question, iteration, article, relevance), not 3",
        "qrels, line 5: the score must be an integer, not 'x'",
        "qrels, line 6: judged 0 here and 1 in qrels, line 1",
        "qrels, line 7: no question has the id '9'",
        "qrels, line 7: no article has the id 'd9'",
    ]


def test_the_articles_of_judgements_are_only_checked_against_known_ones(tmp_path: Path) -> None:
    topics = write(tmp_path / "topics", "1\tone\n")
    qrels = write(tmp_path / "qrels", "1 0 d9 1\n")
    assert read_topics(topics, qrels, FRENCH)[0].article_ids == ("d9",)
    assert read_topics(topics, qrels, FRENCH, {"d9"})[0].article_ids == ("d9",)


@pytest.mark.parametrize("text", ["", "\n", "<topics></topics>", "<html>"])
def test_topics_that_are_none_are_named(tmp_path: Path, text: str) -> None:
    qrels = write(tmp_path / "qrels", "\n")
    assert list_faults(read_topics, write(tmp_path / "topics", text), qrels, FRENCH) == [
        "topics: holds no topic",
        "qrels: holds no judgement",
    ]


def test_topics_and_judgements_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    topics, qrels = tmp_path / "topics", tmp_path / "qrels"
    qrels.mkdir()
    assert list_faults(read_topics, topics, qrels, FRENCH) == [
        f"{topics}: can't be read: No such file or directory",
        f"{qrels}: can't be read: Is a directory",
    ]
    topics.write_bytes("1\tone\n2\té".encode("latin-1"))
    assert list_faults(read_topics, topics, write(tmp_path / "q", "1 0 d1 1"), FRENCH) == [
        "topics, line 2: not UTF-8 text: byte 0xe9"
    ]


def test_judgements_of_trec_are_read_by_themselves(tmp_path: Path) -> None:
    qrels = write(tmp_path / "qrels", "2 0 d1 1\n1 0 d1 0\n2 0 d3 3\n")
    assert read_qrels(qrels) == {
        "2": (Judgement("d1", 1), Judgement("d3", 3)),
        "1": (Judgement("d1", 0),),
    }
    assert list_faults(read_qrels, write(qrels, "1 0 d1\n"))[0].startswith("qrels, line 1: must")


# The public sets


@pytest.mark.parametrize(
    ("name", "qrels", "articles", "questions", "unjudged"),
    [
        ("piaf_v1.1", None, 1518, 7569, 0),
        ("afriqa_fr", None, 790, 937, 0),
        ("afriqa_en", None, 5361, 5992, 0),
        ("casimedicos_fr_en", "qrels_fr-en.tsv", 1096, 548, 548),
        ("tatoeba_fra_eng", "qrels_fr-en.tsv", 2000, 1000, 1000),
        ("tatoeba_fra_eng", "qrels_en-fr.tsv", 2000, 1000, 1000),
    ],
)
def test_a_public_set_has_the_counts_that_it_was_published_with(
    real_sets: Path, name: str, qrels: str | None, articles: int, questions: int, unjudged: int
) -> None:
    """The counts are those of each set's README.txt."""
    folder = real_sets / name
    published = re.search(
        r"corpus (\d+) .* queries (\d+) ", (folder / "README.txt").read_text(encoding="utf-8")
    )
    assert published is not None
    assert (articles, questions + unjudged) == tuple(map(int, published.groups()))
    dataset = read_beir(folder, Path(qrels) if qrels else None)
    assert (len(dataset.articles), len(dataset.questions)) == (articles, questions)
    assert (dataset.name, dataset.unjudged) == (name, unjudged)
    assert all(question.answerable for question in dataset.questions)
    known = {article.id for article in dataset.articles}
    assert all(known.issuperset(question.article_ids) for question in dataset.questions)


@pytest.mark.parametrize(("asked", "found"), [("fr", "en"), ("en", "fr")])
def test_a_public_set_across_languages_has_its_articles_in_the_other_one(
    real_sets: Path, asked: str, found: str
) -> None:
    dataset = read_beir(real_sets / "tatoeba_fra_eng", Path(f"qrels_{asked}-{found}.tsv"))
    languages = {article.id: article.language for article in dataset.articles}
    assert {question.language for question in dataset.questions} == {asked}
    relevant = [each for question in dataset.questions for each in question.article_ids]
    assert {languages[article_id] for article_id in relevant} == {found}

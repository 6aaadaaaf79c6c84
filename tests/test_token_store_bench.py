import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import log2
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from massilia.corpus.article import Language
from massilia.eval.bench import token_store as bench
from massilia.eval.question_set import ExpectedAnswer, Judgement
from massilia.index.encoder import Advance, EncodedText, Encoder, TokenVectors, Vectors
from massilia.index.late_interaction import multiply, score_passages, weigh_tokens
from massilia.index.token_codec import TokenCodec
from massilia.index.token_store import LEAD, PassageTokens

WIDTH = 200
"""More than the 192 dimensions that a form keeps."""
ROOT = Path(__file__).parent.parent
NOTHING = np.array([], dtype=np.int64)
REFERENCE = np.random.default_rng(5).standard_normal((600, WIDTH)).astype(np.float32) + 1
REFERENCE /= np.linalg.norm(REFERENCE, axis=1, keepdims=True)


class NumberEncoder:
    """Encode texts of numbers: each is a token with that id and with the vector of its own."""

    name = "numbers"
    fingerprint = "numbers-1"
    dimension = WIDTH

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode_question_tokens(self, question: str) -> EncodedText:
        self.encoded.append(question)
        ids = np.array(question.split(), dtype=np.int64)
        vectors = REFERENCE[ids]
        return EncodedText(
            vectors.mean(axis=0), TokenVectors(ids, vectors, np.arange(1, len(ids) + 1))
        )

    def encode_passage_tokens(
        self, passages: Sequence[str], advance: Advance | None = None
    ) -> Iterator[EncodedText]:
        yield from map(self.encode_question_tokens, passages)

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        raise AssertionError("texts are encoded once, with their tokens")

    encode_passages = encode_questions


def make_question(
    question_id: str, language: Language, text: str, article_ids: Sequence[str]
) -> ExpectedAnswer:
    qrels = tuple(map(Judgement, article_ids))
    return ExpectedAnswer(question_id, language, text, True, qrels, ())


def make_task(
    passages: dict[str, str], questions: dict[str, Sequence[str]], languages: str = ""
) -> list[bench.Task]:
    """Make the directions of a set of numbers; those of passages are "f" and "e", all "e" unless
    told.
    """
    codes = {"f": Language.FRENCH, "e": Language.ENGLISH}
    of_passages = languages or "e" * len(passages)
    return bench.make_tasks(
        "toy",
        [
            bench.Passage(article_id, codes[code], text)
            for (article_id, text), code in zip(passages.items(), of_passages, strict=True)
        ],
        [
            make_question(text, Language.ENGLISH, text, article_ids)
            for text, article_ids in questions.items()
        ],
        NumberEncoder(),
    )


def draw_text(seed: int, count: int, highest: int = 200) -> str:
    return " ".join(map(str, np.random.default_rng(seed).integers(highest, size=count).tolist()))


@pytest.fixture
def codec() -> TokenCodec:
    return TokenCodec.fit(REFERENCE, np.arange(0, 30))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write a data set: twelve subjects in two languages, each with a question in both."""
    path = tmp_path / "sea.v1"
    path.mkdir()
    subjects = {
        "fr": "le port|la mer|un câble|une grue|le phare|la criée|un quai|une darse|le fort|"
        "la digue|un navire|une ancre",
        "en": "the port|the sea|a cable|a crane|the lighthouse|the market|a quay|a dock|the fort|"
        "the dyke|a ship|an anchor",
    }
    corpus, queries, qrels = [], [], ["query-id\tcorpus-id\tscore"]
    for lang, names in subjects.items():
        for number, name in enumerate(names.split("|")):
            said = f"Ici, on voit {name}." if lang == "fr" else f"Here one sees {name}."
            asked = f"Où voit-on {name} ?" if lang == "fr" else f"Where does one see {name}?"
            corpus.append({"_id": f"{lang}{number}", "title": name, "text": said, "lang": lang})
            queries.append({"_id": f"q{lang}{number}", "text": asked, "lang": lang})
            qrels += [f"q{lang}{number}\t{each}{number}\t1" for each in subjects]
    queries.append({"_id": "none", "text": "Where?", "lang": "en", "answerable": False})
    for file, rows in (("corpus.jsonl", corpus), ("queries.jsonl", queries)):
        lines = [json.dumps(row, ensure_ascii=False) for row in rows]
        (path / file).write_text("\n".join(lines), encoding="utf-8")
    (path / "qrels.tsv").write_text("\n".join(qrels) + "\n", encoding="utf-8")
    return path


def test_a_folder_is_sampled_evenly_and_keeps_what_answers(folder: Path) -> None:
    passages, questions = bench.read_set(folder, 6, 14)
    assert [each.language for each in questions] == [Language.ENGLISH] * 3 + [Language.FRENCH] * 3
    assert len({each.id for each in questions}) == 6
    gold = {article_id for question in questions for article_id in question.article_ids}
    assert gold < {each.article_id for each in passages}
    assert len(passages) == 14
    assert {each.text for each in passages} >= {"le port\nIci, on voit le port."} or len(gold) < 12
    assert bench.read_set(folder, 6, 14) == (passages, questions)


def test_a_folder_smaller_than_what_is_asked_for_is_read_whole(folder: Path) -> None:
    passages, questions = bench.read_set(folder, 1000, 1000)
    assert (len(passages), len(questions)) == (24, 24)
    assert passages[0] == bench.Passage("fr0", Language.FRENCH, "le port\nIci, on voit le port.")
    assert len(bench.read_set(folder, 1000, 0)[0]) == 24


def test_our_questions_are_asked_of_the_embedded_corpus() -> None:
    passages, questions = bench.read_set(ROOT / "corpus/questions/dev.jsonl", 40, 0)
    assert len(questions) == 40
    assert all(each.answerable for each in questions)
    assert {each.language for each in passages} == set(Language)
    articles = {each.article_id for each in passages}
    assert {article_id for each in questions for article_id in each.article_ids} <= articles
    assert len(passages) > len(articles)
    # The title of the article leads the passage.
    assert all("\n" in each.text for each in passages)


def test_a_direction_is_asked_of_the_passages_in_its_language() -> None:
    passages = {"a": "1 2 3", "b": "4 5 6", "c": "1 2 4", "d": "7 8 9"}
    french, english = make_task(passages, {"1 2": ["a", "b"], "7 9": ["d"]}, "ffee")
    assert (french.name, english.name) == ("toy en-fr", "toy en-en")
    (asked,) = french.asked
    assert (asked.candidates.tolist(), asked.gold) == ([0, 1], {"a", "b"})
    (asked,) = english.asked
    assert (asked.row, asked.candidates.tolist(), asked.gold) == (1, [3, 2], {"d"})


def test_wordings_of_a_need_are_drawn_together() -> None:
    question = make_question("q1", Language.ENGLISH, "1 2", ["a"])
    passages = [bench.Passage("a", Language.ENGLISH, "1 2 3")]
    (task,) = bench.make_tasks(
        "toy", passages, [question, replace(question, need="n")], NumberEncoder()
    )
    assert [each.cluster for each in task.asked] == ["q1", "n"]


def test_encoded_texts_are_kept(tmp_path: Path) -> None:
    encoder = NumberEncoder()
    passages = [bench.Passage("a", Language.ENGLISH, "1 2 3")]
    questions = [make_question("q", Language.ENGLISH, "1 2 3", ["a"])]
    (first,) = bench.make_tasks("toy", passages, questions, encoder, tmp_path / "kept")
    # The same text as a passage and as a question.
    assert encoder.encoded == ["1 2 3", "1 2 3"]
    assert len(list((tmp_path / "kept").iterdir())) == 2
    (second,) = bench.make_tasks("toy", passages, questions, encoder, tmp_path / "kept")
    assert len(encoder.encoded) == 2
    for name in ("vectors", "ids", "tokens", "starts"):
        kept, fresh = getattr(second.passages, name), getattr(first.passages, name)
        np.testing.assert_array_equal(kept, fresh)
    encoder.fingerprint = "numbers-2"
    bench.make_tasks("toy", passages, questions, encoder, tmp_path / "kept")
    assert len(encoder.encoded) == 4


@pytest.mark.parametrize(
    ("ranking", "gold", "expected"),
    [
        ("abc", "a", 1),
        ("abc", "b", 1 / log2(3)),
        ("aab", "b", 1 / log2(3)),
        ("abc", "bc", (1 / log2(3) + 1 / 2) / (1 + 1 / log2(3))),
        ("abcdefghijk", "j", 1 / log2(11)),
        ("abcdefghijk", "k", 0),
        ("", "a", 0),
        ("abcdefghij", "abcdefghijkl", 1),
    ],
)
def test_ndcg_is_that_of_articles(ranking: str, gold: str, expected: float) -> None:
    assert bench.score_ranking(ranking, frozenset(gold)) == pytest.approx(expected)


def test_the_shipped_form_ranks_as_the_library_does(codec: TokenCodec) -> None:
    texts = {str(number): draw_text(number, 12) for number in range(40)}
    asked = {draw_text(seed, 6): [str(seed % 40)] for seed in range(100, 160)}
    (task,) = make_task(texts, asked)
    form = bench.list_forms(codec, REFERENCE)[-1]
    assert form.name == bench.SHIPPED_FORM
    (gains,) = bench.measure_form(task, form, [bench.Rule("", codec.dropped)])
    counts = {
        token: sum(token in text.split() for text in texts.values())
        for token in map(str, range(200))
    }
    stored = []
    for text in texts.values():
        ids = np.array(text.split(), dtype=np.int64)
        ids = ids[ids >= 30]
        packed = codec.encode(REFERENCE[ids].astype(np.float16).astype(np.float32))
        sentences = np.full(len(ids), LEAD, dtype=np.uint8)
        stored.append(PassageTokens(ids.astype(np.int32), packed, sentences))
    for gain, (text, (gold,)), of_question in zip(gains, asked.items(), task.asked, strict=True):
        ids = np.array(text.split(), dtype=np.int64)
        vectors = codec.project(REFERENCE[ids].astype(np.float16).astype(np.float32))
        weights = weigh_tokens(ids, {int(token): n for token, n in counts.items()}, len(texts))
        scores = score_passages(multiply(vectors, stored), weights)
        rank = int((scores > scores[int(gold)]).sum())
        assert len(of_question.candidates) == 40
        assert gain == pytest.approx(1 / log2(rank + 2) if rank < 10 else 0)


def test_only_the_nearest_passages_are_ranked_anew(codec: TokenCodec) -> None:
    passages = {str(number): draw_text(number, 3) for number in range(60)}
    (task,) = make_task(passages, {"1 2 3": ["0"]})
    (asked,) = task.asked
    assert len(asked.candidates) == bench.CANDIDATES == 50
    similarities = task.passages.vectors @ task.questions.vectors[0]
    assert similarities[asked.candidates].tolist() == sorted(similarities, reverse=True)[:50]


def test_a_rule_leaves_tokens_out_of_passages_and_of_questions(codec: TokenCodec) -> None:
    # Of the question, 7 is in b alone, 8 and 9 in a alone.
    (task,) = make_task({"a": "8 9 1 2", "b": "7 3 4 5"}, {"7 8 9": ["b"]})
    form = bench.list_forms(codec, REFERENCE)[0]
    dropped = np.array([8, 9])
    rules = [
        bench.Rule("", NOTHING),
        bench.Rule("", dropped),
        bench.Rule("", np.array([7])),
        bench.Rule("", np.array([7, 8]), asked=False),
        bench.Rule("", dropped, asked=False),
        bench.Rule("", np.arange(10)),
        bench.Rule("", np.arange(10), asked=False),
    ]
    gains = bench.measure_form(task, form, rules)[:, 0]
    second = 1 / log2(3)
    nearest = second if task.asked[0].candidates[0] == 0 else 1
    assert gains.tolist() == pytest.approx([second, 1, second, second, 1, nearest, nearest])


def test_a_token_that_is_not_asked_for_counts_for_nothing(codec: TokenCodec) -> None:
    order = np.argsort(REFERENCE @ REFERENCE[8]).tolist()
    # Both numbers of a are near 8, which neither holds; b has a nearer one and the farthest.
    (task,) = make_task(
        {"a": f"{order[-4]} {order[-3]}", "b": f"{order[-2]} {order[0]}"}, {"8": ["b"]}
    )
    form = bench.list_forms(codec, REFERENCE)[0]
    dropped = np.array([8])
    rules = [bench.Rule("", dropped), bench.Rule("", dropped, asked=False)]
    gains = bench.measure_form(task, form, rules)[:, 0]
    assert gains.tolist() == pytest.approx([1, 1 / log2(3)])


def test_rules_count_in_the_reference_and_in_the_set() -> None:
    (task,) = make_task({"a": "1 1 50", "b": "1 2 50", "c": "3 50", "d": "4"}, {"1": ["a"]})
    encoder = NumberEncoder()
    reference = ["10 11", "10 12", "10 13", "11 13 13", *["14"] * 5]
    codec = TokenCodec.fit(REFERENCE, np.array([14, 15, 16]))
    encoded = bench.stack_texts(encoder.encode_passage_tokens(reference))
    marks = np.array([20])
    rules = bench.list_rules(task.passages, codec, encoded, marks)
    dropped = {rule.name: rule.dropped.tolist() for rule in rules if rule.asked}
    assert dropped[bench.ALL_TOKENS] == []
    assert dropped["without punctuation marks"] == [15, 16, 20]
    assert dropped["without those in 3 reference sentences"] == [10, 14, 15, 16, 20]
    assert dropped["without those in 2 reference sentences"] == [10, 11, 13, 14, 15, 16, 20]
    assert dropped[f"{bench.SHIPPED_RULE}, but with other marks"] == [14]
    assert dropped[bench.SHIPPED_RULE] == [14, 15, 16]
    assert dropped["without those in over 50% of the set"] == [50]
    assert dropped[bench.SET_RULE] == [1, 50]
    assert dropped["without those in over 10% of the set"] == [1, 2, 3, 4, 50]
    unasked = [rule.name for rule in rules if not rule.asked]
    assert len(unasked) == len(bench.UNASKED)
    assert f"{bench.SHIPPED_RULE}, nor of questions" in unasked


def test_the_bytes_are_those_of_an_average_passage(codec: TokenCodec) -> None:
    (task,) = make_task({"a": "1 1 50", "b": "2 50", "c": "3"}, {"1": ["a"]})
    forms = [bench.Form("x", 10, lambda each: each, lambda each: each)]
    rules = [
        bench.Rule(bench.ALL_TOKENS, NOTHING),
        bench.Rule(bench.SET_RULE, np.array([1, *range(100, 110)])),
    ]
    first, second = bench.weigh_forms(task, forms, rules)
    assert first.bytes_a_passage == 6 / 3 * 15
    assert second.bytes_a_passage == 4 / 3 * 15 + 2


def test_differences_are_from_the_first_form_with_all_tokens(codec: TokenCodec) -> None:
    texts = {str(number): draw_text(number, 8, 60) for number in range(50)}
    asked = {" ".join(text.split()[:3]): [article] for article, text in texts.items()}
    (task,) = make_task(texts, asked)
    forms = bench.list_forms(codec, REFERENCE)
    drawn = [bench.Rule(bench.ALL_TOKENS, NOTHING), bench.Rule(bench.SHIPPED_RULE, np.arange(30))]
    rules = [*drawn, bench.Rule("another", np.arange(10))]
    points = bench.weigh_forms(task, forms, rules)
    assert forms[-1].name == bench.SHIPPED_FORM
    assert [(each.form, each.rule) for each in points] == [
        *((form.name, rule.name) for form in forms for rule in drawn),
        (bench.SHIPPED_FORM, "another"),
    ]
    assert (points[0].difference, points[0].low, points[0].high) == (0, 0, 0)
    for point in points:
        assert point.difference == pytest.approx(point.ndcg - points[0].ndcg)
        assert point.low is not None and point.high is not None
        assert point.low <= point.difference <= point.high
    assert any(point.low < point.high for point in points)
    # Dropping the half of what is asked for costs.
    assert points[1].high is not None and points[1].high < 0
    assert bench.weigh_forms(task, forms, rules) == points


def test_forms_lose_the_more_the_fewer_bytes_they_take(codec: TokenCodec) -> None:
    forms = {form.name: form for form in bench.list_forms(codec, REFERENCE)}
    assert set(forms) == {*bench.UNCENTRED, *bench.CENTRED}
    asked, stored = REFERENCE[:100], REFERENCE[100:]

    def correlate(name: str, exact: str) -> float:
        form, like = forms[name], forms[exact]
        products = form.ask(asked) @ form.store(stored).T
        wanted = like.ask(asked) @ like.store(stored).T
        return float(np.corrcoef(products.ravel(), wanted.ravel())[0, 1])

    found = [correlate(name, "centred, float16") for name in bench.CENTRED]
    assert found == sorted(found, reverse=True)
    assert found[1:] == pytest.approx([0.994, 0.983, 0.940, 0.797], abs=0.01)
    sizes = [forms[name].bytes for name in (*bench.UNCENTRED, *bench.CENTRED)]
    assert sizes == [400, 200, 192, 400, 100, 75, 50, 25]
    assert correlate("int8", bench.FLOAT16) > 0.999
    assert correlate("192 dimensions, int8", bench.FLOAT16) > 0.98
    for name, levels in (("centred, 4 bits", 16), ("centred, 3 bits", 8), ("centred, 1 bit", 2)):
        numbers = forms[name].store(stored)
        assert len(np.unique(numbers[:, 0])) == levels
        assert len(np.unique(np.abs(numbers[:, 0]))) == levels // 2


def make_points(task: str = "toy fr-en", ndcg: float = 0.81) -> list[bench.Point]:
    return [
        bench.Point(task, 7, form, rule, 1000.0 * (number + 1), ndcg + number / 1000, 0, 0, 0)
        for _, _, forms, rule in bench.CURVES
        for number, form in enumerate(forms)
    ]


def test_each_direction_has_a_panel_with_its_curves() -> None:
    elsewhere = replace(make_points()[0], rule="without punctuation marks", bytes_a_passage=1.0)
    drawing = bench.draw_points([*make_points(), *make_points("<b> fr", 0.5), elsewhere])
    root = ElementTree.fromstring(drawing)
    namespace = {"svg": "http://www.w3.org/2000/svg"}
    panels = root.findall("svg:svg/svg:svg", namespace)
    assert len(panels) == 2
    places = {(each.attrib["x"], each.attrib["y"]) for each in root.findall("svg:svg", namespace)}
    assert len(places) == 2
    for panel, name in zip(panels, ("toy fr-en", "<b> fr"), strict=True):
        texts = ["".join(each.itertext()) for each in panel.iterfind("svg:text", namespace)]
        assert f"nDCG@10, {name}, 7 questions" in texts
        assert "bytes a passage" in texts
        assert "5,000" in texts and "1" not in texts
        assert {label for _, label, _, _ in bench.CURVES} < set(texts)
        curves = [
            each.attrib["d"]
            for each in panel.iterfind("svg:path", namespace)
            if each.attrib["class"].startswith("curve")
        ]
        # The samples of the legend are curves too.
        lengths = [each.count("L") + 1 for each in curves if "h" not in each]
        assert lengths == [len(forms) for _, _, forms, _ in bench.CURVES]
        circle = panel.find("svg:circle", namespace)
        assert circle is not None
        place = f"{circle.attrib['cx']} {circle.attrib['cy']}"
        assert place in re.split("[ML]", curves[-5])
    assert bench.draw_points([*make_points(), *make_points("<b> fr", 0.5)]) == drawing


def test_panels_span_as_much_and_hold_all_points() -> None:
    low, high = make_points("low", 0.101), make_points("high", 0.955)
    wide = [replace(low[0], ndcg=0.199), *low[1:]]
    root = ElementTree.fromstring(bench.draw_points([*wide, *high]))
    namespace = {"svg": "http://www.w3.org/2000/svg"}
    for panel, least in zip(root.findall("svg:svg/svg:svg", namespace), (0.1, 0.94), strict=True):
        texts = ["".join(each.itertext()) for each in panel.iterfind("svg:text", namespace)]
        ticks = [float(each) for each in texts if re.fullmatch(r"\d\.\d\d", each)]
        assert ticks == pytest.approx([least + 0.02 * number for number in range(6)])


def test_a_run_writes_the_same_rows_and_drawing_each_time(
    folder: Path,
    tmp_path: Path,
    encoder: Encoder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(bench, "open_onnx_encoder", lambda _: encoder)
    written = []
    for number in range(2):
        rows, drawing = tmp_path / f"{number}.json", tmp_path / f"{number}.svg"
        arguments = ["bench", str(folder), "--questions", "8", "--keep", str(tmp_path / "kept")]
        monkeypatch.setattr("sys.argv", [*arguments, "--json", str(rows), "--svg", str(drawing)])
        bench.main()
        written.append((rows.read_text(encoding="utf-8"), drawing.read_text(encoding="utf-8")))
    assert written[0] == written[1]
    points = [bench.Point(**row) for row in json.loads(written[0][0])]
    assert bench.draw_points(points) + "\n" == written[0][1]
    tasks = [f"sea.v1 {direction}" for direction in ("fr-fr", "fr-en", "en-fr", "en-en")]
    assert list(dict.fromkeys(point.task for point in points)) == tasks
    assert all(point.questions == 4 for point in points)
    pairs = {(point.form, point.rule) for point in points}
    assert {(form, rule) for _, _, forms, rule in bench.CURVES for form in forms} <= pairs
    assert len(points) == len(pairs) * 4
    # The model finds the sentence of a subject among twelve.
    first = (bench.FLOAT16, bench.ALL_TOKENS)
    found = {each.task: each.ndcg for each in points if (each.form, each.rule) == first}
    assert min(found["sea.v1 fr-fr"], found["sea.v1 en-en"]) > 0.8
    printed = capsys.readouterr().out
    assert "sea.v1 fr-en, 4 questions" in printed
    assert f"{points[0].ndcg:.4f}" in printed

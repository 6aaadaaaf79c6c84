"""Weigh what the tokens of passages may be stored as: bytes a passage against nDCG@10.

    python -m massilia.eval.bench.token_store ../shared/evaldata/piaf_v1.1 \
        ../shared/evaldata/afriqa_en ../shared/evaldata/casimedicos_fr_en \
        corpus/questions/dev.jsonl --keep FOLDER --json FILE --svg eval/bench/token_store.svg

A form says what a token's vector is stored as, a rule which tokens are left out; each pair ranks
anew the 50 passages nearest to a question by their vectors. The passages of a BEIR folder are its
articles, unsplit; our own questions are asked of the embedded corpus. A set in both languages is
asked in four directions. What forms learn is learnt from the reference sentences, the same for
every library; the rules that count in the set itself are there to compare. Differences are paired,
from float16 with all tokens. What is drawn by chance has a seed: a run gives the same figures.
"""

import argparse
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from math import ceil, floor, log2
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias
from unicodedata import category

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from platformdirs import user_cache_path

from massilia.corpus.article import Language
from massilia.eval.beir import read_beir
from massilia.eval.bootstrap import Vectors64
from massilia.eval.paired import estimate_difference
from massilia.eval.plots import WIDTH, Axis, Curve, Tick, draw_plot, list_log_ticks
from massilia.eval.plots import Point as PlottedPoint
from massilia.eval.printing import print_table
from massilia.eval.question_set import ExpectedAnswer, read_question_set
from massilia.eval.run import restrict_expected
from massilia.index.background import read_reference_sentences
from massilia.index.encoder import EncodedText, TokenEncoder, Vectors
from massilia.index.encoder_input import compose_passage
from massilia.index.late_interaction import weigh_tokens
from massilia.index.library import Library
from massilia.index.onnx_encoder import open_onnx_encoder
from massilia.index.token_codec import TokenCodec, learn_codec, unpack

CANDIDATES = 50
DEPTH = 10
# The step that loses least of a normal variable, in standard deviations, by bits (Max, 1960).
STEPS = {4: 0.335, 3: 0.586, 1: 1.596}
# What a token takes beside its vector: an id and the number of a sentence.
BESIDE = 5
# Vectors that are coded at once, which bounds the memory that this takes beside them.
BLOCK = 20_000
SEED = 0

FLOAT16 = "float16"
SHIPPED_FORM = "centred, 2 bits"
CENTRED = ("centred, float16", "centred, 4 bits", "centred, 3 bits", SHIPPED_FORM, "centred, 1 bit")
UNCENTRED = (FLOAT16, "int8", "192 dimensions, int8")
ALL_TOKENS = "all tokens"
SHIPPED_RULE = "without those in 5 reference sentences"
SET_RULE = "without those in over 30% of the set"
DRAWN_RULES = (ALL_TOKENS, SET_RULE, SHIPPED_RULE)
# Rules that are tried on questions too: a token that no passage keeps matches others by chance.
UNASKED = (
    "punctuation marks",
    "those in 10 reference sentences",
    "those in 5 reference sentences",
    "those in 3 reference sentences",
    "those in over 30% of the set",
)

# Curves in the drawing: the class each is drawn as, its label, its forms and its rule.
CURVES = (
    ("uncentred", "as they are, all tokens", UNCENTRED, ALL_TOKENS),
    ("all", "centred, all tokens", CENTRED, ALL_TOKENS),
    ("set", f"centred, {SET_RULE}", CENTRED, SET_RULE),
    ("shipped", f"centred, {SHIPPED_RULE}", CENTRED, SHIPPED_RULE),
)
COLOURS = {"uncentred": "#6b6b6b", "all": "#0a5577", "set": "#2e8b57", "shipped": "#a5421c"}
PANELS_A_ROW = 2
PANEL_HEIGHT = 385
GAP = 28
GRID = 0.02
STYLE = """
text { font: 11.5px sans-serif; fill: #1c2b36; }
.tick { font-size: 10.5px; }
.tick, .title { fill: #54606a; }
path { fill: none; stroke: #8a7a5c; }
.grid { stroke: #e4dcc9; }
.curve { stroke-width: 2; stroke-linejoin: round; }
.point { fill: #a5421c; stroke: #fff; stroke-width: 2; }
"""

Transform: TypeAlias = Callable[[Vectors], Vectors]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """Hold the vectors of texts and those of all their tokens, one text after the other.

    Text n has the tokens from `starts[n]` to `starts[n + 1]`.
    """

    vectors: Vectors
    ids: NDArray[np.int64]
    tokens: NDArray[np.float16]
    starts: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Passage:
    """Hold what the encoder reads for a passage, and whose it is."""

    article_id: str
    language: Language
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Hold a question by its row, with its candidates by row, and the articles that answer it.

    Questions of one `cluster` ask the same in other words.
    """

    row: int
    cluster: str
    candidates: NDArray[np.intp]
    gold: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """Hold the questions of one direction, and all passages of the set."""

    name: str
    passages: Texts
    article_ids: Sequence[str]
    questions: Texts
    asked: Sequence[Asked]


@dataclass(frozen=True, slots=True)
class Form:
    """Say how many bytes a token's vector takes, and what is multiplied in the end.

    That is what `ask` makes of a question's tokens and what `store` leaves of a passage's.
    """

    name: str
    bytes: float
    ask: Transform
    store: Transform


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """Name the tokens that aren't kept of a passage; `asked` says if they count in a question."""

    name: str
    dropped: NDArray[np.int64]
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Point:
    """Say what a form costs under a rule and what it is worth.

    The difference from float16 with all tokens has its 95 % interval.
    """

    task: str
    questions: int
    form: str
    rule: str
    bytes_a_passage: float
    ndcg: float
    difference: float | None
    low: float | None
    high: float | None


def main() -> None:
    """Print a row for each form and rule, and write them to a file and draw them when asked."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "sets", type=Path, nargs="+", metavar="SET", help="BEIR folders and our question sets"
    )
    parser.add_argument("--questions", type=int, default=600, help="at most so many of a set")
    parser.add_argument(
        "--passages", type=int, default=2500, help="at most so many of a folder, gold or not"
    )
    parser.add_argument("--keep", type=Path, help="folder where encoded texts are kept")
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    parser.add_argument("--svg", type=Path, help="file to draw the curves to")
    options = parser.parse_args()
    encoder = open_onnx_encoder(user_cache_path("massilia"))
    codec = learn_codec(encoder)
    sentences = [each for language in Language for each in read_reference_sentences(language)]
    reference = stack_texts(encoder.encode_passage_tokens(sentences))
    forms = list_forms(codec, reference.tokens.astype(np.float32))
    written = "".join(sentences)
    spaced = " ".join(sorted({each for each in written if category(each).startswith("P")}))
    (marks,) = encoder.encode_passage_tokens([spaced])
    points = []
    for path in options.sets:
        passages, questions = read_set(path, options.questions, options.passages)
        name = path.name if path.is_dir() else path.stem
        for task in make_tasks(name, passages, questions, encoder, options.keep):
            measured = weigh_forms(
                task, forms, list_rules(task.passages, codec, reference, marks.tokens.ids)
            )
            _print(measured)
            points += measured
    if options.json:
        rows = [asdict(point) for point in points]
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    if options.svg:
        options.svg.write_text(draw_points(points) + "\n", encoding="utf-8")


def read_set(
    path: Path, most_questions: int, most_passages: int
) -> tuple[list[Passage], list[ExpectedAnswer]]:
    """Return passages and answerable questions, as many in each language, drawn with a seed.

    All passages that answer one of the questions are among those of a folder.
    """
    chance = random.Random(SEED)
    if not path.is_dir():
        return _read_embedded_passages(), _sample(read_question_set(path), most_questions, chance)
    dataset = read_beir(path, Path("qrels.tsv"))
    questions = _sample(dataset.questions, most_questions, chance)
    gold = {article_id for question in questions for article_id in question.article_ids}
    others = [each.id for each in dataset.articles if each.id not in gold]
    room = max(most_passages - len(gold), 0)
    sampled = gold.union(chance.sample(others, min(room, len(others))))
    passages = [
        Passage(each.id, each.language, "\n".join(filter(None, (each.title, each.text))))
        for each in dataset.articles
        if each.id in sampled
    ]
    return passages, questions


def make_tasks(
    name: str,
    passages: Sequence[Passage],
    questions: Sequence[ExpectedAnswer],
    encoder: TokenEncoder,
    keep: Path | None = None,
) -> list[Task]:
    """Return the directions of a set, its passages and questions encoded, or read from `keep`.

    The candidates of a question are the passages in one language that are nearest to it.
    """
    encoded = _encode(
        [each.text for each in passages], encoder.encode_passage_tokens, encoder.fingerprint, keep
    )
    asked = _encode(
        [each.question for each in questions],
        lambda texts: map(encoder.encode_question_tokens, texts),
        f"questions {encoder.fingerprint}",
        keep,
    )
    article_ids = [each.article_id for each in passages]
    languages = {each.article_id: each.language for each in passages}
    tasks = []
    for spoken, found_in in product(Language, Language):
        rows = np.flatnonzero([each.language is found_in for each in passages])
        of_direction = []
        for row, question in enumerate(questions):
            narrowed = restrict_expected(question, found_in, languages)
            if question.language is not spoken or narrowed is None:
                continue
            similarities = encoded.vectors[rows] @ asked.vectors[row]
            candidates = rows[np.argsort(-similarities, kind="stable")[:CANDIDATES]]
            cluster = question.need or question.id
            of_direction.append(Asked(row, cluster, candidates, frozenset(narrowed.article_ids)))
        if of_direction:
            direction = f"{name} {spoken}-{found_in}"
            tasks.append(Task(direction, encoded, article_ids, asked, of_direction))
    return tasks


def stack_texts(encoded: Iterable[EncodedText]) -> Texts:
    """Return encoded texts as arrays, the vectors of tokens in 16 bits."""
    vectors, ids, tokens = [], [], []
    for each in encoded:
        vectors.append(each.vector)
        ids.append(each.tokens.ids)
        tokens.append(each.tokens.vectors.astype(np.float16))
    starts = np.cumsum([0, *map(len, ids)])
    return Texts(np.stack(vectors), np.concatenate(ids), np.concatenate(tokens), starts)


def list_forms(codec: TokenCodec, reference: Vectors) -> list[Form]:
    """Return the forms, float16 first, learnt from vectors of shape (tokens, width)."""
    width = reference.shape[1]
    mean = reference.mean(axis=0)
    deviations = _normalise(reference - mean).std(axis=0)
    _, directions = np.linalg.eigh(reference.T @ reference)
    components = np.ascontiguousarray(directions[:, ::-1][:, :192])

    def keep(vectors: Vectors) -> Vectors:
        return vectors

    def centre(vectors: Vectors) -> Vectors:
        return _normalise(vectors - mean)

    def project(vectors: Vectors) -> Vectors:
        return _normalise(vectors @ components)

    def store(vectors: Vectors) -> Vectors:
        return unpack(codec.encode(vectors))

    step = np.abs(reference).max() / 127
    steps = np.abs(project(reference)).max(axis=0) / 127
    return [
        Form(FLOAT16, 2 * width, keep, keep),
        Form("int8", width, keep, _round(keep, step)),
        Form("192 dimensions, int8", components.shape[1], project, _round(project, steps)),
        Form("centred, float16", 2 * width, centre, centre),
        *(
            Form(
                f"centred, {bits} bit{'s' if bits > 1 else ''}",
                width * bits / 8,
                centre,
                _quantise(centre, np.float32(step) * deviations, bits),
            )
            for bits, step in STEPS.items()
        ),
        Form(SHIPPED_FORM, codec.size, codec.project, store),
    ]


def list_rules(
    passages: Texts, codec: TokenCodec, reference: Texts, marks: NDArray[np.int64]
) -> list[Rule]:
    """Return the rules, that which leaves nothing out first, and the store's own.

    `marks` are the punctuation marks of the reference sentences. They and the other marks that the
    store drops are left out with what is frequent in those sentences.
    """
    ids, counts = _count_texts_with(reference)
    frequent = ids[counts >= 5]
    marks = np.union1d(marks, np.setdiff1d(codec.dropped, frequent))
    of_set, set_counts = _count_texts_with(passages)
    total = len(passages.vectors)
    rules = [
        Rule(ALL_TOKENS, np.array([], dtype=np.int64)),
        Rule("without punctuation marks", marks),
        Rule(f"{SHIPPED_RULE}, but with other marks", frequent),
        *(
            Rule(
                f"without those in {least} reference sentences",
                np.union1d(marks, ids[counts >= least]),
            )
            for least in (20, 10, 3, 2)
        ),
        Rule(SHIPPED_RULE, codec.dropped),
        *(
            Rule(
                f"without those in over {share:.0%} of the set", of_set[set_counts > share * total]
            )
            for share in (0.5, 0.3, 0.2, 0.1)
        ),
    ]
    return rules + [
        Rule(f"{rule.name}, nor of questions", rule.dropped, asked=False)
        for rule in rules
        if rule.name.removeprefix("without ") in UNASKED
    ]


def weigh_forms(task: Task, forms: Sequence[Form], rules: Sequence[Rule]) -> list[Point]:
    """Return a point for each form and rule, the first pair being what others differ from.

    Rules that aren't drawn are tried on the shipped form alone.
    """
    clusters = [each.cluster for each in task.asked]
    drawn = [rule for rule in rules if rule.name in DRAWN_RULES]
    first: Vectors64 | None = None
    points = []
    for form in forms:
        tried = rules if form.name == SHIPPED_FORM else drawn
        for rule, gains in zip(tried, measure_form(task, form, tried), strict=True):
            first = gains if first is None else first
            difference = estimate_difference(first, gains, clusters)
            points.append(
                Point(
                    task.name,
                    len(clusters),
                    form.name,
                    rule.name,
                    _weigh_passage(task.passages, form, rule),
                    float(gains.mean()),
                    difference.value,
                    difference.low,
                    difference.high,
                )
            )
    return points


def measure_form(task: Task, form: Form, rules: Sequence[Rule]) -> Vectors64:
    """Return nDCG@10 of each question under each rule, of shape (rules, questions)."""
    texts = task.passages
    stored = np.concatenate(
        [
            form.store(texts.tokens[start : start + BLOCK].astype(np.float32))
            for start in range(0, len(texts.tokens), BLOCK)
        ]
    )
    counts = dict(zip(*(each.tolist() for each in _count_texts_with(texts)), strict=True))
    kept = [np.isin(texts.ids, rule.dropped, invert=True) for rule in rules]
    gains = np.zeros((len(rules), len(task.asked)))
    for column, asked in enumerate(task.asked):
        own = slice(*task.questions.starts[asked.row : asked.row + 2])
        ids = task.questions.ids[own]
        vectors = form.ask(task.questions.tokens[own].astype(np.float32))
        weights = weigh_tokens(ids, counts, len(texts.vectors))
        tokens = [np.arange(*texts.starts[row : row + 2]) for row in asked.candidates.tolist()]
        passages = np.repeat(np.arange(len(tokens)), list(map(len, tokens)))
        places = np.concatenate(tokens)
        products = stored[places] @ vectors.T
        for row, rule in enumerate(rules):
            left = kept[row][places]
            counted = weights if rule.asked else weights * ~np.isin(ids, rule.dropped)
            scores = _score(products[left], passages[left], counted, len(tokens))
            order = np.argsort(-scores, kind="stable")
            ranking = [task.article_ids[each] for each in asked.candidates[order].tolist()]
            gains[row, column] = score_ranking(ranking, asked.gold)
    return gains


def score_ranking(ranking: Iterable[str], gold: frozenset[str]) -> float:
    """Return nDCG@10 of the articles of ranked passages, each counted where it first stands.

    All that are gold are equally so (Järvelin & Kekäläinen 2002).
    """
    articles = list(dict.fromkeys(ranking))[:DEPTH]
    gain = sum(1 / log2(rank + 2) for rank, article in enumerate(articles) if article in gold)
    return gain / sum(1 / log2(rank + 2) for rank in range(min(DEPTH, len(gold))))


def draw_points(points: Sequence[Point]) -> str:
    """Return an SVG image with a panel for each direction; all span as much of nDCG."""
    by_task: dict[str, dict[tuple[str, str], Point]] = defaultdict(dict)
    for point in points:
        if any(point.form in forms and point.rule == rule for _, _, forms, rule in CURVES):
            by_task[point.task][point.form, point.rule] = point
    sizes = [point.bytes_a_passage for of_task in by_task.values() for point in of_task.values()]
    low, high = min(sizes) * 0.9, max(sizes) * 1.1
    ticks = tuple(Tick(each, f"{each:,.0f}") for each in list_log_ticks(low, high))
    x = Axis("bytes a passage", low, high, ticks, logarithmic=True)
    lows = [floor(min(each.ndcg for each in of.values()) / GRID) for of in by_task.values()]
    highs = [ceil(max(each.ndcg for each in of.values()) / GRID) for of in by_task.values()]
    span = max(high - low for low, high in zip(lows, highs, strict=True))
    panels = [
        _draw_panel(task, of_task, x, start, start + span)
        for (task, of_task), start in zip(by_task.items(), lows, strict=True)
    ]
    return _lay_out(panels)


def _draw_panel(
    task: str, points: Mapping[tuple[str, str], Point], x: Axis, low: int, high: int
) -> Markup:
    """Draw the curves of a direction, nDCG@10 from `low` to `high` in steps of the grid."""
    shipped = points[SHIPPED_FORM, SHIPPED_RULE]
    values = [step * GRID for step in range(low, high + 1)]
    ticks = tuple(Tick(each, f"{each:.2f}") for each in values)
    return draw_plot(
        f"nDCG@{DEPTH} by bytes a passage, {task}",
        x,
        Axis(f"nDCG@{DEPTH}, {task}, {shipped.questions} questions", values[0], values[-1], ticks),
        [
            Curve(
                kind,
                label,
                tuple(
                    (points[form, rule].bytes_a_passage, points[form, rule].ndcg) for form in forms
                ),
            )
            for kind, label, forms, rule in CURVES
        ],
        points=[PlottedPoint(f"the store: {SHIPPED_FORM}", shipped.bytes_a_passage, shipped.ndcg)],
    )


def _lay_out(panels: Sequence[Markup]) -> str:
    rows = ceil(len(panels) / PANELS_A_ROW)
    width = PANELS_A_ROW * (WIDTH + GAP) + GAP
    height = rows * (PANEL_HEIGHT + GAP) + GAP
    markers = Markup().join(
        Markup(
            '<marker id="{kind}" viewBox="-3 -3 6 6" markerUnits="userSpaceOnUse" markerWidth="6"'
            ' markerHeight="6"><circle r="3" fill="{colour}"/></marker>'
        ).format(kind=kind, colour=colour)
        for kind, colour in COLOURS.items()
    )
    styles = "".join(
        f".{kind} {{ stroke: {colour}; marker: url(#{kind}); }}\n"
        for kind, colour in COLOURS.items()
    )
    placed = Markup("\n").join(
        Markup('<svg x="{}" y="{}" width="{}" height="{}">{}</svg>').format(
            GAP + number % PANELS_A_ROW * (WIDTH + GAP),
            GAP + number // PANELS_A_ROW * (PANEL_HEIGHT + GAP),
            WIDTH,
            PANEL_HEIGHT,
            panel,
        )
        for number, panel in enumerate(panels)
    )
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"'
        ' height="{height}">\n<style>\n{style}</style>\n<defs>{markers}</defs>\n'
        '<rect width="{width}" height="{height}" fill="#fff"/>\n{panels}\n</svg>'
    ).format(
        width=width,
        height=height,
        style=Markup(STYLE + styles),
        markers=markers,
        panels=placed,
    )


def _print(points: Sequence[Point]) -> None:
    task = f"{points[0].task}, {points[0].questions} questions"
    columns = ("form", task, "bytes a passage", f"nDCG@{DEPTH}", "difference, 95 % interval")
    rows = [
        (
            each.form,
            each.rule,
            f"{each.bytes_a_passage:,.0f}",
            f"{each.ndcg:.4f}",
            f"{each.difference:+.4f} ({each.low:+.4f} to {each.high:+.4f})",
        )
        for each in points
    ]
    print_table(columns, rows)


def _read_embedded_passages() -> list[Passage]:
    with TemporaryDirectory(prefix="massilia-bench-") as folder:
        library = Library.create(Path(folder) / "library")
        try:
            library.put_embedded_corpus()
            texts = library.store.indexed_passages()
            stored = library.store.passages([each.id for each in texts])
        finally:
            library.close()
    return [
        Passage(place.article_id, each.language, compose_passage(each).text)
        for place, each in zip(stored, texts, strict=True)
    ]


def _sample(
    questions: Iterable[ExpectedAnswer], most: int, chance: random.Random
) -> list[ExpectedAnswer]:
    """Draw as many questions in each language that there is, `most` in all."""
    answerable = [each for each in questions if each.answerable]
    spoken = sorted({each.language for each in answerable})
    return [
        question
        for language in spoken
        for of_language in [[each for each in answerable if each.language is language]]
        for question in chance.sample(of_language, min(most // len(spoken), len(of_language)))
    ]


def _encode(
    texts: Sequence[str],
    encode: Callable[[Sequence[str]], Iterable[EncodedText]],
    name: str,
    folder: Path | None,
) -> Texts:
    """Encode texts, or read what was kept under `name`, which says how they are encoded."""
    if folder is None:
        return stack_texts(encode(texts))
    digest = hashlib.sha256("\0".join([name, *texts]).encode()).hexdigest()[:16]
    path = folder / f"{digest}.npz"
    if not path.exists():
        encoded = stack_texts(encode(texts))
        folder.mkdir(exist_ok=True)
        # Under another name first: what an interrupted run left would be read as a whole.
        unfinished = folder / f"{digest}.unfinished.npz"
        np.savez(unfinished, **{name: getattr(encoded, name) for name in Texts.__slots__})
        unfinished.replace(path)
    with np.load(path) as arrays:
        return Texts(**arrays)


def _count_texts_with(texts: Texts) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the ids of the tokens that occur, and in how many texts each does."""
    distinct = map(np.unique, np.split(texts.ids, texts.starts[1:-1]))
    ids, counts = np.unique(np.concatenate(list(distinct)), return_counts=True)
    return ids, counts


def _weigh_passage(passages: Texts, form: Form, rule: Rule) -> float:
    """Return the bytes of an average passage: its tokens, and a bit for each that is dropped."""
    kept = np.isin(passages.ids, rule.dropped, invert=True).sum()
    tokens = float(kept) / len(passages.vectors)
    return tokens * (form.bytes + BESIDE) + ceil(len(rule.dropped) / 8)


def _score(products: Vectors, passages: NDArray[np.intp], weights: Vectors, count: int) -> Vectors:
    """Return scores that order `count` passages as `score_passages` does; without tokens it is 0.

    `products`, of shape (tokens, question's tokens), are those of tokens that stand in `passages`.
    """
    scores = np.zeros(count, dtype=np.float32)
    if len(products):
        starts = np.flatnonzero(np.diff(passages, prepend=-1))
        scores[passages[starts]] = np.maximum.reduceat(products, starts, axis=0) @ weights
    return scores


def _normalise(vectors: Vectors) -> Vectors:
    normalised: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normalised


def _round(place: Transform, steps: Vectors) -> Transform:
    def store(values: Vectors) -> Vectors:
        stored: Vectors = np.rint(place(values) / steps).clip(-127, 127) * steps
        return stored

    return store


def _quantise(place: Transform, steps: Vectors, bits: int) -> Transform:
    half = 2 ** (bits - 1)

    def store(values: Vectors) -> Vectors:
        levels = np.floor(place(values) / steps).clip(-half, half - 1) + np.float32(0.5)
        stored: Vectors = levels * steps
        return stored

    return store


if __name__ == "__main__":
    main()

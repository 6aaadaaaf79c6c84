from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from math import log
from pathlib import Path
from random import Random

import numpy as np
import pytest
from numpy.typing import NDArray

from massilia.corpus.article import Language
from massilia.index.analysis import analyse
from massilia.index.encoder_input import compose_passage
from massilia.index.lexical_index import LexicalIndex
from massilia.index.spelling import Correction
from massilia.index.store import IndexedText
from massilia.index.vectors import Hit

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH


def read(
    passage_id: int,
    text: str,
    language: Language = FRENCH,
    *,
    title: str = "",
    heading: str | None = None,
) -> IndexedText:
    return IndexedText(passage_id, language, title, heading, text, ())


def build(
    folder: Path, passages: Sequence[IndexedText], previous: LexicalIndex | None = None
) -> LexicalIndex:
    """Build in a new folder of `folder`, and open what was built."""
    place = folder / str(sum(1 for _ in folder.iterdir()))
    place.mkdir()
    LexicalIndex.build(place, passages, previous)
    return LexicalIndex.open(place)


def ids(hits: Sequence[Hit]) -> list[int]:
    return [hit.id for hit in hits]


def pairs(hits: Sequence[Hit]) -> list[tuple[int, float]]:
    return [(hit.id, hit.score) for hit in hits]


def approximate(hits: Sequence[tuple[int, float]]) -> list[object]:
    """Make something that is equal to hits with about these scores."""
    return [(passage_id, pytest.approx(score, abs=1e-6)) for passage_id, score in hits]


def read_files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@cache
def count_terms(passage: IndexedText) -> Counter[str]:
    return Counter(analyse(compose_passage(passage).text, passage.language))


def rank_by_hand(
    passages: Sequence[IndexedText], question: str, among: NDArray[np.int64] | None = None
) -> list[tuple[int, float]]:
    """Score every passage as the formula is written, one language after the other."""
    scores = {}
    for language in Language:
        texts = {
            passage.id: count_terms(passage) for passage in passages if passage.language is language
        }
        mean = sum(sum(counts.values()) for counts in texts.values()) / max(len(texts), 1)
        for term in dict.fromkeys(analyse(question, language)):
            having = sum(term in counts for counts in texts.values())
            weight = log(1 + (len(texts) - having + 0.5) / (having + 0.5))
            for passage_id, counts in texts.items():
                if term in counts and (among is None or passage_id in among):
                    length = sum(counts.values())
                    part = counts[term] * 2.2 / (counts[term] + 1.2 * (0.25 + 0.75 * length / mean))
                    scores[passage_id] = scores.get(passage_id, 0) + weight * part
    return sorted(scores.items(), key=lambda pair: (-round(pair[1], 6), pair[0]))


# Five passages of 3, 4, 2, 1 and 5 terms: 3 on average.
HARBOUR = [
    read(10, "bateau bateau bleu"),
    read(20, "bateau mer calme vent"),
    read(30, "vélo rouge"),
    read(40, "rue"),
    read(50, "phare port quai grue digue"),
]


# BM25 of a term that occurs f times among the d terms of a passage, and in n of N passages:
# log(1 + (N - n + 0.5) / (n + 0.5)) * f * 2.2 / (f + 1.2 * (0.25 + 0.75 * d / average)).
# "bateau" is in 2 of 5. In 10: 2 * 2.2 / (2 + 1.2) = 1.375. In 20: 2.2 / (1 + 1.2 * 1.25) = 0.88.
# "mer" is in 1 of 5, "grue" too. In 50: 2.2 / (1 + 1.2 * 1.5) = 2.2 / 2.8.
@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("bateau", [(10, log(2.4) * 1.375), (20, log(2.4) * 0.88)]),
        ("le bateau en mer", [(20, (log(2.4) + log(4)) * 0.88), (10, log(2.4) * 1.375)]),
        # In 30: 2.2 / (1 + 1.2 * 0.75) = 2.2 / 1.9.
        ("grue vélo", [(30, log(4) * 2.2 / 1.9), (50, log(4) * 2.2 / 2.8)]),
        ("bateau, bateau, des bateaux", [(10, log(2.4) * 1.375), (20, log(2.4) * 0.88)]),
        ("avion", []),
        ("Où sont-ils ?", []),
        ("", []),
    ],
)
def test_scores_are_those_of_bm25(
    tmp_path: Path, question: str, expected: list[tuple[int, float]]
) -> None:
    assert pairs(build(tmp_path, HARBOUR).search(question, 10)) == approximate(expected)


def test_a_term_that_every_passage_has_counts(tmp_path: Path) -> None:
    """A weight that falls below 0, as that of Robertson's formula does, would hide them all."""
    index = build(tmp_path, [read(1, "mer"), read(2, "mer mer quai port")])
    assert pairs(index.search("mer", 10)) == approximate(
        rank_by_hand([read(1, "mer"), read(2, "mer mer quai port")], "mer")
    )
    assert len(index.search("mer", 10)) == 2


def test_no_more_are_found_than_are_asked_for(tmp_path: Path) -> None:
    index = build(tmp_path, HARBOUR)
    assert ids(index.search("le bateau en mer", 1)) == [20]
    assert index.search("mer", 0) == index.search("mer", -1) == []


def test_title_heading_and_text_are_searched(tmp_path: Path) -> None:
    index = build(tmp_path, [read(1, "mer", title="Bateau", heading="Quai"), *HARBOUR[2:]])
    for word in ("mer", "bateau"):
        assert ids(index.search(word, 10)) == [1]
    assert ids(index.search("quai", 10)) == [1, 50]


def test_each_language_has_its_own_statistics(tmp_path: Path) -> None:
    english = [read(number, "boat bateau", ENGLISH) for number in range(60, 90)]
    alone = build(tmp_path, HARBOUR).search("bateau", 10)
    french = np.array([passage.id for passage in HARBOUR], dtype=np.int64)
    assert build(tmp_path, [*HARBOUR, *english]).search("bateau", 40, french) == alone


def test_a_question_has_the_terms_of_each_passage_s_language(tmp_path: Path) -> None:
    """The French stemmer takes the end of "2africa", the English one leaves it."""
    passages = [read(number, "rue") for number in (1, 2, 3)]
    passages += [read(number, "road", ENGLISH) for number in (4, 5, 6)]
    passages += [read(7, "Câble 2Africa"), read(8, "2Africa cable", ENGLISH)]
    assert ids(build(tmp_path, passages).search("2Africa", 10)) == [7, 8]


def test_passages_of_both_languages_are_merged_by_score(tmp_path: Path) -> None:
    """A word that one passage in seven has weighs more than one that one in three has."""
    passages = [read(1, "mrs3"), *(read(number, "rue") for number in (2, 3))]
    passages += [read(4, "mrs3", ENGLISH), *(read(n, "road", ENGLISH) for n in range(5, 12))]
    index = build(tmp_path, passages)
    # All passages of a language are of one length, so only the first factor counts.
    expected = [(4, log(1 + 7.5 / 1.5)), (1, log(1 + 2.5 / 1.5))]
    assert pairs(index.search("mrs3", 10)) == approximate(expected)
    assert ids(index.search("mrs3", 1)) == [4]


def test_equals_come_in_the_order_of_their_ids(tmp_path: Path) -> None:
    passages = [
        read(number, "mer", language)
        for number, language in (
            (70, FRENCH),
            (30, FRENCH),
            (50, FRENCH),
            (60, ENGLISH),
            (20, ENGLISH),
            (90, ENGLISH),
        )
    ]
    index = build(tmp_path, passages)
    assert ids(index.search("mer", 10)) == [20, 30, 50, 60, 70, 90]
    assert ids(index.search("mer", 3)) == [20, 30, 50]


def draw_passages(number: int, seed: int) -> list[IndexedText]:
    """Draw passages whose words are as unevenly frequent as those of a text, in any order."""
    random = Random(seed)
    passages = [
        read(
            3 * passage + 5,
            " ".join(f"mot{int(random.paretovariate(0.7))}" for _ in range(random.randint(0, 30))),
            random.choice((FRENCH, FRENCH, ENGLISH)),
        )
        for passage in range(number)
    ]
    random.shuffle(passages)
    return passages


@pytest.fixture(scope="module")
def many() -> list[IndexedText]:
    return draw_passages(400, seed=1)


@pytest.fixture(scope="module")
def index_of_many(
    many: list[IndexedText], tmp_path_factory: pytest.TempPathFactory
) -> LexicalIndex:
    return build(tmp_path_factory.mktemp("many"), many)


@pytest.mark.parametrize("share", [None, 0, 0.01, 0.1, 0.5, 1])
def test_searches_are_exact_whatever_is_selected(
    many: list[IndexedText],
    index_of_many: LexicalIndex,
    share: float | None,
) -> None:
    random = Random(2)
    for _ in range(30):
        among = None
        if share is not None:
            # Ids that no passage has are among those selected, smaller and larger ones too.
            known = random.sample([passage.id for passage in many], int(share * len(many)))
            among = np.array(sorted([-1, *known, 6, 10**15]), dtype=np.int64)
        question = " ".join(f"mot{int(random.paretovariate(0.4))}" for _ in range(6))
        expected = rank_by_hand(many, question, among)
        for limit in (1, 3, 10, 1000):
            found = index_of_many.search(question, limit, among)
            assert pairs(found) == approximate(expected[:limit])


def test_what_was_built_on_another_index_is_what_is_built_anew(
    many: list[IndexedText], index_of_many: LexicalIndex, tmp_path: Path
) -> None:
    """Some are deleted, some added, of ids before, between and after those there were."""
    random = Random(3)
    kept = [passage for passage in many if random.random() < 0.7]
    added = [read(number, f"ajout{number % 3} mot1") for number in (1, 300, 301, 10**10)]
    passages = [*added[:2], *kept, *added[2:]]
    build(tmp_path, passages, index_of_many)
    build(tmp_path, passages)
    assert read_files(tmp_path / "0") == read_files(tmp_path / "1")
    assert b"ajout" in read_files(tmp_path / "0")["fr/words.npy"]


def test_a_deleted_passage_leaves_nothing_of_it(tmp_path: Path) -> None:
    passages = [*HARBOUR, read(60, "secret absolu"), read(70, "whisper", ENGLISH)]
    before = build(tmp_path, passages)
    after = build(tmp_path, HARBOUR, before)
    assert after.search("secret absolu whisper", 10) == []
    for name, content in read_files(tmp_path / "1").items():
        assert not any(word in content for word in (b"secret", b"absolu", b"whisper")), name
    assert ids(before.search("secret absolu", 10)) == [60]


def test_passages_that_the_index_before_holds_are_not_read_again(tmp_path: Path) -> None:
    """Its text is another under the same id, which never happens, but shows what is read."""
    before = build(tmp_path, HARBOUR)
    after = build(tmp_path, [read(10, "avion"), *HARBOUR[1:]], before)
    assert after.search("avion", 10) == []
    assert ids(after.search("bleu", 10)) == [10]


def test_nothing_finds_nothing_and_can_be_built_upon(tmp_path: Path) -> None:
    nothing = build(tmp_path, [])
    assert (len(nothing), nothing.search("mer", 10)) == (0, [])
    assert nothing.search("mer", 10, np.array([1, 2])) == []
    index = build(tmp_path, HARBOUR, nothing)
    assert (len(index), ids(index.search("mer", 10))) == (5, [20])
    assert len(build(tmp_path, [], index)) == 0
    # Passages of which no word is left.
    assert build(tmp_path, [read(1, "le la les"), read(2, "…")]).search("les", 10) == []


def test_an_id_that_stands_twice_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^two passages have the id 7$"):
        LexicalIndex.build(tmp_path, [read(7, "mer"), read(8, "rue"), read(7, "sea", ENGLISH)])


def damage(path: Path, kind: str) -> None:
    match kind:
        case "missing":
            path.unlink()
        case "empty":
            path.write_bytes(b"")
        case "cut":
            path.write_bytes(path.read_bytes()[:-9])
        case "other":
            path.write_text("something else")
        case "shorter":
            np.save(path, np.load(path)[:-1])
        case "type":
            np.save(path, np.load(path).astype(np.float64))
        case "shape":
            np.save(path, np.load(path).reshape(1, -1))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("kind", ["missing", "empty", "cut", "other", "shorter", "type", "shape"])
def test_a_damaged_file_is_refused_and_its_folder_named(
    tmp_path: Path, language: Language, kind: str
) -> None:
    passages = [*HARBOUR, read(60, "sea road", ENGLISH), read(70, "sea", ENGLISH)]
    LexicalIndex.build(tmp_path, passages)
    for path in sorted((tmp_path / language).iterdir()):
        content = path.read_bytes()
        damage(path, kind)
        with pytest.raises(RuntimeError, match=str(path.parent)):
            LexicalIndex.open(tmp_path)
        path.write_bytes(content)
    assert len(LexicalIndex.open(tmp_path)) == 7


def test_threads_share_an_index(many: list[IndexedText], index_of_many: LexicalIndex) -> None:
    questions = [f"mot{number % 7} mot{number}" for number in range(200)]
    expected = [index_of_many.search(question, 20) for question in questions]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda question: index_of_many.search(question, 20), questions))
    assert found == expected


def test_a_question_of_thousands_of_words_is_ranked(tmp_path: Path) -> None:
    question = " ".join(f"zzz{number}" for number in range(5000)) + " grue"
    assert ids(build(tmp_path, HARBOUR).search(question, 10)) == [50]


NAMES = [
    read(1, "La Plateforme_ forme des développeurs."),
    read(2, "Le campus thecamp accueille des artistes."),
    read(3, "Voyage Privé vend des séjours."),
    read(4, "Le centre MRS3 est dans un bunker."),
    read(5, "Jaguar Network héberge des serveurs."),
    read(6, "Traxens suit les conteneurs."),
    read(7, "CMA-CGM affrète des navires."),
    read(8, "Le centre MRS 4 ouvre sur le port."),
    read(9, "Le voyage est long, et le club privé est complet."),
    read(10, "Un camp de base, un réseau de 2016 bornes."),
    read(11, "Une jeune pousse lève 2015 euros sur une plateforme."),
    read(12, "The Bridge school teaches code.", ENGLISH),
    read(13, "Provepharm makes a blue dye.", ENGLISH),
]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> LexicalIndex:
    return build(tmp_path_factory.mktemp("names"), NAMES)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("La Plateforme_", 1),
        ("laplateforme", 1),
        ("Qu'est-ce que the camp ?", 2),
        ("thecamp", 2),
        ("The-Camp", 2),
        ("Voyageprivé", 3),
        ("voyage prive", 3),
        ("MRS 3", 4),
        ("mrs3", 4),
        ("MRS4", 8),
        ("mrs 4", 8),
        ("Jaguar Netwrok", 5),
        ("netwrk", 5),
        ("Traxenss", 6),
        ("Traxen", 6),
        ("tarxens", 6),
        ("CMACGM", 7),
        ("cma cgm", 7),
        ("thebridge", 12),
        ("Provpharn", 13),  # two edits in eight letters
        ("Provepahrmm", 13),
        ("provehrm", 13),
    ],
)
def test_a_name_finds_its_passage_however_it_is_written(
    names: LexicalIndex, question: str, first: int
) -> None:
    assert ids(names.search(question, 1)) == [first]


@pytest.mark.parametrize(
    "question",
    [
        "2017 2116 20166",  # numbers are what they are
        "mrs5",
        "cod",  # short
        "netwolf",  # two edits in seven letters
        "prvfrm",
        "privevoyage",  # they stand side by side nowhere
        "clubest",
        "basebornes",
        "bunkerjaguar",  # the last word of one passage, the first of the next
    ],
)
def test_what_is_not_the_name_is_not_found(names: LexicalIndex, question: str) -> None:
    assert names.search(question, 10) == []


def test_corrections_are_told(names: LexicalIndex) -> None:
    assert names.correct("Jaguar Netwrok et Traxenss, thecamp, MRS 3, voyageprive, 2017") == (
        Correction("netwrok", ("network",)),
        Correction("traxenss", ("traxens",)),
    )
    assert names.correct("Jaguar Network") == names.correct("") == ()


def test_an_exact_match_comes_before_a_corrected_one(tmp_path: Path) -> None:
    passages = [read(1, "port digue"), read(2, "port phare"), read(3, "quai")]
    index = build(tmp_path, passages)
    exact, corrected = (index.search(question, 1)[0] for question in ("digue", "diguee"))
    assert (exact.id, corrected.id) == (1, 1)
    assert corrected.score == pytest.approx(0.9 * exact.score)


def test_a_word_that_one_language_has_is_corrected_in_neither(tmp_path: Path) -> None:
    index = build(tmp_path, [read(1, "entreprise"), read(2, "enterprise", ENGLISH)])
    assert index.correct("entreprise enterprise") == ()
    assert ids(index.search("entreprise", 10)) == [1]


def test_a_word_is_read_as_the_most_frequent_of_the_nearest(tmp_path: Path) -> None:
    passages = [read(1, "gare"), *(read(n, "mare") for n in (2, 3)), read(4, "tare")]
    passages += [read(n, "fare", ENGLISH) for n in (5, 6, 7)]
    index = build(tmp_path, passages)
    assert index.correct("zare") == (Correction("zare", ("fare", "mare")),)
    assert index.correct("maree") == (Correction("maree", ("mare",)),)


def test_forms_that_passages_lack_of_words_that_they_have_are_known(names: LexicalIndex) -> None:
    assert names.correct("serveur navire affreter") == ()


def test_words_are_not_joined_to_a_word_of_stop_words(tmp_path: Path) -> None:
    """The French "de la" is not "delà"."""
    passages = [read(1, "au-delà"), read(2, "plage"), read(3, "rue")]
    assert ids(build(tmp_path, passages).search("de la plage", 10)) == [2]


def test_a_phrase_is_found_in_whatever_passage_it_stands(tmp_path: Path) -> None:
    """Twice in one, at its beginning and at its end, and around another passage's border."""
    passages = [
        read(1, "port bleu, rue, port bleu"),
        read(2, "bleu port"),
        read(3, "mer port bleu"),
        read(4, "mer port"),
        read(5, "bleu mer"),
        read(6, "le port"),
        read(7, "the quay", ENGLISH),
    ]
    index = build(tmp_path, passages)
    assert ids(index.search("portbleu", 10)) == [1, 3]
    assert ids(index.search("leport", 10)) == [6]
    assert ids(index.search("thequay", 10)) == [7]


def test_other_spellings_are_searched_among_the_selected(names: LexicalIndex) -> None:
    others = np.array([passage.id for passage in NAMES if passage.id not in (3, 5)])
    assert names.search("voyageprive netwrok", 10, others) == []


def test_no_half_of_a_split_word_is_a_single_letter(tmp_path: Path) -> None:
    index = build(tmp_path, [read(1, "canebière x"), read(2, "x canebière"), read(3, "rue")])
    for word in ("canebierex", "xcanebiere"):
        assert index.correct(word) == (Correction(word, ("canebiere",)),)


def test_the_parts_of_a_joined_word_are_not_corrected(tmp_path: Path) -> None:
    index = build(tmp_path, [read(1, "jaguarnetwork"), read(2, "netwark"), read(3, "rue")])
    assert index.correct("jaguar network") == ()
    assert index.correct("network") == (Correction("network", ("netwark",)),)


def test_no_word_is_read_as_a_number_or_a_stop_word(tmp_path: Path) -> None:
    index = build(tmp_path, [read(1, "quai4 avec"), read(2, "rue")])
    assert index.correct("quaiy avecq") == ()


def test_the_halves_of_a_split_word_stand_in_one_passage(tmp_path: Path) -> None:
    index = build(tmp_path, [read(1, "avion port"), read(2, "port avion"), read(3, "rue")])
    assert index.search("portport", 10) == []
    assert ids(index.search("avionport", 10)) == [1]


def test_a_word_that_is_split_is_not_corrected(tmp_path: Path) -> None:
    index = build(tmp_path, [read(1, "canebière la nuit"), read(2, "rue")])
    assert index.correct("canebierela") == ()
    assert ids(index.search("canebierela", 10)) == [1]

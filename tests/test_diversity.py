from collections import Counter
from collections.abc import Callable, Container, Sequence
from itertools import combinations

import numpy as np
import pytest

from massilia.corpus.article import Article, Language
from massilia.index.dense import DenseRanker
from massilia.index.diversity import Provenance, choose_diverse
from massilia.index.encoder import Encoder, TokenEncoder
from massilia.index.filter import Filter
from massilia.index.library import Library
from massilia.index.ranker import EncodedQuestion
from massilia.index.retriever import CANDIDATES, PER_ARTICLE, Retriever
from massilia.ingest.document import Document

FRENCH, ENGLISH = Language.FRENCH, Language.ENGLISH


def of(article_id: str, language: Language = FRENCH, work: str | None = None) -> Provenance:
    return Provenance(article_id, work or article_id, language)


def never(earlier: int, later: int) -> bool:
    return False


def test_passages_of_different_articles_are_all_kept() -> None:
    passages = [of("a"), of("b", ENGLISH), of("c")]
    assert choose_diverse(passages, FRENCH, 5, never) == [0, 1, 2]
    assert choose_diverse([], FRENCH, 5, never) == []


@pytest.mark.parametrize(
    ("most", "expected"), [(0, []), (1, [0, 1]), (2, [0, 1, 2]), (3, [0, 1, 2, 4])]
)
def test_no_more_are_kept_of_an_article(most: int, expected: list[int]) -> None:
    passages = [of("a"), of("b"), of("a"), of("a"), of("a")]

    def is_repeated(earlier: int, later: int) -> bool:
        return later == 3  # what isn't kept doesn't count

    assert choose_diverse(passages, FRENCH, most, is_repeated) == expected


@pytest.mark.parametrize("preferred", Language)
def test_of_a_work_the_preferred_language_is_kept(preferred: Language) -> None:
    """Wherever its passages stand."""
    passages = [of("a-fr", FRENCH, "a"), of("a-en", ENGLISH, "a"), of("a-fr", FRENCH, "a")]
    expected = [at for at, each in enumerate(passages) if each.language is preferred]
    assert choose_diverse(passages, preferred, 5, never) == expected
    expected = [at for at, each in enumerate(passages[::-1]) if each.language is preferred]
    assert choose_diverse(passages[::-1], preferred, 5, never) == expected


def test_a_work_in_the_other_language_alone_is_kept() -> None:
    passages = [of("a-en", ENGLISH, "a"), of("b"), of("a-en", ENGLISH, "a")]
    assert choose_diverse(passages, FRENCH, 5, never) == [0, 1, 2]


def test_what_repeats_a_passage_that_is_kept_is_left_out() -> None:
    """1 repeats 0; 2 repeats 1 alone, which isn't kept; 3 repeats 2."""
    asked: list[tuple[int, int]] = []

    def is_repeated(earlier: int, later: int) -> bool:
        asked.append((earlier, later))
        return (earlier, later) in {(0, 1), (1, 2), (2, 3)}

    passages = [of(name) for name in "abcd"]
    assert choose_diverse(passages, FRENCH, 5, is_repeated) == [0, 2]
    assert all(earlier < later for earlier, later in asked)


def test_what_is_left_out_takes_no_place_of_its_article() -> None:
    passages = [of("a"), of("b"), of("b"), of("b")]
    kept = choose_diverse(passages, FRENCH, 2, lambda earlier, later: (earlier, later) == (0, 1))
    assert kept == [0, 2, 3]


def test_nothing_is_compared_beyond_what_is_wanted() -> None:
    passages = [of(name) for name in "abcd"]

    def is_repeated(earlier: int, later: int) -> bool:
        assert later < 3
        return (earlier, later) == (0, 1)

    assert choose_diverse(passages, FRENCH, 5, is_repeated, 2) == [0, 2]
    assert choose_diverse(passages, FRENCH, 5, is_repeated, 0) == []


def make_repeated(pairs: Container[tuple[int, int]]) -> Callable[[int, int], bool]:
    return lambda earlier, later: (earlier, later) in pairs


def test_whatever_is_found_the_choice_keeps_its_promises() -> None:
    generator = np.random.default_rng(5)
    for _ in range(300):
        count, most = int(generator.integers(0, 20)), int(generator.integers(1, 4))
        passages = []
        for number in generator.integers(0, 10, count).tolist():
            language = FRENCH if number % 2 else ENGLISH
            passages.append(of(f"{number // 2}-{language}", language, f"{number // 2}"))
        pairs = np.argwhere(generator.random((count, count)) < 0.2).tolist()
        alike = {(earlier, later) for earlier, later in pairs}
        kept = choose_diverse(passages, FRENCH, most, make_repeated(alike))
        assert kept == sorted(set(kept))
        assert max(Counter(passages[each].article_id for each in kept).values(), default=0) <= most
        assert alike.isdisjoint(combinations(kept, 2))
        spoken = {passages[each].work: passages[each].language for each in kept}
        assert all(passages[each].language is spoken[passages[each].work] for each in kept)
        in_french = {each.work for each in passages if each.language is FRENCH}
        # Each that isn't kept is left out for one of the three reasons.
        for position in set(range(count)) - set(kept):
            own = passages[position]
            earlier = [each for each in kept if each < position]
            full = [passages[each].article_id for each in earlier].count(own.article_id) == most
            unspoken = own.language is ENGLISH and own.work in in_french
            assert full or unspoken or any((each, position) in alike for each in earlier)


def make_document(
    article_id: str,
    text: str,
    language: Language = FRENCH,
    translation_of: str | None = None,
    title: str = "titre",
) -> Document:
    article = Article(article_id, language, title, text, article_id, translation_of=translation_of)
    return Document(article, f"/nowhere/{article_id}")


STORY = (
    "Le navire quitte le bassin nord avec douze marins, quarante caisses de savon, un chien jaune, "
    "deux horloges suisses et une lettre fermée que personne ne doit lire avant minuit."
)
RETOLD = STORY.replace("jaune", "noir")
ANOTHER = (
    "La grue du bassin sud soulève chaque semaine trente conteneurs remplis de farine, tandis que "
    "des mouettes guettent sur les toits rouges du vieux hangar à bananes."
)


def build(library: Library, encoder: Encoder, documents: Sequence[Document]) -> Retriever:
    library.put(documents)
    library.build(encoder)
    generation = library.generation()
    assert generation is not None
    return Retriever(library.store, generation, DenseRanker(generation.index))


def find(
    retriever: Retriever,
    question: str,
    encoder: Encoder,
    limit: int = 30,
    language: Language = FRENCH,
    within: Filter | None = None,
) -> list[str]:
    """Return the articles of the diverse passages, and see that they come as they rank."""
    encoded = EncodedQuestion.encode(question, language, encoder)
    found = retriever.retrieve_diverse(encoded, limit, within or Filter())
    everything = retriever.retrieve(encoded, 1000, within or Filter())
    assert [each for each in everything if each in found] == found
    return [each.passage.article_id for each in found]


def test_of_near_duplicates_in_different_articles_the_first_is_kept(
    library: Library, token_encoder: TokenEncoder
) -> None:
    documents = [
        make_document("retold", RETOLD),
        make_document("story", STORY),
        make_document("another", ANOTHER),
    ]
    retriever = build(library, token_encoder, documents)
    assert find(retriever, "un chien jaune", token_encoder) == ["story", "another"]
    assert find(retriever, "un chien noir", token_encoder) == ["retold", "another"]
    # Titles and headings don't count: all have the same.
    assert find(retriever, "conteneurs", token_encoder)[0] == "another"


def test_without_tokens_near_duplicates_are_kept(library: Library, toy_encoder: Encoder) -> None:
    documents = [make_document("retold", RETOLD), make_document("story", STORY)]
    retriever = build(library, toy_encoder, documents)
    assert find(retriever, "un chien jaune", toy_encoder) == ["story", "retold"]


def make_long_text(count: int) -> str:
    """Make a text of several passages, each of which says the same of another number."""
    return " ".join(
        f"La jetée {number} mesure {number} mètres, porte {number} lampes et abrite {number} "
        "barques de pêche en bois peint que leurs patrons entretiennent chaque hiver."
        for number in range(count)
    )


def test_passages_of_one_article_may_be_alike(
    library: Library, token_encoder: TokenEncoder
) -> None:
    retriever = build(library, token_encoder, [make_document("long", make_long_text(12))])
    question = EncodedQuestion.encode("jetée 7", FRENCH, token_encoder)
    everything = retriever.retrieve(question, 30)
    assert 2 <= len(everything) <= PER_ARTICLE
    assert retriever.retrieve_diverse(question, 30) == everything


def test_of_an_article_some_passages_are_kept(
    library: Library, token_encoder: TokenEncoder
) -> None:
    documents = [make_document("long", make_long_text(60)), make_document("another", ANOTHER)]
    retriever = build(library, token_encoder, documents)
    encoded = EncodedQuestion.encode("jetée", FRENCH, token_encoder)
    everything = retriever.retrieve(encoded, 30)
    of_the_long = [each for each in everything if each.passage.article_id == "long"]
    assert len(of_the_long) > PER_ARTICLE
    assert find(retriever, "jetée", token_encoder) == ["long"] * PER_ARTICLE + ["another"]
    found = retriever.retrieve_diverse(encoded, 30)
    assert found[:PER_ARTICLE] == of_the_long[:PER_ARTICLE]


TRANSLATED = [
    make_document("fr-port", STORY),
    make_document(
        "en-port", "The ship leaves the basin with twelve sailors.", ENGLISH, "fr-port", "title"
    ),
    make_document("en-crane", "The crane lifts flour.", ENGLISH, title="title"),
]


def test_of_translations_the_one_in_the_question_s_language_is_kept(
    library: Library, token_encoder: TokenEncoder
) -> None:
    retriever = build(library, token_encoder, TRANSLATED)
    question = "ship basin navire bassin"
    assert set(find(retriever, question, token_encoder)) == {"fr-port", "en-crane"}
    found = find(retriever, question, token_encoder, language=ENGLISH)
    assert found == ["en-port", "en-crane"]


def test_a_translation_is_kept_where_the_filter_lets_nothing_else_pass(
    library: Library, token_encoder: TokenEncoder
) -> None:
    retriever = build(library, token_encoder, TRANSLATED)
    within = Filter(languages=frozenset({ENGLISH}))
    found = find(retriever, "navire ship", token_encoder, within=within)
    assert found == ["en-port", "en-crane"]


@pytest.mark.parametrize(("limit", "count"), [(-1, 0), (0, 0), (1, 1), (2, 2), (9, 3)])
def test_no_more_are_returned_than_asked_for(
    library: Library, token_encoder: TokenEncoder, limit: int, count: int
) -> None:
    documents = [make_document(f"a{n}", text) for n, text in enumerate((STORY, ANOTHER, "Rien."))]
    retriever = build(library, token_encoder, documents)
    question = EncodedQuestion.encode("bassin", FRENCH, token_encoder)
    assert len(retriever.retrieve_diverse(question, limit)) == count


def test_what_is_left_out_leaves_its_place_to_what_comes_next(
    library: Library, token_encoder: TokenEncoder
) -> None:
    documents = [make_document(f"copy-{n}", STORY) for n in range(5)]
    retriever = build(library, token_encoder, [*documents, make_document("another", ANOTHER)])
    assert find(retriever, "un chien jaune", token_encoder, limit=2) == ["copy-0", "another"]


def test_so_many_are_looked_at_unless_more_are_asked_for(
    library: Library, token_encoder: TokenEncoder
) -> None:
    documents = [make_document(f"copy-{n:02}", STORY) for n in range(CANDIDATES)]
    retriever = build(library, token_encoder, [*documents, make_document("another", ANOTHER)])
    assert find(retriever, "un chien jaune", token_encoder, 2) == ["copy-00"]
    found = find(retriever, "un chien jaune", token_encoder, CANDIDATES + 1)
    assert found == ["copy-00", "another"]


def test_preferred_passages_come_before_others_that_are_as_near(
    library: Library, token_encoder: TokenEncoder
) -> None:
    texts = ("Le quai nord.", "Le quai sud.", "Une rue.")
    documents = [make_document(f"a{n}", text) for n, text in enumerate(texts)]
    retriever = build(library, token_encoder, documents)
    question = EncodedQuestion.encode("quai", FRENCH, token_encoder)
    plain = retriever.retrieve_diverse(question, 3)
    assert [each.passage.article_id for each in plain] == ["a0", "a1", "a2"]
    preferred = retriever.retrieve_diverse(
        question, 3, prefer=lambda passage: passage.article_id in ("a1", "a2")
    )
    # Being preferred doesn't make up for saying nothing of the matter.
    assert [each.passage.article_id for each in preferred] == ["a1", "a0", "a2"]
    assert preferred[0].score > plain[1].score
    assert preferred[1].score == plain[0].score
    everything = retriever.retrieve_diverse(question, 3, prefer=lambda passage: True)
    assert [each.passage for each in everything] == [each.passage for each in plain]


def test_an_empty_library_has_nothing_diverse(
    library: Library, token_encoder: TokenEncoder
) -> None:
    assert find(build(library, token_encoder, []), "quai", token_encoder) == []


def test_what_was_removed_since_the_build_is_left_out(
    library: Library, token_encoder: TokenEncoder
) -> None:
    documents = [make_document("story", STORY), make_document("retold", RETOLD)]
    retriever = build(library, token_encoder, documents)
    library.remove(["story"])
    assert find(retriever, "un chien jaune", token_encoder) == ["retold"]

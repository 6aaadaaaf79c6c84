"""Passages in Milvus, an engine for more of them than one machine holds.

Their texts stay in the library. The engine holds numbers: vectors, the weights of terms, the bytes
of tokens, and hashes of all that filters compare. So what a person wrote is never part of a filter
expression, and there is nothing to quote.
"""

import io
import logging
import re
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from massilia.corpus.article import Language
from massilia.index.analysis import analyse
from massilia.index.encoder import Advance, Vectors
from massilia.index.errors import LibraryError
from massilia.index.filter import EVERYTHING, Filter
from massilia.index.lexical_index import weigh_term
from massilia.index.passage_table import PassageRow, fold_name
from massilia.index.postings import K1, B
from massilia.index.token_codec import TokenCodec
from massilia.index.token_store import PassageTokens
from massilia.index.vectors import Hit

if TYPE_CHECKING:
    from pymilvus import CollectionSchema, MilvusClient
    from pymilvus.milvus_client import IndexParams

# Whole numbers: pymilvus takes no notice of others as it waits for an index.
CALL_SECONDS = 5
"""How long the engine may take to connect, or to answer a question."""
WRITE_SECONDS = 60
"""How long it may take to accept a batch of passages."""
BUILD_SECONDS = 3_600
"""How long it may take to store, index and load what it has accepted."""
MOST_HITS = 16_384
"""How many rows Milvus gives at most."""
MOST_EXACT = 100_000
"""Up to so many passages each vector is compared with a question's; beyond, a graph is followed."""
# Common values of a graph; no library of that size was at hand to sweep them on.
_LINKS = 16
_BUILD_CANDIDATES = 200
_CANDIDATES = 128
# A server takes messages of 64 MB: 200 passages have 3, and 15 if each is as long as can be.
_BATCH = 200
_READ = 1_000
_NAMES: Final = ("language", "article", "publisher", "kind")
# Milvus takes dimensions up to 2^32 - 2. The last stands for "no terms": a vector can't be empty.
_NO_TERMS = 2**32 - 2
_LONGEST_TEXT = 65_532
_MOST_TEXTS = 64
# Precedes the bytes of tokens: of a passage that has none, nothing else would be held.
_HELD = bytes(4)
# Ids of tokens aren't negative.
_ALL_PASSAGES = -1
_USER: Final = re.compile(r"(?<=//)[^/@]*@")


@dataclass(frozen=True, slots=True, eq=False)
class EncodedPassage:
    """Hold what the engine is given of a passage.

    Its terms are those of `text`; `vector` is of shape (dimension,).
    """

    row: PassageRow
    text: str
    vector: Vectors
    tokens: PassageTokens | None


class MilvusIndex:
    """Search the passages of one generation, which are a collection of Milvus.

    Besides `name` there is `name_tokens`, which says in how many passages each token occurs. It is
    written last, with the number of passages: where it is missing, so is some of the rest.

    Terms rank by BM25 as in `LexicalIndex`. The whole weight is computed here and stored, since
    Milvus's own BM25 knows neither our terms nor one language from the other.
    """

    def __init__(
        self,
        passages: "_Collection",
        tokens: "_Collection",
        dimension: int,
        count: int,
        codec: TokenCodec | None,
    ) -> None:
        self._passages = passages
        self._tokens = tokens
        self._count = count
        self.dimension = dimension
        self.codec = codec

    @classmethod
    def build(
        cls,
        uri: str,
        name: str,
        dimension: int,
        passages: Collection[EncodedPassage],
        codec: TokenCodec | None = None,
        token_counts: Mapping[int, int] = MappingProxyType({}),
        advance: Advance | None = None,
    ) -> "MilvusIndex":
        """Put passages into the collection `name`, in place of what it may hold, and open it.

        `uri` is a server's address or, for Milvus Lite, a file whose name ends in `.db`.
        `passages` are gone through twice: their terms are counted before the first is sent.
        `codec` made the bytes of their tokens, and `token_counts` says in how many passages each
        token occurs. Raises `LibraryError`.
        """
        cls.drop(uri, name)
        statistics = _count_terms(passages)
        stored, tokens = _open_collections(uri, name)
        try:
            stored.create(_describe_passages(dimension))
            rows = (_make_row(passage, statistics) for passage in passages)
            stored.upsert(rows, advance)
            stored.finish(_index_vectors(len(passages)), _index_names())
            tokens.create(_describe_tokens())
            tokens.upsert(_make_counts(token_counts, len(passages), codec))
            tokens.finish(_index_unused())
        except BaseException:
            with suppress(LibraryError):
                cls.drop(uri, name)
            raise
        return cls.open(uri, name)

    @classmethod
    def open(cls, uri: str, name: str) -> "MilvusIndex":
        """Open the collection `name`; raises `LibraryError` unless it is whole."""
        passages, tokens = _open_collections(uri, name)
        for each in (passages, tokens):
            if not each.exists():
                raise LibraryError(
                    f"{each.place} is missing: the passages aren't there, or not all: "
                    "run `massilia build`."
                )
            each.load()
        dimension = passages.read_dimension()
        stamp = tokens.read([_ALL_PASSAGES], "passages", "codec", level="Strong")
        if dimension is None or not stamp:
            raise LibraryError(f"{passages.place} is not one of Massilia.")
        found, expected = passages.count(), stamp[_ALL_PASSAGES]["passages"]
        if found != expected:
            raise LibraryError(
                f"{passages.place} has {found:,} passages, not {expected:,}: run `massilia build`."
            )
        return cls(passages, tokens, dimension, found, _unpack_codec(stamp[_ALL_PASSAGES]["codec"]))

    @staticmethod
    def drop(uri: str, name: str) -> None:
        """Delete the collection `name`, if there is one; raises `LibraryError`."""
        for each in reversed(_open_collections(uri, name)):
            if each.exists():
                each.drop()

    def __len__(self) -> int:
        return self._count

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """Give the ids of the passages, sorted, which are all fetched the first time."""
        return np.sort(np.fromiter(self._passages.read_ids(), dtype=np.int64))

    def check(self) -> None:
        """Raise `LibraryError` unless Milvus reads the collection now."""
        self._passages.read([_ALL_PASSAGES], "id")

    def search_vectors(
        self, question: Vectors, limit: int, within: Filter = EVERYTHING
    ) -> list[Hit]:
        """Return up to `limit` passages by the inner product with a vector of shape (dimension,).

        There are no more than `MOST_HITS`, and above `MOST_EXACT` passages some may be missed.
        """
        if question.shape != (self.dimension,):
            raise LibraryError(
                f"{self._passages.place} has vectors of {self.dimension} numbers, the question "
                f"one of {question.size}."
            )
        return self._search("vector", question, limit, within)

    def search_terms(self, question: str, limit: int, within: Filter = EVERYTHING) -> list[Hit]:
        """Return up to `limit` passages that share a term with the question, by BM25.

        There are no more than `MOST_HITS`.
        """
        terms = {
            _number_term(term, language): 1.0
            for language in Language
            for term in analyse(question, language)
        }
        return self._search("terms", terms, limit, within) if terms else []

    def read_vectors(self, ids: Sequence[int]) -> Vectors:
        """Return the vectors of passages: (len(ids), dimension); raises `KeyError` for another."""
        rows = self._passages.read(ids, "vector")
        vectors = np.empty((len(ids), self.dimension), dtype=np.float32)
        for position, passage_id in enumerate(ids):
            vectors[position] = rows[passage_id]["vector"]
        return vectors

    def read_tokens(self, ids: Sequence[int]) -> list[PassageTokens | None]:
        """Return the tokens of each passage, None for one whose tokens aren't held."""
        if self.codec is None:
            return [None] * len(ids)
        rows = self._passages.read(ids, "tokens")
        packed = (_unpack(rows[each]["tokens"]) if each in rows else b"" for each in ids)
        return [
            PassageTokens.unpack(content[len(_HELD) :], self.codec.size) if content else None
            for content in packed
        ]

    def count_passages_with(self, token_ids: Sequence[int]) -> dict[int, int]:
        """Return in how many passages each token occurs."""
        rows = self._tokens.read([each for each in token_ids if each >= 0], "passages")
        return {each: rows[each]["passages"] if each in rows else 0 for each in token_ids}

    def _search(
        self, field: str, question: Vectors | Mapping[int, float], limit: int, within: Filter
    ) -> list[Hit]:
        limit = min(limit, self._count, MOST_HITS)
        if limit < 1:
            return []
        # One more than asked for: which of equal scores are left out is for their ids to say.
        wanted = limit + 1
        while True:
            wanted = min(wanted, MOST_HITS)
            follow = field == "vector" and self._count > MOST_EXACT
            candidates = max(_CANDIDATES, wanted) if follow else None
            hits = self._passages.search(field, question, wanted, _express(within), candidates)
            hits.sort(key=lambda hit: (-hit.score, hit.id))
            if len(hits) < wanted or wanted == MOST_HITS or hits[-1].score < hits[limit - 1].score:
                return hits[:limit]
            wanted *= 2


def name_collection(generation_id: str) -> str:
    """Return the name of a generation's collection: Milvus allows letters, digits and `_`."""
    return "massilia_" + generation_id.replace("-", "_")


def check_connection(uri: str) -> None:
    """Raise `LibraryError` unless Milvus answers at `uri`."""
    client = _connect(uri)
    with _explain(f"Milvus at {_hide_user(uri)} can't be reached"):
        client.get_server_version(timeout=CALL_SECONDS)


class _Collection:
    """Ask Milvus things of one collection, each of them for so long and no longer.

    Without a time-out pymilvus tries again 75 times. Raises `LibraryError`, naming the address.
    """

    def __init__(self, client: "MilvusClient", uri: str, name: str) -> None:
        self._client = client
        self._uri = uri
        self._name = name

    @property
    def place(self) -> str:
        """Name the collection for people."""
        return f"Milvus at {_hide_user(self._uri)}: the collection {self._name}"

    def exists(self) -> bool:
        with self._asking("be looked for"):
            return bool(self._client.has_collection(self._name, timeout=CALL_SECONDS))

    def create(self, schema: "CollectionSchema") -> None:
        with self._asking("be made"):
            self._client.create_collection(
                self._name, schema=schema, consistency_level="Bounded", timeout=CALL_SECONDS
            )

    def drop(self) -> None:
        with self._asking("be deleted"):
            self._client.drop_collection(self._name, timeout=WRITE_SECONDS)

    def upsert(self, rows: Iterable[dict[str, object]], advance: Advance | None = None) -> None:
        rows = iter(rows)
        while batch := list(islice(rows, _BATCH)):
            with self._asking("be written"):
                self._client.upsert(self._name, batch, timeout=WRITE_SECONDS)
            if advance is not None:
                advance(len(batch))

    def finish(self, vectors: "IndexParams", *others: "IndexParams") -> None:
        with self._asking("be indexed"):
            # On the disk before they are loaded, rows are seen from then on by every search.
            self._client.flush(self._name, timeout=BUILD_SECONDS)
            for each in others:
                # Each wait takes half a second at least, and only for vectors is it worth it.
                self._client.create_index(self._name, each, timeout=BUILD_SECONDS, sync=False)
            self._client.create_index(self._name, vectors, timeout=BUILD_SECONDS)
            self._client.load_collection(self._name, timeout=BUILD_SECONDS)

    def load(self) -> None:
        with self._asking("be loaded"):
            self._client.load_collection(self._name, timeout=WRITE_SECONDS)

    def count(self) -> int:
        with self._asking("be counted"):
            rows = self._client.query(
                self._name,
                output_fields=["count(*)"],
                consistency_level="Strong",
                timeout=CALL_SECONDS,
            )
            return int(rows[0]["count(*)"])

    def read_dimension(self) -> int | None:
        """Return the length of the field `vector`, or None where there is no such field."""
        with self._asking("be described"):
            described = self._client.describe_collection(self._name, timeout=CALL_SECONDS)
            found = [
                field["params"]["dim"] for field in described["fields"] if field["name"] == "vector"
            ]
            return int(found[0]) if found else None

    def read(
        self, ids: Sequence[int], *fields: str, level: str = "Bounded"
    ) -> dict[int, dict[str, Any]]:
        """Return the fields of the rows that are there, by their ids.

        Only at the level Strong is nothing missed that was written seconds ago.
        """
        found = {}
        wanted = sorted(set(ids))
        for start in range(0, len(wanted), _READ):
            with self._asking("be read"):
                rows = self._client.query(
                    self._name,
                    ids=wanted[start : start + _READ],
                    output_fields=list(fields),
                    consistency_level=level,
                    timeout=CALL_SECONDS,
                )
            found.update({row["id"]: row for row in rows})
        return found

    def read_ids(self) -> Iterator[int]:
        with self._asking("be read"):
            pages = self._client.query_iterator(
                self._name, batch_size=MOST_HITS, output_fields=["id"], timeout=CALL_SECONDS
            )
            while rows := pages.next():
                yield from (row["id"] for row in rows)
            pages.close()

    def search(
        self,
        field: str,
        question: Vectors | Mapping[int, float],
        limit: int,
        condition: str,
        candidates: int | None,
    ) -> list[Hit]:
        parameters = {} if candidates is None else {"params": {"ef": candidates}}
        with self._asking("be searched"):
            (found,) = self._client.search(
                self._name,
                data=[question],
                anns_field=field,
                limit=limit,
                filter=condition,
                search_params={"metric_type": "IP", **parameters},
                output_fields=["id"],
                timeout=CALL_SECONDS,
            )
            return [Hit(hit["id"], hit["distance"]) for hit in found]

    @contextmanager
    def _asking(self, action: str) -> Iterator[None]:
        with _explain(f"{self.place} can't {action}"):
            yield


def _open_collections(uri: str, name: str) -> tuple[_Collection, _Collection]:
    client = _connect(uri)
    return _Collection(client, uri, name), _Collection(client, uri, f"{name}_tokens")


def _connect(uri: str) -> "MilvusClient":
    try:
        import pymilvus

        if uri.endswith(".db"):
            import milvus_lite  # noqa: F401
    except ImportError as error:
        raise LibraryError(
            f"Milvus needs the package {error.name}, which isn't installed: "
            'pip install "massilia[milvus]".'
        ) from error
    for logger in ("pymilvus", "milvus_lite", "grpc"):
        # They would show, with tracebacks, what is raised as well.
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    hint = ", or another process has it open" if uri.endswith(".db") else ""
    with _explain(f"Milvus at {_hide_user(uri)} can't be reached{hint}"):
        return pymilvus.MilvusClient(uri, timeout=CALL_SECONDS)


@contextmanager
def _explain(failure: str) -> Iterator[None]:
    try:
        yield
    # It may come from gRPC, from pymilvus or, where the address is none, from Python.
    except Exception as error:
        reason = getattr(error, "message", None) or str(error) or type(error).__name__
        raise LibraryError(f"{failure}: {' '.join(str(reason).split())}") from error


def _hide_user(uri: str) -> str:
    """Return the address without the name and password that it may hold."""
    return _USER.sub("", uri)


def _describe_passages(dimension: int) -> "CollectionSchema":
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    schema.add_field("terms", DataType.SPARSE_FLOAT_VECTOR)
    _add_bytes(schema, "tokens")
    for field in _NAMES:
        schema.add_field(field, DataType.INT64)
    schema.add_field("published", DataType.INT32)
    return schema


def _describe_tokens() -> "CollectionSchema":
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("passages", DataType.INT64)
    _add_bytes(schema, "codec")
    # Milvus wants a vector in every collection, of two numbers at least.
    schema.add_field("unused", DataType.FLOAT_VECTOR, dim=2)
    return schema


def _add_bytes(schema: "CollectionSchema", name: str) -> None:
    from pymilvus import DataType

    schema.add_field(
        name,
        DataType.ARRAY,
        element_type=DataType.VARCHAR,
        max_capacity=_MOST_TEXTS,
        max_length=_LONGEST_TEXT,
    )


def _index_vectors(count: int) -> "IndexParams":
    from pymilvus import MilvusClient

    indexes = MilvusClient.prepare_index_params()
    if count > MOST_EXACT:
        graph = {"M": _LINKS, "efConstruction": _BUILD_CANDIDATES}
        indexes.add_index("vector", index_type="HNSW", metric_type="IP", params=graph)
    else:
        indexes.add_index("vector", index_type="FLAT", metric_type="IP")
    indexes.add_index("terms", index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
    return indexes


def _index_names() -> "IndexParams":
    from pymilvus import MilvusClient

    indexes = MilvusClient.prepare_index_params()
    for field in (*_NAMES, "published"):
        indexes.add_index(field, index_type="INVERTED")
    return indexes


def _index_unused() -> "IndexParams":
    from pymilvus import MilvusClient

    indexes = MilvusClient.prepare_index_params()
    indexes.add_index("unused", index_type="FLAT", metric_type="IP")
    return indexes


def _make_row(
    passage: EncodedPassage, statistics: Mapping[Language, "_TermStatistics"]
) -> dict[str, object]:
    row = passage.row
    weights = statistics[row.language].weigh(analyse(passage.text, row.language))
    terms = {_number_term(term, row.language): weight for term, weight in weights.items()}
    tokens = passage.tokens
    return {
        "id": row.id,
        "vector": passage.vector,
        "terms": terms or {_NO_TERMS: 1.0},
        "tokens": [] if tokens is None else _pack(_HELD + tokens.pack()),
        "language": _hash_name(row.language),
        "article": _hash_name(row.article_id),
        "publisher": 0 if row.publisher is None else _hash_name(fold_name(row.publisher)),
        "kind": 0 if row.kind is None else _hash_name(fold_name(row.kind)),
        "published": 0 if row.date_published is None else row.date_published.toordinal(),
    }


def _make_counts(
    counts: Mapping[int, int], passages: int, codec: TokenCodec | None
) -> Iterator[dict[str, object]]:
    for token_id, count in counts.items():
        yield {"id": token_id, "passages": count, "codec": [], "unused": [0.0, 0.0]}
    yield {
        "id": _ALL_PASSAGES,
        "passages": passages,
        "codec": [] if codec is None else _pack_codec(codec),
        "unused": [0.0, 0.0],
    }


def _express(within: Filter) -> str:
    conditions = [
        f"{field} in {sorted(hashes)}"
        for field, hashes in (
            ("language", {_hash_name(each) for each in within.languages}),
            ("article", {_hash_name(each) for each in within.articles}),
            ("publisher", {_hash_name(fold_name(each)) for each in within.publishers}),
            ("kind", {_hash_name(fold_name(each)) for each in within.kinds}),
        )
        if hashes
    ]
    if within.published_from or within.published_to:
        # The first day of year 1 has the ordinal 1; 0 stands for no date.
        first = within.published_from.toordinal() if within.published_from else 1
        conditions.append(f"published >= {first}")
    if within.published_to:
        conditions.append(f"published <= {within.published_to.toordinal()}")
    return " and ".join(conditions)


def _hash_name(name: str) -> int:
    """Return 63 bits that stand for a name.

    Among a billion others, the chance that one has the same is 1 in 10^10.
    """
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), "big") >> 1


@dataclass(frozen=True, slots=True)
class _TermStatistics:
    passages: int
    mean_length: float
    passages_with: Mapping[str, int]

    def weigh(self, terms: Sequence[str]) -> dict[str, float]:
        """Return what each term of a passage adds to its score."""
        weights = {}
        for term, count in Counter(terms).items():
            idf = weigh_term(self.passages_with[term], self.passages)
            length = 1 - B + B * len(terms) / self.mean_length
            weights[term] = idf * count * (K1 + 1) / (count + K1 * length)
        return weights


def _count_terms(passages: Iterable[EncodedPassage]) -> dict[Language, _TermStatistics]:
    counts = Counter[Language]()
    lengths = Counter[Language]()
    passages_with: dict[Language, Counter[str]] = {language: Counter() for language in Language}
    for passage in passages:
        language = passage.row.language
        terms = analyse(passage.text, language)
        counts[language] += 1
        lengths[language] += len(terms)
        passages_with[language].update(set(terms))
    return {
        language: _TermStatistics(count, lengths[language] / count, passages_with[language])
        for language, count in counts.items()
    }


def _number_term(term: str, language: Language) -> int:
    # Among a million terms, one in 4,300 shares its number with another.
    return crc32(f"{language} {term}".encode()) % _NO_TERMS


def _pack(content: bytes) -> list[str]:
    # Milvus Lite has no type for bytes, and a text of Milvus has 65,535 of them at most.
    text = b64encode(content).decode("ascii")
    return [text[start : start + _LONGEST_TEXT] for start in range(0, len(text), _LONGEST_TEXT)]


def _unpack(texts: Iterable[str]) -> bytes:
    return b64decode("".join(texts))


def _pack_codec(codec: TokenCodec) -> list[str]:
    content = io.BytesIO()
    arrays = {field.name: getattr(codec, field.name) for field in fields(codec)}
    np.savez(content, allow_pickle=False, **arrays)
    return _pack(content.getvalue())


def _unpack_codec(texts: Sequence[str]) -> TokenCodec | None:
    if not texts:
        return None
    with np.load(io.BytesIO(_unpack(texts)), allow_pickle=False) as arrays:
        return TokenCodec(**arrays)

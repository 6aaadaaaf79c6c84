"""The rankers there are, opened by name."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from massilia.index.dense import DenseRanker
from massilia.index.encoder import Advance, Encoder
from massilia.index.fused import FusedRanker
from massilia.index.generation import Generation
from massilia.index.late import LateRanker
from massilia.index.lexical import LexicalRanker
from massilia.index.ranker import Ranker, RankerName
from massilia.index.store import IndexedText, Store


def open_ranker(
    name: RankerName,
    store: Store,
    generation: Generation,
    encoder: Encoder,
    progress: Callable[[int], AbstractContextManager[Advance]] | None = None,
) -> Ranker:
    """Open a ranker of the passages that `generation` holds.

    All but the dense one, which is the default, are built in memory from the library as it is
    now. The late one encodes every passage, of which `progress` is told; for an encoder that has
    no vectors of single tokens it raises `ModelError`.
    """
    dense = DenseRanker(store, generation.passages)
    match name:
        case RankerName.DEFAULT | RankerName.DENSE:
            return dense
        case RankerName.LEXICAL:
            return LexicalRanker.build(_read_passages(store, generation))
        case RankerName.FUSED:
            lexical = LexicalRanker.build(_read_passages(store, generation))
            return FusedRanker([dense, lexical])
        case RankerName.LATE:
            passages = _read_passages(store, generation)
            with progress(len(passages)) if progress else nullcontext() as advance:
                return LateRanker.build(passages, encoder, dense, advance)


def _read_passages(store: Store, generation: Generation) -> list[IndexedText]:
    held = generation.passages.ids
    return [passage for passage in store.indexed_passages() if passage.id in held]

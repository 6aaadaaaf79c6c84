"""The rankers there are, opened by name."""

from massilia.index.dense import DenseRanker
from massilia.index.fused import FusedRanker
from massilia.index.hybrid import HybridRanker
from massilia.index.late import LateRanker
from massilia.index.lexical import LexicalRanker
from massilia.index.passage_index import PassageIndex
from massilia.index.ranker import Ranker, RankerName


def open_ranker(name: RankerName, index: PassageIndex) -> Ranker:
    """Return a ranker of the passages in `index`.

    Without tokens, what ranks by them leaves the order as it was: the late ranker is the dense one
    then, and the default one the fused.
    """
    dense, lexical = DenseRanker(index), LexicalRanker(index)
    match name:
        case RankerName.DENSE:
            return dense
        case RankerName.LEXICAL:
            return lexical
        case RankerName.FUSED:
            return FusedRanker([dense, lexical])
        case RankerName.LATE:
            return LateRanker(index, dense)
        case RankerName.DEFAULT:
            return FusedRanker([dense, lexical]) if index.codec is None else HybridRanker(index)

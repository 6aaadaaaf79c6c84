"""The packaged model as onnxruntime and the tokenizer read it, converted once into the cache."""

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from massilia.index.packaged_model import (
    NAME,
    WEIGHTS_SHA256,
    ModelFormat,
    Progress,
    WrittenFile,
    ensure_model_folder,
    write_file,
)
from massilia.index.quantised_weights import QuantisedWeights
from massilia.index.tokenizer import PieceTable, tabulate_pieces

LAYOUT_VERSION: Final = 1
"""Counts the changes to what a conversion writes; a new one leaves older caches alone."""

FINGERPRINT: Final = f"{NAME}-onnx-{WEIGHTS_SHA256}-v{LAYOUT_VERSION}"
FOLDER_NAME: Final = f"{NAME}-onnx-{WEIGHTS_SHA256[:12]}-v{LAYOUT_VERSION}"
GRAPH: Final = "model.onnx"
GRAPH_DATA: Final = "model.bin"
PIECES: Final = "pieces.npy"
PIECE_IDS: Final = "piece_ids.npy"
PIECE_SCORES: Final = "piece_scores.npy"


def ensure_onnx_model(
    cache: Path, progress: Progress | None = None, *, weights: Path | None = None
) -> Path:
    """Return the folder that holds the graph and the pieces, as `ensure_model_folder` does."""
    layout = ModelFormat(FOLDER_NAME, LAYOUT_VERSION, 100, _write_model_folder)
    return ensure_model_folder(layout, cache, progress, weights=weights)


def open_pieces(folder: Path) -> PieceTable:
    """Open the pieces in the folder of a model; they stay on disk until they are asked for."""
    # As a plain array: what a memory map returns costs more than the look-up itself.
    pieces = np.asarray(np.load(folder / PIECES, mmap_mode="r"))
    return PieceTable(pieces, np.load(folder / PIECE_IDS), np.load(folder / PIECE_SCORES))


def _write_model_folder(
    weights: QuantisedWeights, folder: Path, progress: Progress | None
) -> dict[str, WrittenFile]:
    # Only a conversion needs the package onnx; importing it takes 0.2 s.
    from massilia.index.onnx_graph import build_graph

    table = tabulate_pieces(weights.pieces)
    graph = build_graph(weights, GRAPH_DATA)
    contents = {
        PIECES: [_to_npy(table.pieces)],
        PIECE_IDS: [_to_npy(table.ids)],
        PIECE_SCORES: [_to_npy(table.scores)],
        GRAPH: [graph.model],
        GRAPH_DATA: graph.data,
    }
    total = sum(len(chunk) for chunks in contents.values() for chunk in chunks)
    done = 0

    def generate(chunks: Sequence[bytes]) -> Iterator[bytes]:
        nonlocal done
        for chunk in chunks:
            yield chunk
            done += len(chunk)
            if progress is not None:
                progress(done, total)

    return {name: write_file(folder / name, generate(each)) for name, each in contents.items()}


def _to_npy(values: NDArray[np.generic]) -> bytes:
    file = BytesIO()
    np.save(file, values)
    return file.getvalue()

"""What a build has encoded so far, so that one that is stopped goes on where it was."""

import hashlib
import io
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from massilia.index.encoder import Advance, EncodedText, Encoder, TokenEncoder, Vectors
from massilia.index.encoder_input import EncoderInput
from massilia.index.errors import name_library
from massilia.index.token_codec import TokenCodec
from massilia.index.token_store import TokenStore, TokenWriter

FOLDER = "encoded"
CHUNK = 256
"""How many texts are encoded before they are kept: the tokens of as many passages take 50 MB, and
a few seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Hold the vectors of some texts, of shape (len(ids), dimension), and their tokens if any."""

    ids: NDArray[np.int64]
    vectors: Vectors
    tokens: TokenStore | None


class Checkpoint:
    """Encode texts a chunk at a time, keeping each on the disk as soon as it is done.

    An id stands for one text for ever, so what was kept under it is what would be encoded.
    """

    def __init__(self, library: Path, encoder: Encoder) -> None:
        self._library = library
        self._encoder = encoder
        name = hashlib.sha256(encoder.fingerprint.encode()).hexdigest()[:16]
        self._folder = library / FOLDER / name

    @property
    def dimension(self) -> int:
        """Give the length of a vector."""
        return self._encoder.dimension

    def clear(self) -> None:
        """Delete all that is kept, of whatever encoder."""
        shutil.rmtree(self._folder.parent, ignore_errors=True)

    def codec(self) -> TokenCodec | None:
        """Return the codec of the tokens that are kept, or None where there are none."""
        for path in sorted(self._folder.glob("*.tokens")):
            try:
                return TokenStore.open(path).codec
            except (OSError, RuntimeError):
                continue
        return None

    def encode(
        self,
        kind: str,
        texts: Sequence[EncoderInput],
        codec: TokenCodec | None = None,
        advance: Advance | None = None,
    ) -> Iterator[Chunk]:
        """Yield the vectors of all texts, and with a codec of their tokens, in any order.

        `kind` tells apart what is kept of passages and of sentences. Given a codec, the encoder
        must be a `TokenEncoder`. Raises `LibraryError` where nothing can be kept.
        """
        with name_library(self._library):
            self._folder.mkdir(parents=True, exist_ok=True)
        left = {text.id: text for text in texts}
        for path in sorted(self._folder.glob(f"{kind}-*.npz")):
            chunk = _read_chunk(path, codec)
            # One that was cut off, or is of texts that have been removed since, is of no use.
            if chunk is None or not all(text_id in left for text_id in chunk.ids.tolist()):
                path.unlink(missing_ok=True)
                path.with_suffix(".tokens").unlink(missing_ok=True)
                continue
            for text_id in chunk.ids.tolist():
                del left[text_id]
            if advance is not None:
                advance(len(chunk.ids))
            yield chunk
        # Texts of one length share a chunk: a batch that is padded costs what its longest does.
        waiting = sorted(left.values(), key=lambda text: (-len(text.text), text.id))
        for start in range(0, len(waiting), CHUNK):
            yield self._encode_chunk(kind, waiting[start : start + CHUNK], codec, advance)

    def _encode_chunk(
        self,
        kind: str,
        texts: Sequence[EncoderInput],
        codec: TokenCodec | None,
        advance: Advance | None,
    ) -> Chunk:
        contents = [text.text for text in texts]
        encoded: list[EncodedText] = []
        # What goes wrong in the encoder is no error of the library's.
        if codec is None:
            vectors = self._encoder.encode_passages(contents, advance)
        else:
            assert isinstance(self._encoder, TokenEncoder)
            encoded += self._encoder.encode_passage_tokens(contents, advance)
            vectors = np.stack([each.vector for each in encoded])
        ids = np.array([text.id for text in texts], dtype=np.int64)
        content = io.BytesIO()
        np.savez(content, allow_pickle=False, ids=ids, vectors=vectors)
        path = self._folder / f"{kind}-{texts[0].id}.npz"
        with name_library(self._library):
            if codec is not None:
                with TokenWriter(path.with_suffix(".tokens"), codec) as writer:
                    for text, each in zip(texts, encoded, strict=True):
                        writer.append(text.id, each.tokens, text.start, text.sentence_ends)
            new = path.with_suffix(".new")
            with new.open("wb") as file:
                file.write(content.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            # After the tokens, whose file is complete by now: this one says that the chunk is.
            new.rename(path)
            return Chunk(ids, vectors, _open_tokens(path, codec))


def _read_chunk(path: Path, codec: TokenCodec | None) -> Chunk | None:
    try:
        # NumPy leaves a file that it opens itself, and can't read, open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            chunk = Chunk(arrays["ids"], arrays["vectors"], _open_tokens(path, codec))
        if chunk.tokens is not None:
            # Now, and not when the generation is written: they can still be encoded again.
            chunk.tokens.read(chunk.ids.tolist())
        return chunk
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, EOFError, BadZipFile):
        return None


def _open_tokens(path: Path, codec: TokenCodec | None) -> TokenStore | None:
    if codec is None:
        return None
    store = TokenStore.open(path.with_suffix(".tokens"))
    if not store.codec.equals(codec):
        raise RuntimeError(f"{path} holds tokens of another codec")
    return store

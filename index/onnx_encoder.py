"""The packaged model run by onnxruntime, which starts faster than torch and needs less memory."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime

from massilia.index.encoder import (
    Advance,
    EncodedText,
    ModelError,
    TokenVectors,
    TooManyTokensError,
    Vectors,
)
from massilia.index.onnx_model import FINGERPRINT, GRAPH, ensure_onnx_model, open_pieces
from massilia.index.packaged_model import E5_PROMPTS, NAME, Progress
from massilia.index.tokenizer import PieceTokenizer, Tokens

# A passage has a vector for each of a hundred tokens and more: no more passages than this wait in
# memory for those that come before them.
WINDOW: Final = 128
FATAL: Final = 4


class OnnxEncoder:
    """Encode texts with the packaged model, each text on one processor.

    A text longer than the model reads is cut at its end: compare `count_tokens` with
    `max_passage_tokens` to know. A text's vectors depend on nothing but the text: texts are never
    batched. Several threads may use one encoder.
    """

    def __init__(self, session: onnxruntime.InferenceSession, tokenizer: PieceTokenizer) -> None:
        self.name = NAME
        self.fingerprint = FINGERPRINT
        self.dimension: int = session.get_outputs()[0].shape[1]
        self._session = session
        self._tokenizer = tokenizer
        self._positions = int(session.get_modelmeta().custom_metadata_map["positions"])
        self._prompt_tokens = {each: self._count_prompt(each) for each in E5_PROMPTS.values()}

    @property
    def max_passage_tokens(self) -> int:
        """Give the largest `count_tokens` of a passage that is read whole."""
        return self._positions - self._prompt_tokens[E5_PROMPTS["document"]]

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        """Return one unit vector a question, as an array of shape (len(questions), dimension)."""
        return self._encode_vectors(E5_PROMPTS["query"], questions, advance=None)

    def encode_passages(self, passages: Sequence[str], advance: Advance | None = None) -> Vectors:
        """Return one unit vector a passage, as an array of shape (len(passages), dimension)."""
        return self._encode_vectors(E5_PROMPTS["document"], passages, advance)

    def encode_question_tokens(self, question: str) -> EncodedText:
        """Return the vector of a question, and its tokens' last hidden states at unit length."""
        (encoded,) = self._encode(E5_PROMPTS["query"], [question], advance=None)
        return encoded

    def encode_passage_tokens(
        self, passages: Sequence[str], advance: Advance | None = None
    ) -> Iterator[EncodedText]:
        """Yield the vectors of passages, and their tokens' last hidden states at unit length."""
        return self._encode(E5_PROMPTS["document"], passages, advance)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, with the special ones but without the model's prefix."""
        return [len(tokens.ids) for tokens in self._tokenizer.encode(texts)]

    def _encode_vectors(
        self, prompt: str, texts: Sequence[str], advance: Advance | None
    ) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for position, (_, states) in enumerate(self._run_all(prompt, texts, advance)):
            vectors[position] = _average(states)
        return vectors

    def _encode(
        self, prompt: str, texts: Sequence[str], advance: Advance | None
    ) -> Iterator[EncodedText]:
        unknown = self._tokenizer.unknown
        special = [token for token in self._tokenizer.special_ids if token != unknown]
        prompt_tokens = self._prompt_tokens[prompt]
        for tokens, states in self._run_all(prompt, texts, advance):
            # The prompt stands first of what isn't special. A character that the vocabulary lacks
            # is one of the text's all the same.
            kept = np.flatnonzero(~np.isin(tokens.ids, special))[prompt_tokens:]
            vectors = states[kept]
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            ends = tokens.ends[kept] - len(prompt)
            yield EncodedText(_average(states), TokenVectors(tokens.ids[kept], vectors, ends))

    def _run_all(
        self, prompt: str, texts: Sequence[str], advance: Advance | None
    ) -> Iterator[tuple[Tokens, Vectors]]:
        """Yield the tokens of each text and their last hidden states, in the texts' order."""
        for start in range(0, len(texts), WINDOW):
            window = [f"{prompt}{text}" for text in texts[start : start + WINDOW]]
            if prompt == E5_PROMPTS["query"]:
                tokens = self._tokenizer.encode(window)
                self._check_read_whole(tokens)
            else:
                tokens = self._tokenizer.encode(window, self._positions)
            states = [self._run(tokens[0])] if len(tokens) == 1 else self._run_window(tokens)
            for each in zip(tokens, states, strict=True):
                yield each
                if advance is not None:
                    advance(1)

    def _check_read_whole(self, questions: Sequence[Tokens]) -> None:
        longest = max(len(tokens.ids) for tokens in questions)
        if longest > self._positions:
            raise TooManyTokensError(self.name, longest, self._positions)

    def _run_window(self, tokens: Sequence[Tokens]) -> list[Vectors]:
        # The longest first, or the last processor to finish would keep the others waiting.
        order = sorted(range(len(tokens)), key=lambda position: -len(tokens[position].ids))
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
            found = threads.map(self._run, [tokens[position] for position in order])
            states = dict(zip(order, found, strict=True))
        return [states[position] for position in range(len(tokens))]

    def _run(self, tokens: Tokens) -> Vectors:
        states: Vectors
        (states,) = self._session.run(None, {"ids": tokens.ids})
        return states

    def _count_prompt(self, prompt: str) -> int:
        without, with_prompt = self.count_tokens(["a", f"{prompt}a"])
        return with_prompt - without


def open_onnx_encoder(cache: Path, progress: Progress | None = None) -> OnnxEncoder:
    """Open the packaged model, converted into `cache` the first time, as `progress` is told.

    Raises ModelError where it can't be converted, or is damaged.
    """
    folder = ensure_onnx_model(cache, progress)
    options = onnxruntime.SessionOptions()
    # Texts are spread over the processors, not what is done for one text.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # The graph is as it should run; what the optimiser fuses changes the vectors.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    # Planning which outputs share a buffer takes 0.15 of the 0.19 s that opening takes; they are
    # freed after their last use all the same.
    options.enable_mem_reuse = False
    options.log_severity_level = FATAL
    try:
        session = onnxruntime.InferenceSession(
            folder / GRAPH, options, providers=["CPUExecutionProvider"]
        )
    # Its errors derive from RuntimeError, and one from ValueError.
    except Exception as error:
        raise ModelError(f"the model {NAME} can't be opened from {folder}: {error}") from error
    return OnnxEncoder(session, PieceTokenizer(open_pieces(folder)))


def _average(states: Vectors) -> Vectors:
    vector: Vectors = states.mean(axis=0)
    vector /= np.linalg.norm(vector)
    return vector

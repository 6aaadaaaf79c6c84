"""Encoders made of sentence-transformers models: the packaged one, or any that a user names.

Importing sentence-transformers takes seconds, so it happens when an encoder is opened.
"""

import hashlib
import json
import logging
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from tokenizers import Tokenizer

from massilia.index.encoder import (
    Advance,
    EncodedText,
    ModelError,
    TokenVectors,
    TooManyTokensError,
    Vectors,
)
from massilia.index.packaged_model import (
    E5_PROMPTS,
    FINGERPRINT,
    NAME,
    Progress,
    ensure_packaged_model,
    hash_file,
)

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

# Swept over 1, 4, 8, 16, 32, 64 on 160 passages of newspaper articles, 108 tokens each on average,
# on two cores: 29, 38, 38, 35, 29, 21 passages a second.
BATCH_SIZE: Final = 8
# A passage has a vector for each of a hundred tokens and more: no more passages than this wait in
# memory for those that come before them.
WINDOW: Final = 16 * BATCH_SIZE
HUB_TIMEOUT_SECONDS: Final = 5.0

# What decides a model's vectors: weights, configuration, vocabulary. Notes and pictures don't,
# nor do the exports for engines other than torch.
DECISIVE_SUFFIXES: Final = frozenset({".bin", ".json", ".model", ".safetensors", ".txt"})
IGNORED_DOWNLOADS: Final = (
    "*.gguf",
    "*.h5",
    "*.msgpack",
    "*.onnx",
    "*.ot",
    "onnx/*",
    "openvino/*",
)
HUB_NAME: Final = re.compile(r"[\w.-]+(/[\w.-]+)?", re.ASCII)
E5_NAME: Final = re.compile(r"(?<![a-z0-9])e5(?![a-z0-9])", re.IGNORECASE)


class SentenceEncoder:
    """Encode texts with a sentence-transformers model.

    A text longer than the model reads is cut at its end: compare `count_tokens` with
    `max_passage_tokens` to know. The same list of texts always gives the same vectors; the
    same text in another list may differ in the last bits, since batches are padded.
    """

    def __init__(self, model: "SentenceTransformer", *, name: str, fingerprint: str) -> None:
        dimension = model.get_embedding_dimension()
        if dimension is None:
            raise ModelError(f"the model {name} doesn't say how long its vectors are")
        self.name = name
        self.fingerprint = fingerprint
        self.dimension = dimension
        self._model = model
        self._question_prompt = model.prompts.get("query") or ""
        self._passage_prompt = choose_passage_prompt(model.prompts)
        # A tokenizer keeps its settings for cutting and padding in itself: not for two threads.
        self._lock = Lock()

    @property
    def max_passage_tokens(self) -> int | None:
        """Give the largest `count_tokens` of a passage that is read whole, if there is a limit."""
        limit = self._token_limit
        if limit is None:
            return None
        return limit - self._count_prompt_tokens(self._passage_prompt)

    @property
    def _token_limit(self) -> int | None:
        # A model of static vectors reads without end, and says so with infinity.
        length = self._model.max_seq_length
        return None if length is None or math.isinf(length) else int(length)

    def encode_questions(self, questions: Sequence[str]) -> Vectors:
        """Return one unit vector a question, as an array of shape (len(questions), dimension)."""
        self._check_read_whole(questions)
        encode = partial(self._model.encode_query, prompt=self._question_prompt)
        return self._encode(encode, questions, advance=None)

    def encode_passages(self, passages: Sequence[str], advance: Advance | None = None) -> Vectors:
        """Return one unit vector a passage, as an array of shape (len(passages), dimension)."""
        encode = partial(self._model.encode_document, prompt=self._passage_prompt)
        return self._encode(encode, passages, advance=advance)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Count the tokens of each text, with the special ones but without the model's prefix."""
        if not texts:
            return []
        with self._lock:
            if isinstance(self._model.tokenizer, Tokenizer):
                # A model of static vectors has a bare tokenizer, and adds no special tokens.
                batch = self._model.tokenizer.encode_batch(list(texts), add_special_tokens=False)
                return [len(encoding.ids) for encoding in batch]
            encoded = self._model.tokenizer(
                list(texts), padding=False, truncation=False, verbose=False
            )
        return [len(ids) for ids in encoded["input_ids"]]

    def _encode(
        self, encode: Callable[..., object], texts: Sequence[str], *, advance: Advance | None
    ) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for batch in _batch_by_length(texts):
            with self._lock:
                encoded = encode(
                    [texts[position] for position in batch],
                    batch_size=BATCH_SIZE,
                    show_progress_bar=False,
                )
            vectors[batch] = np.asarray(encoded, dtype=np.float32)
            if advance is not None:
                advance(len(batch))
        self._normalise(vectors, texts)
        return vectors

    def _check_read_whole(self, questions: Sequence[str]) -> None:
        limit = self._token_limit
        if limit is None:
            return
        counts = self.count_tokens([f"{self._question_prompt}{each}" for each in questions])
        longest = max(counts, default=0)
        if longest > limit:
            raise TooManyTokensError(self.name, longest, limit)

    def _count_prompt_tokens(self, prompt: str) -> int:
        without, with_prompt = self.count_tokens(["a", f"{prompt}a"])
        return with_prompt - without

    def _normalise(self, vectors: Vectors, texts: Sequence[str]) -> None:
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        unusable = np.flatnonzero(~(np.isfinite(lengths[:, 0]) & (lengths[:, 0] > 0)))
        if len(unusable):
            position = int(unusable[0])
            raise ModelError(
                f"the model {self.name} gives a vector of length {lengths[position, 0]} "
                f"for {texts[position]!r}"
            )
        vectors /= lengths


class SentenceTokenEncoder(SentenceEncoder):
    """Encode texts with a model that gives vectors of single tokens too."""

    def encode_question_tokens(self, question: str) -> EncodedText:
        """Return the vector of a question, and its tokens' last hidden states at unit length."""
        self._check_read_whole([question])
        encode = partial(self._model.encode_query, prompt=self._question_prompt)
        (encoded,) = self._encode_tokens(encode, [question], self._question_prompt)
        return encoded

    def encode_passage_tokens(
        self, passages: Sequence[str], advance: Advance | None = None
    ) -> Iterator[EncodedText]:
        """Yield the vectors of passages, and their tokens' last hidden states at unit length."""
        encode = partial(self._model.encode_document, prompt=self._passage_prompt)
        for start in range(0, len(passages), WINDOW):
            window = passages[start : start + WINDOW]
            found: dict[int, EncodedText] = {}
            for batch in _batch_by_length(window):
                texts = [window[position] for position in batch]
                encoded = self._encode_tokens(encode, texts, self._passage_prompt)
                found.update(zip(batch, encoded, strict=True))
                if advance is not None:
                    advance(len(batch))
            yield from (found[position] for position in range(len(window)))

    def _encode_tokens(
        self, encode: Callable[..., object], texts: Sequence[str], prompt: str
    ) -> list[EncodedText]:
        tokenizer = self._model.tokenizer
        encoded: Any
        with self._lock:
            encoded = encode(
                texts, batch_size=BATCH_SIZE, show_progress_bar=False, output_value=None
            )
            # sentence-transformers gives no offsets; the ids are the same.
            offsets = tokenizer(
                [f"{prompt}{text}" for text in texts],
                truncation=True,
                max_length=self._model.max_seq_length,
                return_offsets_mapping=True,
            )["offset_mapping"]
        # A character that the vocabulary lacks is one of the text's all the same.
        special = set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}
        prompt_tokens = self._count_prompt_tokens(prompt)
        found = []
        for text, each, places in zip(texts, encoded, offsets, strict=True):
            ids = each["input_ids"].cpu().numpy()
            vector = each["sentence_embedding"].float().cpu().numpy()[np.newaxis]
            self._normalise(vector, [text])
            # Padding is special too. The prompt stands first of what is left.
            kept = np.flatnonzero(~np.isin(ids, list(special)))[prompt_tokens:]
            vectors = each["token_embeddings"].float().cpu().numpy()[kept]
            self._normalise(vectors, [text] * len(vectors))
            # Padding stands at the end, if there is any: the places before it are the same.
            ends = np.array([places[position][1] for position in kept], dtype=np.int64)
            tokens = TokenVectors(ids[kept], vectors, ends - len(prompt))
            found.append(EncodedText(vector[0], tokens))
        return found


def _batch_by_length(texts: Sequence[str]) -> list[list[int]]:
    # Texts of one length share a batch, or the short ones would be padded to the long ones.
    order = sorted(range(len(texts)), key=lambda position: -len(texts[position]))
    return [order[start : start + BATCH_SIZE] for start in range(0, len(order), BATCH_SIZE)]


def open_encoder(
    name: str | None, cache: Path, progress: Progress | None = None
) -> SentenceEncoder:
    """Open the encoder `name`: a folder, a name on the Hugging Face hub, or the packaged model.

    None and "multilingual-e5-small" are the packaged model, converted into `cache` the first
    time, of which `progress` is told. A name on the hub is looked for among what has been
    downloaded before, then downloaded; without an owner it is one of sentence-transformers'.

    Raises ModelError where there is no such model, or it can't be opened.
    """
    if name is None or name == NAME:
        folder = ensure_packaged_model(cache, progress)
        model = _load_model(folder, name=NAME)
        return SentenceTokenEncoder(model, name=NAME, fingerprint=FINGERPRINT)
    folder = Path(name).expanduser()
    if not name or not folder.is_dir():
        folder = _find_on_hub(name)
    model = _load_model(folder, name=name)
    if not any(model.prompts.values()) and needs_e5_prompts(name):
        model.prompts.update(E5_PROMPTS)
    fingerprint = fingerprint_folder(folder, model.prompts)
    kind = SentenceTokenEncoder if gives_tokens(model) else SentenceEncoder
    return kind(model, name=name, fingerprint=fingerprint)


def gives_tokens(model: "SentenceTransformer") -> bool:
    """Say whether a model gives vectors of single tokens, and where in a text each stands.

    One made of static word vectors gives none; a tokenizer written in Python gives no places.
    """
    if not getattr(model.tokenizer, "is_fast", False):
        return False
    (probe,) = model.encode(["a"], show_progress_bar=False, output_value=None)
    return "token_embeddings" in probe


def choose_passage_prompt(prompts: Mapping[str, str | None]) -> str:
    """Return the first prompt that isn't empty, of those that a model may keep for passages.

    Left to itself, sentence-transformers takes the first that exists; since "document" always
    does, a model that has only "passage" would go without.
    """
    found = (prompts.get(name) for name in ("document", "passage", "corpus"))
    return next((prompt for prompt in found if prompt), "")


def needs_e5_prompts(name: str) -> bool:
    """Say whether a model is, by its name, one of those trained with E5's prefixes.

    The E5 models tuned on instructions were trained with a sentence in place of the prefix.
    """
    stem = Path(name).name
    return E5_NAME.search(stem) is not None and "instruct" not in stem.lower()


def fingerprint_folder(folder: Path, prompts: Mapping[str, str | None]) -> str:
    """Hash the files that decide a model's vectors, by name and content, and its prompts."""
    files = {
        path.relative_to(folder).as_posix(): hash_file(path)
        for path in sorted(folder.rglob("*"))
        if path.suffix in DECISIVE_SUFFIXES and path.is_file()
    }
    content = json.dumps({"files": files, "prompts": prompts}, sort_keys=True)
    return f"sha256-{hashlib.sha256(content.encode('utf-8')).hexdigest()}"


def _load_model(folder: Path, *, name: str) -> "SentenceTransformer":
    from sentence_transformers import SentenceTransformer

    with _silence():
        try:
            return SentenceTransformer(str(folder), local_files_only=True)
        # What a damaged or foreign folder raises depends on which of four libraries trips first.
        except Exception as error:
            raise ModelError(
                f"the model {name} can't be opened from the folder {folder}: {_one_line(error)}"
            ) from error


def _find_on_hub(name: str) -> Path:
    """Return the folder of a hub model, downloading it if need be."""
    if not HUB_NAME.fullmatch(name) or Path(name).exists():
        raise ModelError(
            f"{name!r} is neither a folder nor the name of a model on the Hugging Face hub"
        )
    repository = name if "/" in name else f"sentence-transformers/{name}"
    with _silence():
        try:
            return _fetch(repository)
        # The errors are those of whichever HTTP library the hub's client is built on.
        except Exception as error:
            raise ModelError(
                f"there is no folder {name}, and the model {repository} can't be fetched from "
                f"the Hugging Face hub: {_one_line(error)}"
            ) from error


def _fetch(repository: str) -> Path:
    """Return the folder that a repository of the hub was, or now is, downloaded into."""
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    with suppress(LocalEntryNotFoundError):
        return Path(snapshot_download(repository, local_files_only=True))
    # Asked for its files first: many repositories hold the same weights in several formats. Left
    # to fetch a model itself, sentence-transformers retries for a minute without a network.
    files = HfApi().model_info(repository, timeout=HUB_TIMEOUT_SECONDS).siblings or []
    ignored = list(IGNORED_DOWNLOADS)
    if any(file.rfilename.endswith(".safetensors") for file in files):
        ignored.append("*.bin")
    return Path(snapshot_download(repository, ignore_patterns=ignored))


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the libraries from drawing progress bars and reporting on the terminal."""
    from transformers.utils import logging as transformers_logging

    loggers = [logging.getLogger(n) for n in ("sentence_transformers", "huggingface_hub")]
    levels = [logger.level for logger in loggers]
    verbosity = transformers_logging.get_verbosity()
    had_bars = transformers_logging.is_progress_bar_enabled()
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        # Loading reports as missing the pooler, which a sentence encoder doesn't use.
        transformers_logging.set_verbosity(logging.ERROR)
        # The hub's bars go with them.
        transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        transformers_logging.set_verbosity(verbosity)
        if had_bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__

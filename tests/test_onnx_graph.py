import numpy as np
import onnx
import onnxruntime
import pytest

from massilia.index.onnx_graph import (
    ACTIVATION_STEPS,
    ALIGNMENT,
    WEIGHT_STEPS,
    ZERO,
    build_graph,
    quantise_channels,
    read_blocks,
)
from massilia.index.packaged_model import find_weights
from massilia.index.quantised_weights import QuantisedWeights, open_weights


@pytest.fixture(scope="module")
def weights() -> QuantisedWeights:
    return open_weights(find_weights())


def test_graph_is_valid_and_its_tensors_are_in_the_data_one_after_the_other(
    weights: QuantisedWeights,
) -> None:
    graph = build_graph(weights, "data.bin")
    model = onnx.load_from_string(graph.model)
    end = 0
    for tensor in model.graph.initializer:
        place = {entry.key: entry.value for entry in tensor.external_data}
        if not place:
            continue
        assert place["location"] == "data.bin"
        assert int(place["offset"]) == end
        assert int(place["offset"]) % ALIGNMENT == 0
        length = (
            int(np.prod(tensor.dims))
            * np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
        )
        assert int(place["length"]) == length
        end += length + -length % ALIGNMENT
    assert end == sum(map(len, graph.data)) > 80_000_000


def test_graph_is_the_same_each_time(weights: QuantisedWeights) -> None:
    first, second = build_graph(weights, "data.bin"), build_graph(weights, "data.bin")
    assert first.model == second.model
    assert b"".join(first.data) == b"".join(second.data)


def test_blocks_hold_the_weights_in_their_order(weights: QuantisedWeights) -> None:
    nibbles, scales = read_blocks(weights, "l3.fo.w")
    values = np.stack([nibbles & 0x0F, nibbles >> 4], axis=2).reshape(len(nibbles), 32)
    found = (values.astype(np.float32) - 8) * scales[:, np.newaxis]
    expected = np.concatenate(list(weights.read_tensor("l3.fo.w")))
    assert np.array_equal(found.reshape(-1), expected)


def test_channels_are_rounded_to_the_nearest_step_of_their_own() -> None:
    matrix = np.random.default_rng(5).normal(size=(7, 50)).astype(np.float32)
    matrix *= 10.0 ** np.arange(-3, 4, dtype=np.float32)[:, np.newaxis]
    channels, steps = quantise_channels(matrix)
    assert np.abs(channels).max(axis=1).tolist() == [WEIGHT_STEPS] * 7
    error = np.abs(channels * steps[:, np.newaxis] - matrix)
    assert (error <= 0.5001 * steps[:, np.newaxis]).all()


def test_two_products_never_exceed_sixteen_bits() -> None:
    """Else processors without VNNI would cut their sum, and give other vectors."""
    assert ZERO + ACTIVATION_STEPS <= 255
    assert ZERO - ACTIVATION_STEPS >= 0
    assert 2 * (ZERO + ACTIVATION_STEPS) * WEIGHT_STEPS < 2**15


def test_linear_layers_multiply_whole_numbers_and_hold_no_others(
    weights: QuantisedWeights,
) -> None:
    model = onnx.load_from_string(build_graph(weights, "data.bin").model)
    products = [n for n in model.graph.node if n.op_type == "MatMulIntegerToFloat"]
    assert len(products) == 4 * weights.architecture.layers
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    assert {kinds[node.input[1]] for node in products} == {onnx.TensorProto.INT8}
    assert kinds["words"] == onnx.TensorProto.UINT8


def test_graph_needs_its_data(weights: QuantisedWeights) -> None:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    with pytest.raises(Exception, match=r"data\.bin"):
        onnxruntime.InferenceSession(build_graph(weights, "data.bin").model, options)

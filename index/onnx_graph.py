"""The graph of multilingual-e5-small for onnxruntime, made straight from the weight file.

It reads one text: token ids of shape (tokens,) become last hidden states of shape (tokens,
hidden). Words are looked up in 4 bits, as they are stored; the linear layers multiply in 8 bits,
with a scale for each token and one for each output channel; the rest is float32.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from massilia.index.quantised_weights import BLOCK, BLOCK_LENGTH, QuantisedWeights, Weights

IDS: Final = "ids"
STATES: Final = "states"
POSITIONS: Final = "positions"
"""The key under which a graph's metadata say how many tokens it reads."""

OPSET: Final = 21
IR_VERSION: Final = 10
CONTRIBUTED: Final = "com.microsoft"
"""The domain of onnxruntime's own operators."""

# Activations are 1 to 255, around 128. Processors without VNNI add two products of theirs in 16
# bits: with weights up to 64 no sum exceeds 2 x 255 x 64 < 2^15.
ZERO: Final = 128
ACTIVATION_STEPS: Final = 127
WEIGHT_STEPS: Final = 64
# Where tensors start in the data file; onnxruntime maps it into memory.
ALIGNMENT: Final = 4096


@dataclass(frozen=True, slots=True)
class Graph:
    """Hold a model, and the content of the data file that its tensors point into."""

    model: bytes = field(repr=False)
    data: Sequence[bytes] = field(repr=False)


def build_graph(weights: QuantisedWeights, data_name: str) -> Graph:
    """Return the graph over `weights`, whose data will lie beside it in the file `data_name`."""
    return _GraphBuilder(weights, data_name).build()


class _GraphBuilder:
    """Add nodes and tensors to a graph; what adds a node returns the name of its output."""

    def __init__(self, weights: QuantisedWeights, data_name: str) -> None:
        self._weights = weights
        self._sizes = weights.architecture
        self._data_name = data_name
        self._data: list[bytes] = []
        self._offset = 0
        self._tensors: list[TensorProto] = []
        self._nodes: list[onnx.NodeProto] = []

    def build(self) -> Graph:
        sizes = self._sizes
        self._add_constants()
        states = self._embed()
        for layer in range(sizes.layers):
            states = self._add_layer(f"l{layer}", states)
        self._add("Identity", [states], STATES)
        graph = helper.make_graph(
            self._nodes,
            "multilingual-e5-small",
            [helper.make_tensor_value_info(IDS, TensorProto.INT64, ["tokens"])],
            [helper.make_tensor_value_info(STATES, TensorProto.FLOAT, ["tokens", sizes.hidden])],
            self._tensors,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIBUTED, 1)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
        helper.set_model_props(model, {POSITIONS: str(sizes.positions)})
        return Graph(model.SerializeToString(deterministic=True), self._data)

    def _add_constants(self) -> None:
        # In the graph itself: the shapes of its nodes follow from some of them.
        constants = {
            "axis_0": np.array([0]),
            "axis_1": np.array([1]),
            "zero": np.array(ZERO, dtype=np.uint8),
            "one": np.array(1, dtype=np.float32),
            "step": np.array([1 / ACTIVATION_STEPS], dtype=np.float32),
        }
        self._tensors += [numpy_helper.from_array(each, name) for name, each in constants.items()]
        self._add("Shape", [IDS], "length")
        zero = numpy_helper.from_array(np.array([ZERO], dtype=np.uint8))
        self._add("ConstantOfShape", ["length"], "zeros", value=zero)

    def _embed(self) -> str:
        """Add words, positions and the type of the first sentence, and normalise the sum."""
        sizes = self._sizes
        nibbles, scales = read_blocks(self._weights, "emb.word")
        self._add_tensor("words", nibbles.reshape(sizes.words, sizes.hidden // 2))
        self._add_tensor("word_scales", scales.reshape(sizes.words, sizes.hidden // BLOCK_LENGTH))
        places = self._read("emb.pos").reshape(sizes.positions, sizes.hidden)
        types = self._read("emb.type").reshape(sizes.types, sizes.hidden)
        self._add_tensor("places", places + types[0])
        words = self._add(
            "GatherBlockQuantized",
            ["words", IDS, "word_scales"],
            "word",
            bits=4,
            block_size=BLOCK_LENGTH,
            gather_axis=0,
            quantize_axis=1,
        )
        place = self._add("Slice", ["places", "axis_0", "length"], "place")
        return self._normalise("emb.ln", self._add("Add", [words, place], "emb"))

    def _add_layer(self, layer: str, states: str) -> str:
        inputs = self._quantise(states)
        joined = self._add_linear([f"{layer}.{each}" for each in "qkv"], inputs)
        batch = self._add("Unsqueeze", [joined, "axis_0"], f"{layer}.qkv")
        heads = [f"{layer}.{each}" for each in "qkv"]
        self._nodes.append(helper.make_node("Split", [batch], heads, axis=2, num_outputs=3))
        attended = self._add(
            "MultiHeadAttention", heads, f"{layer}.attended", num_heads=self._sizes.heads
        )
        mixed = self._add("Squeeze", [attended, "axis_0"], f"{layer}.mixed")
        output = self._add_linear([f"{layer}.ao"], self._quantise(mixed))
        total = self._add("Add", [output, states], f"{layer}.attention")
        states = self._normalise(f"{layer}.aln", total)
        inner = self._add_linear([f"{layer}.fi"], self._quantise(states))
        active = self._add("Gelu", [inner], f"{layer}.active")
        output = self._add_linear([f"{layer}.fo"], self._quantise(active))
        total = self._add("Add", [output, states], f"{layer}.feed_forward")
        return self._normalise(f"{layer}.oln", total)

    def _normalise(self, source: str, states: str) -> str:
        for part in "wb":
            self._add_tensor(f"{source}.{part}", self._read(f"{source}.{part}"))
        return self._add(
            "LayerNormalization",
            [states, f"{source}.w", f"{source}.b"],
            f"{source}.output",
            epsilon=self._sizes.epsilon,
        )

    def _quantise(self, states: str) -> tuple[str, str]:
        """Return the names of the states in 8 bits and of their scales, of shape (tokens, 1)."""
        highest = self._add("ReduceMax", [states, "axis_1"], f"{states}.highest", keepdims=0)
        lowest = self._add("ReduceMin", [states, "axis_1"], f"{states}.lowest", keepdims=0)
        negated = self._add("Neg", [lowest], f"{states}.negated")
        largest = self._add("Max", [highest, negated], f"{states}.largest")
        scale = self._add("Mul", [largest, "step"], f"{states}.scale")
        quantised = self._add(
            "QuantizeLinear", [states, scale, "zeros"], f"{states}.quantised", axis=0
        )
        return quantised, self._add("Unsqueeze", [scale, "axis_1"], f"{states}.scales")

    def _add_linear(self, sources: Sequence[str], inputs: tuple[str, str]) -> str:
        """Apply linear layers to the same inputs; the outputs stand side by side."""
        quantised, scales = inputs
        biases = np.concatenate([self._read(f"{source}.b") for source in sources])
        matrices = [self._read(f"{source}.w") for source in sources]
        matrix = np.concatenate(matrices).reshape(len(biases), -1)
        channels, channel_scales = quantise_channels(matrix)
        name = sources[0]
        self._add_tensor(f"{name}.w", channels.T)
        self._add_tensor(f"{name}.s", channel_scales)
        self._add_tensor(f"{name}.b", biases)
        product = self._add(
            "MatMulIntegerToFloat",
            [quantised, f"{name}.w", "one", f"{name}.s", "zero"],
            f"{name}.product",
        )
        scaled = self._add("Mul", [product, scales], f"{name}.scaled")
        return self._add("Add", [scaled, f"{name}.b"], f"{name}.output")

    def _add(self, operator: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        domain = "" if onnx.defs.has(operator) else CONTRIBUTED
        node = helper.make_node(operator, inputs, [output], domain=domain)
        node.attribute.extend(helper.make_attribute(*each) for each in attributes.items())
        self._nodes.append(node)
        return output

    def _read(self, name: str) -> Weights:
        return np.concatenate(list(self._weights.read_tensor(name)))

    def _add_tensor(self, name: str, values: NDArray[np.generic]) -> None:
        """Add a tensor that lies in the data file."""
        content = np.ascontiguousarray(values).tobytes()
        tensor = TensorProto(name=name, dims=values.shape)
        tensor.data_type = helper.np_dtype_to_tensor_dtype(values.dtype)
        tensor.data_location = TensorProto.EXTERNAL
        place = {"location": self._data_name, "offset": self._offset, "length": len(content)}
        for key, value in place.items():
            tensor.external_data.add(key=key, value=str(value))
        self._tensors.append(tensor)
        padding = bytes(-len(content) % ALIGNMENT)
        self._data += [content, padding]
        self._offset += len(content) + len(padding)


def quantise_channels(matrix: Weights) -> tuple[NDArray[np.int8], Weights]:
    """Return a matrix of shape (outputs, inputs) in whole steps, and the step of each output."""
    steps = np.abs(matrix).max(axis=1) / np.float32(WEIGHT_STEPS)
    return np.round(matrix / steps[:, np.newaxis]).astype(np.int8), steps


def read_blocks(weights: QuantisedWeights, name: str) -> tuple[NDArray[np.uint8], Weights]:
    """Return the nibbles of a quantised tensor in the order of its weights, and the scales.

    Of the two weights in a byte, the first is in the low nibble, as onnxruntime reads them.
    """
    tensor = weights.tensors[name]
    stored = weights.content[tensor.offset : tensor.offset + tensor.length].view(BLOCK)
    nibbles = np.concatenate([stored["nibbles"] & 0x0F, stored["nibbles"] >> 4], axis=1)
    return nibbles[:, ::2] | nibbles[:, 1::2] << 4, stored["scale"].astype(np.float32)

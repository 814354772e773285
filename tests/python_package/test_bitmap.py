"""Models whose linears are bitmaps: what Python reads from them against the dense model, and their size."""

import json
import struct

import pytest
import torch
from strata_prune import StrataError, load_bitmap

safetensors = pytest.importorskip("safetensors.torch")


def _write_dense(folder, dtype):
    """Writes a LLaMA model of random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(3)
    config = LlamaConfig(vocab_size=32, hidden_size=256, intermediate_size=516, num_hidden_layers=2,
                         num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=False)  # fmt: skip
    LlamaForCausalLM(config).to(dtype).save_pretrained(folder)
    return safetensors.load_file(folder / "model.safetensors")


def _bytes(state):
    return {name: tensor.contiguous().view(torch.uint8).numpy().tobytes() for name, tensor in state.items()}


def _linear_bytes(folder):
    """Bytes of the tensors of linears in the safetensors files of a folder."""
    total = 0
    for path in folder.glob("*.safetensors"):
        with open(path, "rb") as file:
            header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        for name, entry in header.items():
            if "_proj.weight" in name:
                total += entry["data_offsets"][1] - entry["data_offsets"][0]
    return total


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_python_gives_back_the_model_that_was_pruned(program, tmp_path, dtype):
    _write_dense(tmp_path / "source", dtype)
    (tmp_path / "ratios.json").write_text("[0.65, 0.75]")
    for folder, form in (("dense", []), ("bitmap", ["--format", "bitmap"])):
        program("prune", "--model", tmp_path / "source", "--pruner", "magnitude", "--allocation",
                tmp_path / "ratios.json", "-o", tmp_path / folder, *form)  # fmt: skip
    state = safetensors.load_file(tmp_path / "dense/model.safetensors")
    read = load_bitmap(tmp_path / "bitmap")
    assert {name: tensor.dtype for name, tensor in read.items()} == {name: t.dtype for name, t in state.items()}
    assert _bytes(read) == _bytes(state)
    share = _linear_bytes(tmp_path / "bitmap") / _linear_bytes(tmp_path / "dense")
    assert share <= (0.34 if dtype == torch.float32 else 0.38)


def test_conversion_goes_both_ways(program, tmp_path):
    state = _write_dense(tmp_path / "source", torch.bfloat16)
    program("convert", tmp_path / "source", "--to", "bitmap", "-o", tmp_path / "bitmap")
    assert _bytes(load_bitmap(tmp_path / "bitmap")) == _bytes(state)
    program("convert", tmp_path / "bitmap", "--to", "dense", "-o", tmp_path / "dense")
    assert _bytes(safetensors.load_file(tmp_path / "dense/model.safetensors")) == _bytes(state)


def _write_bitmap(folder, bits, metadata):
    folder.mkdir()
    tensors = {
        "a.weight.shape": torch.tensor([2, 10]),
        "a.weight.values": torch.tensor([1.5, -2.0, 3.0], dtype=torch.bfloat16),
        "a.weight.bitmap": torch.tensor(bits, dtype=torch.uint8),
        "a.bias": torch.tensor([7.0]),
    }
    safetensors.save_file(tensors, folder / "bitmap-00001-of-00001.safetensors", metadata=metadata)
    return folder


def test_the_form_is_the_documented_one(tmp_path):
    version = {"strata.format": "bitmap/1"}
    state = load_bitmap(_write_bitmap(tmp_path / "good", [[0b10, 0b10], [0b10000000, 0]], version))
    assert state.keys() == {"a.weight", "a.bias"} and state["a.bias"].tolist() == [7.0]
    assert state["a.weight"].tolist() == [[0, 1.5, 0, 0, 0, 0, 0, 0, 0, -2], [0, 0, 0, 0, 0, 0, 0, 3, 0, 0]]
    with pytest.raises(StrataError, match="a.weight: 2 bits, 3 values"):
        load_bitmap(_write_bitmap(tmp_path / "bits", [[0b10, 0b10], [0, 0]], version))
    with pytest.raises(StrataError, match="expected bitmap/1, found bitmap/2"):
        load_bitmap(_write_bitmap(tmp_path / "version", [[0, 0], [0, 0]], {"strata.format": "bitmap/2"}))
    with pytest.raises(StrataError, match="found none"):
        load_bitmap(tmp_path)

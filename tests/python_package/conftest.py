"""What the tests share: the program, a small trained model in transformers, and calibration tokens.

STRATA_PROGRAM names the program (else build/release/strata), and STRATA_TEST_DATA the folder of test data (else
../shared/data beside the repository). Without them, the tests that need them are skipped.
"""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))

SEQUENCES, SEQUENCE_TOKENS = 6, 64
CALIBRATION = ["--calibration-sequences", str(SEQUENCES), "--calibration-sequence-tokens", str(SEQUENCE_TOKENS)]


class Program:
    """The program `strata`, on one model and text."""

    def __init__(self, path):
        self.path = str(path)

    def __call__(self, *arguments):
        done = subprocess.run([self.path, *map(str, arguments)], capture_output=True, text=True)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def many(self, calls):
        """Returns the outputs of several calls, which run beside one another."""
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda call: self(*call), calls))


@pytest.fixture(scope="session")
def program():
    path = Path(os.environ.get("STRATA_PROGRAM", ROOT / "build/release/strata"))
    if not path.is_file():
        pytest.skip(f"{path} is absent: scripts/build.sh makes it")
    os.environ["STRATA_PROGRAM"] = str(path)
    return Program(path)


@pytest.fixture(scope="session")
def data():
    path = Path(os.environ.get("STRATA_TEST_DATA", ROOT.parent / "shared/data"))
    if not (path / "models/stories260K.gguf").is_file():
        pytest.skip(f"{path} holds no test data")
    return path


@pytest.fixture(scope="session")
def model_file(data):
    return data / "models/stories260K.gguf"


def read_model(path):
    """Reads a GGUF file of a LLaMA model into transformers, in float32."""
    import gguf
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    reader = gguf.GGUFReader(path)

    def number(key):
        return reader.fields[f"llama.{key}"].contents()

    heads, key_heads = number("attention.head_count"), number("attention.head_count_kv")
    tensors = {}
    for tensor in reader.tensors:
        values = torch.tensor(gguf.quants.dequantize(tensor.data, tensor.tensor_type))
        part = tensor.name.removesuffix(".weight")
        if part.endswith(("attn_q", "attn_k")):
            # The two halves of a head are interleaved in GGUF files of this architecture.
            count = heads if part.endswith("attn_q") else key_heads
            rows, columns = values.shape
            values = values.view(count, rows // count // 2, 2, columns).transpose(1, 2).reshape(rows, columns)
        tensors[part] = values
    names = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
             "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
             "mlp.down_proj": "ffn_down", "input_layernorm": "attn_norm",
             "post_attention_layernorm": "ffn_norm"}  # fmt: skip
    state = {"model.embed_tokens.weight": tensors["token_embd"], "model.norm.weight": tensors["output_norm"]}
    state["lm_head.weight"] = tensors.get("output", tensors["token_embd"])
    for block in range(number("block_count")):
        for ours, theirs in names.items():
            state[f"model.layers.{block}.{ours}.weight"] = tensors[f"blk.{block}.{theirs}"]
    config = LlamaConfig(
        vocab_size=len(tensors["token_embd"]), hidden_size=number("embedding_length"),
        intermediate_size=number("feed_forward_length"), num_hidden_layers=number("block_count"),
        num_attention_heads=heads, num_key_value_heads=key_heads, max_position_embeddings=number("context_length"),
        rms_norm_eps=number("attention.layer_norm_rms_epsilon"), tie_word_embeddings=False,
        attn_implementation="eager",
    )  # fmt: skip
    model = LlamaForCausalLM(config).float().eval()
    model.load_state_dict(state)
    return model


@pytest.fixture(scope="session")
def dense(model_file):
    """The model, which tests must not change."""
    return read_model(model_file)


@pytest.fixture(scope="session")
def text(data, tmp_path_factory):
    """A folder of eight documents. The first four are the calibration split."""
    lines = (data / "text/tinystories_val.txt").read_text(encoding="utf-8")[:48_000]
    folder = tmp_path_factory.mktemp("text")
    for i in range(8):
        (folder / f"{i}.txt").write_text(lines[6000 * i : 6000 * (i + 1)], encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def calibration(program, model_file, text):
    """The token ids that the program calibrates with, int64 [sequences, tokens]."""
    import torch

    calls = [("tokenize", "--model", model_file, text / f"{i}.txt", "--format", "json") for i in range(4)]
    ids = []
    for output in program.many(calls):
        tokens = json.loads(output)
        ids += tokens["ids"] if isinstance(tokens, dict) else tokens
    windows = len(ids) // SEQUENCE_TOKENS
    starts = [(2 * i + 1) * windows // (2 * SEQUENCES) * SEQUENCE_TOKENS for i in range(SEQUENCES)]
    return torch.tensor([ids[start : start + SEQUENCE_TOKENS] for start in starts])

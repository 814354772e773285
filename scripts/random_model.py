"""Writes a Hugging Face directory with random weights of a given size, for tests of memory and speed.

  random_model.py FOLDER [blocks [hidden [feed_forward]]]

The model is BF16 with one shard per block, an output head tied to the embedding and a tokenizer of
single bytes. Weights have a random sign and a magnitude between 2^-7 and 2^-6, so a forward pass
stays finite.
"""
import json
import os
import struct
import sys

import numpy

VOCABULARY = 259
HEAD = 64


def byte_alphabet():
    """The characters that byte-level tokenizers write for bytes 0 to 255."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    symbols, extra = {}, 256
    for byte in range(256):
        if byte in printable:
            symbols[byte] = chr(byte)
        else:
            symbols[byte], extra = chr(extra), extra + 1
    return [symbols[byte] for byte in range(256)]


def tokenizer():
    special = ["<unk>", "<s>", "</s>"]
    vocabulary = {token: i for i, token in enumerate(special + byte_alphabet())}
    added = [{"id": i, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": True} for i, token in enumerate(special)]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, "normalizer": None,
            "pre_tokenizer": byte_level, "post_processor": None, "decoder": byte_level,
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
                      "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
                      "vocab": vocabulary, "merges": []}}


def write_shard(path, shapes, generator):
    header, offset = {"__metadata__": {"format": "pt"}}, 0
    for name, shape in shapes.items():
        size = 2 * int(numpy.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for shape in shapes.values():
            if len(shape) == 1:
                bits = numpy.full(shape, 0x3F80, numpy.uint16)  # 1
            else:
                bits = generator.integers(0, 1 << 16, shape, numpy.uint16) & 0x807F | 0x3C00
            file.write(bits.tobytes())
    return {name: os.path.basename(path) for name in shapes}


def main(folder, blocks=24, hidden=2048, feed_forward=5632):
    os.makedirs(folder)
    generator = numpy.random.default_rng(1)
    key_value = hidden // 4
    block = {"self_attn.q_proj": [hidden, hidden], "self_attn.k_proj": [key_value, hidden],
             "self_attn.v_proj": [key_value, hidden], "self_attn.o_proj": [hidden, hidden],
             "mlp.gate_proj": [feed_forward, hidden], "mlp.up_proj": [feed_forward, hidden],
             "mlp.down_proj": [hidden, feed_forward], "input_layernorm": [hidden],
             "post_attention_layernorm": [hidden]}
    index = {}
    for i in range(blocks):
        shapes = {f"model.layers.{i}.{name}.weight": shape for name, shape in block.items()}
        index |= write_shard(f"{folder}/model-{i + 1:05}-of-{blocks + 1:05}.safetensors", shapes, generator)
    shapes = {"model.embed_tokens.weight": [VOCABULARY, hidden], "model.norm.weight": [hidden]}
    index |= write_shard(f"{folder}/model-{blocks + 1:05}-of-{blocks + 1:05}.safetensors", shapes, generator)
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
              "num_hidden_layers": blocks, "hidden_size": hidden, "intermediate_size": feed_forward,
              "num_attention_heads": hidden // HEAD, "num_key_value_heads": key_value // HEAD,
              "vocab_size": VOCABULARY, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
              "tie_word_embeddings": True, "bos_token_id": 1, "eos_token_id": 2, "torch_dtype": "bfloat16"}
    for name, content in (("config.json", config), ("tokenizer.json", tokenizer()),
                          ("model.safetensors.index.json", {"metadata": {}, "weight_map": index})):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            json.dump(content, file)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))

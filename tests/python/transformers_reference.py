"""What transformers makes of a checkpoint.

  transformers_reference.py make FOLDER     writes FOLDER/tied, untied, llama3 and linear: small random
                                            models of the LLaMA family with a tokenizer, saved in
                                            shards; the last two scale their rotary embeddings;
                                            and one model of each of the families and variants in
                                            FAMILIES, every parameter random
  transformers_reference.py logits TOKENS FOLDER...
                                            loads each folder and writes FOLDER.logits: float32
                                            [2, 64, vocabulary] for the last 64 of the ids
                                            (31 s + 7 i i + 3 i) % 259, i < TOKENS, of sequence s,
                                            followed by the count of zeros among the weights of each
                                            linear, as float32
  transformers_reference.py gguf FILE IDS WINDOW GREEDY OUTPUT
                                            loads a GGUF file of the llama architecture in F32; IDS holds
                                            int32 token ids. OUTPUT gets, as float32, the mean loss
                                            of every window of WINDOW ids, then the GREEDY ids that
                                            follow the first 4 by greedy decoding
"""
import os
import sys

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

transformers.logging.set_verbosity_error()
transformers.utils.logging.disable_progress_bar()
LINEARS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
           "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")
OPT_LINEARS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj",
               "fc1", "fc2")
SIZES = dict(hidden_size=64, num_hidden_layers=3, num_attention_heads=4, vocab_size=259,
             max_position_embeddings=4096, bos_token_id=1, eos_token_id=2)
ROTARY = dict(SIZES, intermediate_size=96, num_key_value_heads=2)
FAMILIES = {
    "llama-biases": (transformers.LlamaConfig,
                     dict(ROTARY, attention_bias=True, mlp_bias=True, tie_word_embeddings=True)),
    "mistral": (transformers.MistralConfig, dict(ROTARY, head_dim=24, sliding_window=24)),
    "mistral-full": (transformers.MistralConfig, dict(ROTARY, sliding_window=None)),
    "qwen2": (transformers.Qwen2Config, dict(ROTARY, tie_word_embeddings=True)),
    "qwen2-sliding": (transformers.Qwen2Config, dict(ROTARY, use_sliding_window=True,
                                                     sliding_window=20, max_window_layers=1)),
    "qwen3": (transformers.Qwen3Config, dict(ROTARY, head_dim=24, attention_bias=False)),
    "qwen3-tied": (transformers.Qwen3Config, dict(ROTARY, head_dim=16, tie_word_embeddings=True)),
    "gemma3": (transformers.Gemma3TextConfig,
               dict(ROTARY, num_hidden_layers=7, head_dim=20, query_pre_attn_scalar=20,
                    sliding_window=16)),
    "gemma3-scaled": (transformers.Gemma3TextConfig,
                      dict(ROTARY, head_dim=16, query_pre_attn_scalar=30, sliding_window=600,
                           layer_types=["full_attention", "sliding_attention", "full_attention"],
                           rope_parameters={
                               "full_attention": {"rope_type": "linear", "factor": 8.0,
                                                  "rope_theta": 1e6},
                               "sliding_attention": {"rope_type": "default",
                                                     "rope_theta": 5000.0}})),
    "opt": (transformers.OPTConfig, dict(SIZES, ffn_dim=96, word_embed_proj_dim=64)),
    "opt-350m": (transformers.OPTConfig, dict(SIZES, ffn_dim=96, word_embed_proj_dim=40,
                                              do_layer_norm_before=False)),
}


def byte_tokenizer():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {"<unk>": 0, "<s>": 1, "</s>": 2}
    for symbol in alphabet:
        vocabulary[symbol] = len(vocabulary)
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>")


def make(folder):
    plain = {"rope_type": "default", "rope_theta": 50000.0}
    llama3 = {"rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0, "low_freq_factor": 1.0,
              "high_freq_factor": 4.0, "original_max_position_embeddings": 256}
    linear = {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0}
    for name, tied, rotary in (("tied", True, plain), ("untied", False, plain),
                               ("llama3", False, llama3), ("linear", True, linear)):
        torch.manual_seed(7)
        config = transformers.LlamaConfig(
            hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
            num_key_value_heads=2, vocab_size=259, rms_norm_eps=1e-5, initializer_range=0.3,
            tie_word_embeddings=tied, max_position_embeddings=4096, bos_token_id=1, eos_token_id=2,
            rope_parameters=rotary)
        model = transformers.LlamaForCausalLM(config)
        if name == "untied":
            model = model.to(torch.bfloat16)
        path = os.path.join(folder, name)
        model.save_pretrained(path, max_shard_size="100KB")
        byte_tokenizer().save_pretrained(path)


def families(folder):
    for name, (configuration, numbers) in FAMILIES.items():
        torch.manual_seed(11)
        model = transformers.AutoModelForCausalLM.from_config(configuration(**numbers))
        with torch.no_grad():
            for key, parameter in model.named_parameters():
                is_norm = "norm" in key and key.endswith("weight")
                scale = 0.15 if is_norm or parameter.dim() == 1 else 0.2
                middle = 1.0 if is_norm and not name.startswith("gemma") else 0.0
                parameter.copy_(middle + scale * torch.randn_like(parameter))
        path = os.path.join(folder, name)
        model.save_pretrained(path)
        byte_tokenizer().save_pretrained(path)


def logits(tokens, folders):
    ids = torch.tensor([[(31 * s + 7 * i * i + 3 * i) % 259 for i in range(tokens)] for s in range(2)])
    for folder in folders:
        model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32,
                                                                  attn_implementation="eager")
        with torch.no_grad():
            result = model(ids).logits[:, -64:].float().contiguous()
        is_opt = model.config.model_type == "opt"
        layers = model.model.decoder.layers if is_opt else model.model.layers
        zeros = [(layer.get_submodule(linear).weight == 0).sum().item()
                 for layer in layers for linear in (OPT_LINEARS if is_opt else LINEARS)]
        with open(folder + ".logits", "wb") as file:
            file.write(result.numpy().tobytes())
            file.write(torch.tensor(zeros, dtype=torch.float32).numpy().tobytes())


def model_of_gguf(path):
    import gguf
    import numpy
    reader = gguf.GGUFReader(path)

    def number(key):
        return reader.fields["llama." + key].contents()

    config = transformers.LlamaConfig(
        hidden_size=number("embedding_length"), intermediate_size=number("feed_forward_length"),
        num_hidden_layers=number("block_count"), num_attention_heads=number("attention.head_count"),
        num_key_value_heads=number("attention.head_count_kv"),
        rms_norm_eps=number("attention.layer_norm_rms_epsilon"), max_position_embeddings=4096,
        vocab_size=len(reader.fields["tokenizer.ggml.tokens"].contents()),
        tie_word_embeddings=not any(tensor.name == "output.weight" for tensor in reader.tensors))
    names = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head",
             "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
             "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
             "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
             "ffn_down": "mlp.down_proj"}
    state = {}
    for tensor in reader.tensors:
        values = numpy.array(gguf.quants.dequantize(tensor.data, tensor.tensor_type))
        parts = tensor.name.removesuffix(".weight").split(".")
        role = parts[-1]
        if role in ("attn_q", "attn_k"):
            # The file interleaves the halves of each head.
            dimension = config.hidden_size // config.num_attention_heads
            values = values.reshape(-1, dimension // 2, 2, values.shape[1]).swapaxes(1, 2)
            values = values.reshape(-1, values.shape[-1])
        prefix = f"model.layers.{parts[1]}." if parts[0] == "blk" else ""
        state[prefix + names[role] + ".weight"] = torch.from_numpy(values.copy()).float()
    model = transformers.LlamaForCausalLM(config).eval()
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
    model.tie_weights()
    return model


def gguf_losses(path, ids_path, window, greedy, output):
    model = model_of_gguf(path)
    with open(ids_path, "rb") as file:
        ids = torch.frombuffer(bytearray(file.read()), dtype=torch.int32).long()
    with torch.no_grad():
        windows = ids[:len(ids) // window * window].view(-1, window)
        logits = model(windows).logits[:, :-1]
        losses = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2), windows[:, 1:], reduction="none").mean(1)
        text = ids[None, :4]
        for _ in range(greedy):
            text = torch.cat([text, model(text).logits[:, -1:].argmax(-1)], 1)
    with open(output, "wb") as file:
        file.write(torch.cat([losses, text[0, 4:].float()]).numpy().tobytes())


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(sys.argv[2])
        families(sys.argv[2])
    elif sys.argv[1] == "gguf":
        gguf_losses(sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
    else:
        logits(int(sys.argv[2]), sys.argv[3:])

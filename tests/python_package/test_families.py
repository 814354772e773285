"""Every family of docs/models.md, with tiny random models of transformers."""

import copy
from functools import partial

import pytest
import torch
from strata_prune import load, prune
from strata_prune.model import INPUT_OF_ROLE, find_linears

_SIZES = {"vocab_size": 64, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 4}
_GATED = _SIZES | {"intermediate_size": 48, "num_key_value_heads": 2, "max_position_embeddings": 64}
_CONFIGS = {
    "llama": _GATED | {"attention_bias": True},
    "mistral": _GATED | {"sliding_window": 6},
    "qwen2": _GATED,
    "qwen3": _GATED | {"head_dim": 8},
    "gemma3_text": _GATED | {"head_dim": 8, "sliding_window": 6, "sliding_window_pattern": 2},
    "opt": _SIZES | {"ffn_dim": 48, "word_embed_proj_dim": 32, "max_position_embeddings": 64, "dropout": 0.5},
}


def random_model(family):
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(1)
    config = AutoConfig.for_model(family, pad_token_id=0, bos_token_id=1, eos_token_id=2, **_CONFIGS[family])
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32)


def reference_prune(model, sparsity, sequences):
    """Wanda, block after block, with a pass of the whole model for every block."""
    found = find_linears(model)
    model.eval()
    for block in range(len(found.blocks)):
        squares = {}

        def observe(_, args, role, sums):
            squares = args[0].detach().double().flatten(0, -2).square().sum(0)
            sums[role] = sums.get(role, 0) + squares

        handles = [
            linear.module.register_forward_pre_hook(partial(observe, role=linear.role, sums=squares))
            for linear in found.of_block(block)
        ]
        with torch.no_grad():
            for sequence in sequences:
                model(sequence[None])
        for handle in handles:
            handle.remove()
        for linear in found.of_block(block):
            scores = linear.weight.abs() * (squares[linear.role] / len(sequences)).float().sqrt()
            removed = scores.argsort(dim=1, stable=True)[:, : int(scores.shape[1] * sparsity)]
            linear.weight.scatter_(1, removed, 0.0)


@pytest.mark.parametrize("family", _CONFIGS)
def test_every_family_is_measured_and_pruned(family):
    model = random_model(family)
    found = find_linears(model)
    assert len(found.blocks) == 3 and len(found.linears) == 3 * (6 if family == "opt" else 7)
    assert set(INPUT_OF_ROLE) >= {linear.role for linear in found.linears}
    sequences = torch.randint(3, 64, (3, 16), generator=torch.Generator().manual_seed(2))
    allocation = load("span(redundancy + influence + mean(WX) + linearredundancy, 0.1)").allocate(
        model, sequences, 0.5, "linear"
    )
    assert allocation.mean == pytest.approx(0.5, abs=1e-12) and len(set(allocation.unit_sparsities)) > 3
    wanted = copy.deepcopy(model)
    load("descend(uniform(), 0.5, 0.05)").allocate(model, sequences, 0.5, "linear")
    reference_prune(wanted, 0.5, sequences)
    prune(model, dict.fromkeys(allocation, 0.5), "wanda", sequences)
    assert model.training
    for theirs, ours in zip(find_linears(wanted).linears, found.linears, strict=True):
        assert torch.equal(theirs.weight, ours.weight), ours.name

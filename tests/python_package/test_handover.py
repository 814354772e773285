"""Hand-over to other pruning tools: each real tool prunes a tiny model, whose zeros are counted.

Tests of a tool that is not installed are skipped. Checkouts of repositories are named by STRATA_TRIM (flobk/TRIM, of
OWL's family) and STRATA_EVOPRESS (IST-DASLab/EvoPress). docs/handover.md records the results.
"""

import ast
import copy
import importlib
import json
import os
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import torch
from strata_prune import (
    Allocation,
    InfeasibleError,
    ParseError,
    StrataError,
    from_evopress,
    load,
    owl_file_name,
    prune,
    to_evopress,
    to_llm_compressor,
    to_owl,
    to_torch_prune,
    to_torchao,
)
from strata_prune.handover import in_walking_order
from strata_prune.model import find_linears

_SIZES = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=272)


def _llama(**more):
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    return LlamaForCausalLM(LlamaConfig(intermediate_size=128, num_key_value_heads=2, **_SIZES, **more)).float().eval()


def _tokenizer():
    """A tokenizer with one token per byte and one for "th"."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocabulary = ["<|end|>", *sorted(pre_tokenizers.ByteLevel.alphabet()), "th"]
    ids = {token: i for i, token in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.BPE(vocab=ids, merges=[("t", "h")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|end|>"])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>")


@pytest.fixture(scope="module")
def llama():
    """A random model, which tests must not change."""
    return _llama()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A Hugging Face directory whose logits are far from uniform."""
    path = tmp_path_factory.mktemp("handover") / "model"
    _llama(initializer_range=0.2).save_pretrained(path)
    _tokenizer().save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def tokens():
    return torch.randint(0, 96, (8, 16), generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def allocation(llama):
    """A different sparsity for every linear."""
    return load("span(depth + query - 0.5 * down + 0.3 * up, 0.15)").allocate(llama, None, 0.5, "linear")


def _modules(model, allocation):
    modules = dict(model.named_modules())
    return [(name, modules[name].weight.detach(), sparsity) for name, sparsity in allocation.items()]


def _needs(name):
    return pytest.importorskip(name, reason=f"{name} is not installed", exc_type=ImportError)


def _checkout(variable):
    if not os.environ.get(variable):
        pytest.skip(f"{variable} names no checkout")
    return Path(os.environ[variable])


def _family(name):
    import transformers

    more = {"Llama": {"num_key_value_heads": 2}, "OPT": {"ffn_dim": 128, "word_embed_proj_dim": 64},
            "Qwen3": {"num_key_value_heads": 2, "head_dim": 16}, "Gemma3Text": {"head_dim": 16}}[name]  # fmt: skip
    if name != "OPT":
        more["intermediate_size"] = 128
    config = getattr(transformers, name.removesuffix("Text") + ("TextConfig" if "Text" in name else "Config"))
    model = getattr(transformers, name.removesuffix("Text") + "ForCausalLM")
    return model(config(**_SIZES, **more)).float()


@pytest.mark.parametrize("name", ["Llama", "OPT", "Qwen3", "Gemma3Text"])
def test_the_walking_order_is_that_of_the_model(name):
    model = _family(name)
    allocation = load("uniform()").allocate(model, None, 0.5)
    walked = [module for module, _ in model.named_modules() if module in allocation]
    assert list(in_walking_order(allocation)) == walked
    assert len(walked) == len(find_linears(model).linears)


def test_wrong_allocations_are_refused(llama, allocation):
    for wrong, message in [
        ({}, "at least one module"),
        ({"lm_head": 0.5}, "found 'lm_head'"),
        ({"model.layers.0.self_attn.q_proj": 1.0}, "less than 1, found 1.0"),
    ]:
        with pytest.raises(StrataError, match=message):
            to_torchao(wrong)
    with pytest.raises(StrataError, match="expected a method of wanda, sparsegpt, found 'ria'"):
        to_llm_compressor(allocation, "ria")
    with pytest.raises(StrataError, match="whole zeros in 4 weights"):
        to_llm_compressor(allocation, group=4)
    with pytest.raises(StrataError, match="removes nothing"):
        to_llm_compressor(dict.fromkeys(allocation, 0.0), group=4)
    with pytest.raises(StrataError, match="prune 0.01 in place of 0"):
        to_owl(dict.fromkeys(allocation, 0.0))


@pytest.mark.parametrize("group", [0, 4])
@pytest.mark.parametrize("method", ["wanda", "sparsegpt"])
def test_llm_compressor_prunes_as_asked(folder, tokens, allocation, tmp_path, method, group):
    llmcompressor = _needs("llmcompressor")
    datasets = _needs("datasets")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if group:
        allocation = {name: (0.5, 0.25, 0.0)[i % 3] for i, name in enumerate(allocation)}
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(to_llm_compressor(allocation, method, group))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    rows = datasets.Dataset.from_dict({"input_ids": tokens.tolist(), "attention_mask": [[1] * 16] * len(tokens)})
    tokenizer = AutoTokenizer.from_pretrained(folder)
    llmcompressor.oneshot(model=model, dataset=rows, recipe=str(recipe), processor=tokenizer,
                          num_calibration_samples=len(tokens), max_seq_length=16, output_dir=None)  # fmt: skip
    for name, weight, sparsity in _modules(model, allocation):
        zeros = weight == 0
        if group:
            assert (zeros.view(-1, group).sum(1) == round(sparsity * group)).all(), name
        elif method == "wanda":
            assert (zeros.sum(1) == int(weight.shape[1] * sparsity)).all(), name
        else:
            # Its threshold removes one weight more in each group of 128 columns.
            assert 0 <= int(zeros.sum()) - int(weight.numel() * sparsity) <= 1, name


def test_torch_prune_has_the_masks_of_prune(llama, tokens, allocation):
    torch_prune = torch.nn.utils.prune
    for method in ("magnitude", "wanda", "sparsegpt"):
        pruned, masked = copy.deepcopy(llama), copy.deepcopy(llama)
        share = prune(pruned, allocation, method, tokens)
        assert to_torch_prune(masked, allocation, method, tokens) == share
        for (name, weight, _), (_, other, _) in zip(
            _modules(pruned, allocation), _modules(masked, allocation), strict=True
        ):
            assert weight.equal(other), name
            module = masked.get_submodule(name)
            if method != "sparsegpt":
                assert module.weight_orig.equal(llama.get_submodule(name).weight)
        with pytest.raises(StrataError, match="has a mask of torch.nn.utils.prune already"):
            to_torch_prune(masked, allocation, "magnitude")
        assert masked(tokens[:1]).logits.equal(pruned(tokens[:1]).logits)
        for name in allocation:
            torch_prune.remove(masked.get_submodule(name), "weight")
        assert masked.state_dict().keys() == pruned.state_dict().keys()


def test_torch_amounts_prune_as_asked(allocation):
    model = _llama()
    for name, amount in allocation.items():
        torch.nn.utils.prune.l1_unstructured(model.get_submodule(name), "weight", amount)
    for name, weight, sparsity in _modules(model, allocation):
        assert int((weight == 0).sum()) == round(sparsity * weight.numel()), name


def test_torchao_prunes_as_asked(tokens, allocation):
    sparsity_of = _needs("torchao.sparsity")
    model = _llama()
    sparsifier = sparsity_of.WandaSparsifier(sparsity_level=0.5)
    sparsifier.prepare(model, to_torchao(allocation))
    with torch.no_grad():
        model(tokens)
    sparsifier.step()
    sparsifier.squash_mask()
    for name, weight, sparsity in _modules(model, allocation):
        # It compares all weights of a linear, not those of a row.
        assert int((weight == 0).sum()) == int(weight.numel() * sparsity), name


@pytest.mark.parametrize("granularity", ["block", "linear"])
def test_the_scripts_of_owl_prune_as_asked(monkeypatch, tmp_path, llama, tokens, granularity):
    checkout = _checkout("STRATA_TRIM")
    allocation = load("span(depth + 0.4 * query, 0.15)" if granularity == "linear" else "span(depth, 0.15)").allocate(
        llama, None, 0.7, granularity
    )
    model = _llama()
    # What their code uses beyond this model: data sets, a length, and a place for every block.
    monkeypatch.syspath_prepend(str(checkout))
    monkeypatch.setitem(sys.modules, "datasets", sys.modules.get("datasets") or types.ModuleType("datasets"))
    monkeypatch.setattr(sys.modules["datasets"], "load_dataset", None, raising=False)
    scripts = importlib.import_module("lib.prune")
    monkeypatch.setattr(scripts, "get_loaders", lambda *_, **__: ([(row[None], None) for row in tokens], None))
    model.seqlen = tokens.shape[1]
    model.hf_device_map = {f"model.layers.{i}": "cpu" for i in range(2)} | {"model.embed_tokens": "cpu"}
    arguments = types.SimpleNamespace(
        load_layer_ratio=True, save_layer_ratio=False, model="someone/tiny", sparsity_ratio=0.7, Lamda=0.08,
        Hyper_m=5.0, nsamples_calibration=len(tokens), nsamples_layerwise=len(tokens), seed=0, use_variant=False,
        sparsities_cache=None, save_masks=None, input_recalc=False,
    )  # fmt: skip
    folder = tmp_path / "OWL"
    folder.mkdir()
    np.save(folder / owl_file_name("someone/tiny", 0.7, 0.08, 5), to_owl(allocation))
    monkeypatch.chdir(tmp_path)
    scripts.prune_wanda_outlier(arguments, model, None, torch.device("cpu"))
    for name, weight, sparsity in _modules(model, allocation):
        assert ((weight == 0).sum(1) == int(weight.shape[1] * sparsity)).all(), name
    assert len(to_owl(allocation)) == (2 if granularity == "block" else 14)


def test_evopress_round_trip(llama, allocation, tmp_path):
    configuration = to_evopress(allocation, llama, 0.5)
    assert configuration.weights_diff == 128  # 0.5 * 0.5 / 8 * 64^2
    assert configuration.num_levels == max(abs(level) for level in configuration.levels.values())
    path = tmp_path / "evopress.txt"
    path.write_text(configuration.text)
    read = from_evopress(path, llama, 0.5, configuration.weights_diff, configuration.num_levels)
    sizes = {name: weight.numel() for name, weight, _ in _modules(llama, allocation)}
    assert list(read) == list(allocation)
    changes = [abs(read[name] - allocation[name]) for name in sizes]
    assert max(changes) == pytest.approx(configuration.largest_change)
    assert all(abs(read[name] - allocation[name]) < 128 / size for name, size in sizes.items())
    assert abs(read.mean - allocation.mean) * sum(sizes.values()) <= 64 + 1e-6
    # A second trip changes nothing.
    again = to_evopress(read, llama, 0.5)
    assert again.levels == configuration.levels and again.largest_change == pytest.approx(0, abs=1e-12)
    pruned = copy.deepcopy(llama)
    assert prune(pruned, read, "magnitude") == pytest.approx(read.mean, abs=1e-3)
    assert to_evopress(allocation, llama, 0.5, 1).largest_change < 1e-3


def test_evopress_errors_name_the_line(llama, tmp_path):
    good = to_evopress(load("uniform()").allocate(llama, None, 0.5), llama, 0.5).text
    path = tmp_path / "evopress.txt"
    first = good.splitlines()[0]
    for text, message in [
        (good.replace(": 0", ": x", 1), r"line 1: expected `MODULE: LEVEL`"),
        (good.replace(": 0", ": 9", 1), r"line 1: expected a level from -8 to 8"),
        (good + first + "\n", "line 15: an earlier line has this module too"),
        (good + "model.layers.2.mlp.up_proj: 0\n", "line 15: the model has no such linear"),
        (good.split("\n", 1)[1], "found none for 'model.layers.0.self_attn.q_proj'"),
    ]:
        path.write_text(text)
        with pytest.raises(ParseError, match=message):
            from_evopress(path, llama, 0.5)
    with pytest.raises(StrataError, match="above 0 and below 1, found 1.5"):
        from_evopress(path, llama, 1.5)
    with pytest.raises(StrataError, match="it lacks model.layers.0.self_attn.k_proj"):
        to_evopress({"model.layers.0.self_attn.q_proj": 0.5}, llama, 0.5)
    with pytest.raises(InfeasibleError, match="have the mean of the allocation"):
        # Levels of half of a small matrix cannot hold what is left of a sparsity near 1.
        to_evopress(dict.fromkeys(load("uniform()").allocate(llama, None, 0.5), 0.99), llama, 0.5, 4096)


def test_evopress_reads_what_is_written(llama, allocation, tmp_path):
    """Their own reader loads the weights of every level from a database."""
    tree = ast.parse((_checkout("STRATA_EVOPRESS") / "eval_ppl.py").read_text())
    reader = [one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == "load_compressed_weights"]
    space = {"os": os, "torch": torch, "nn": torch.nn, "AutoModelForCausalLM": None, "Union": dict, "Optional": dict}
    exec("from typing import *", space)
    exec(compile(ast.Module(reader, []), "eval_ppl.py", "exec"), space)
    configuration = to_evopress(allocation, llama, 0.5)
    path = tmp_path / "levels.txt"
    path.write_text(configuration.text)
    wanted = from_evopress(path, llama, 0.5, configuration.weights_diff, configuration.num_levels)
    pruned = copy.deepcopy(llama)
    prune(pruned, wanted, "magnitude")
    for name, level in configuration.levels.items():
        (tmp_path / "database" / name).mkdir(parents=True)
        torch.save(pruned.get_submodule(name).weight.data, tmp_path / "database" / name / f"{level}.pth")
    model = _llama()
    space["load_compressed_weights"](model, str(tmp_path / "database"), str(path))
    for name, weight, sparsity in _modules(model, wanted):
        assert int((weight == 0).sum()) == int(weight.numel() * sparsity), name


def test_published_configurations_of_evopress_have_their_sparsity():
    """Llama-2-7B on the device meta, with the published levels for 70 %."""
    from transformers import LlamaConfig, LlamaForCausalLM

    path = _checkout("STRATA_EVOPRESS") / "pruning_configs/Llama-2-7b-hf_70.txt"
    with torch.device("meta"):
        model = LlamaForCausalLM(LlamaConfig())
    read = from_evopress(path, model, 0.7)
    assert len(read) == 224
    assert read.mean == pytest.approx(0.7, abs=1e-12)  # their search keeps the sum of levels at 0
    assert read["model.layers.0.self_attn.q_proj"] == pytest.approx(0.7 + 4 * 0.01875, abs=1e-6)
    assert to_evopress(read, model, 0.7).text.strip() == path.read_text().strip()


def test_allocations_are_saved_for_the_program(llama, tmp_path):
    for granularity in ("block", "kind", "linear"):
        allocation = load("span(depth, 0.1)").allocate(llama, None, 0.5, granularity)
        path = tmp_path / f"{granularity}.json"
        allocation.save(path)
        read = load(path).sparsities
        assert isinstance(read, Allocation) and dict(read) == dict(allocation)
        assert json.loads(path.read_text())["granularity"] == granularity
    with pytest.raises(StrataError, match="No such file"):
        allocation.save(tmp_path / "absent" / "file.json")


_TASK = """task: strata_items
dataset_path: json
dataset_kwargs: {data_files: {test: ITEMS}}
test_split: test
output_type: loglikelihood
doc_to_text: "{{context}}"
doc_to_target: "{{continuation}}"
target_delimiter: ""
metric_list:
  - {metric: perplexity, aggregation: perplexity, higher_is_better: false}
  - {metric: acc, aggregation: mean, higher_is_better: true}
"""


def test_the_harness_agrees_with_the_program(program, folder, tmp_path):
    lm_eval, tasks = _needs("lm_eval"), _needs("lm_eval.tasks")
    _needs("strata_prune.harness")
    items = tmp_path / "items.jsonl"
    words = "The other day they went there with their mother and father to see the sea".split()
    lines = [{"context": " ".join(words[: i + 2]), "continuation": " " + words[i + 2]} for i in range(10)]
    items.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (tmp_path / "strata_items.yaml").write_text(_TASK.replace("ITEMS", str(items)))
    function = "span(depth + query - 0.5 * down, 0.2)"
    arguments = {"pretrained": str(folder), "function": function, "sparsity": 0.5, "granularity": "linear",
                 "method": "magnitude"}  # fmt: skip
    manager = tasks.TaskManager(include_path=str(tmp_path))
    measured = lm_eval.simple_evaluate(model="strata", model_args=arguments, tasks=["strata_items"], device="cpu",
                                       task_manager=manager, batch_size=1, bootstrap_iters=0)  # fmt: skip
    ours = measured["results"]["strata_items"]

    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    load(function).allocate(model, None, 0.5, "linear").save(tmp_path / "allocation.json")
    output = program("eval", "--model", folder, "--task", items, "--allocation", tmp_path / "allocation.json",
                     "--pruner", "magnitude", "--format", "json", "--threads", 1, "--resamples", 0)  # fmt: skip
    theirs = json.loads(output)
    dense, pruned = theirs["tasks"]["items"], theirs["pruned"]["tasks"]["items"]
    print("lm_eval", ours, "strata", pruned, "dense", dense)
    assert ours["perplexity,none"] == pytest.approx(pruned["perplexity"], rel=1e-5)
    assert ours["acc,none"] == pruned["acc"]
    assert abs(dense["perplexity"] / ours["perplexity,none"] - 1) > 0.01


def test_the_harness_model_is_pruned_as_by_prune(folder, tmp_path):
    _needs("lm_eval")
    harness = _needs("strata_prune.harness")
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    text = tmp_path / "text.txt"
    text.write_text("the sea and the sky, " * 10)
    ids = _tokenizer()(text.read_text()).input_ids
    allocation = load("span(depth, 0.1)").allocate(model, None, 0.5)
    allocation.save(tmp_path / "allocation.json")
    calibration = {"calibration": str(text), "calibration_sequences": 3, "calibration_sequence_tokens": 20}
    given = {"pretrained": str(folder), "device": "cpu", **calibration}
    evaluated = harness.StrataModel(function=str(tmp_path / "allocation.json"), **given)
    assert evaluated.counted_sparsity == prune(model, allocation, "wanda", torch.tensor(ids[:60]).view(3, 20))
    for name, weight, _ in _modules(model, allocation):
        assert evaluated.model.get_submodule(name).weight.equal(weight), name
    with pytest.raises(StrataError, match="expected 3 sequences of 2000 tokens"):
        harness.StrataModel(function="uniform()", sparsity=0.5, **{**given, "calibration_sequence_tokens": 2000})
    document = json.loads((tmp_path / "allocation.json").read_text())
    document["allocation"].pop()
    (tmp_path / "shorter.json").write_text(json.dumps(document))
    with pytest.raises(StrataError, match="for another model: give a sparsity"):
        harness.StrataModel(function=str(tmp_path / "shorter.json"), **given)

#!/usr/bin/env python3
"""Writes tasks of lm-evaluation-harness, with its own prompts and few-shot examples, as files that
`strata eval --task` reads (docs/evaluation.md).

  export_tasks.py arc_easy gsm8k mmlu --output tasks [--num-fewshot N] [--limit N]
                  [--include-path FOLDER] [--seed 1234]

Needs `pip install lm_eval` and the packages that load its data sets. Each task becomes two files:
NAME.jsonl has one item per line, and NAME.yaml says how the items are scored. A group becomes one
NAME.yaml that lists its members. Random choices of examples are those of the harness for the same
seed. If a task cannot be written, an error gives the reason. Metrics that Strata does not have are
left out with a note.
"""
import argparse
import json
import logging
import os
import sys

KINDS = {
    "multiple_choice": ("acc", "acc_norm", "acc_bytes", "acc_mutual_info"),
    "loglikelihood": ("acc", "perplexity"),
    "loglikelihood_rolling": ("word_perplexity", "byte_perplexity", "bits_per_byte"),
    "generate_until": ("exact_match",),
}
FILTERS = ("regex", "take_first", "remove_whitespace", "lowercase", "uppercase")
TOKEN_LIMITS = ("max_gen_toks", "max_new_tokens", "max_tokens", "max_completion_tokens")


class CannotExport(Exception):
    pass


def note(text):
    print(f"export_tasks.py: {text}", file=sys.stderr)


def requests_by_document(task):
    """Lists of the requests of each document, in order."""
    documents = {}
    for instance in task.instances:
        documents.setdefault(instance.doc_id, []).append(instance)
    return [sorted(requests, key=lambda one: one.idx) for _, requests in sorted(documents.items())]


def gold_of(task, doc, choices):
    gold = task.doc_to_text(doc) if task.multiple_input else task.doc_to_target(doc)
    if isinstance(gold, str):
        gold = choices.index(gold) if gold in choices else -1
    known = [one for one in (gold if isinstance(gold, list) else [gold]) if 0 <= one < len(choices)]
    if not known:
        note(f"{task.task_name}: no choice of an item is right; it always counts as wrong")
    return known[0] if len(known) == 1 else known


def multiple_choice_item(task, requests):
    doc = requests[0].doc
    choices = task.doc_to_choice(doc)
    pairs = [request.args for request in requests][:len(choices)]
    contexts = [context for context, _ in pairs]
    continuations = [continuation for _, continuation in pairs]
    gold = gold_of(task, doc, choices)
    if task.multiple_input:
        return {"contexts": contexts, "continuation": continuations[0], "choices": choices,
                "gold": gold}
    return {"context": contexts[0], "choices": continuations, "gold": gold}


def loglikelihood_item(task, requests):
    context, continuation = requests[0].args
    return {"context": context, "continuation": continuation}


def rolling_item(task, requests):
    """The numbers of words and bytes are what the task's own metrics divide by."""
    (text,) = requests[0].args
    weights = task.process_results(requests[0].doc, (-1.0,))
    item = {"text": text}
    for metric, key in (("word_perplexity", "words"), ("byte_perplexity", "bytes"),
                        ("bits_per_byte", "bytes")):
        if metric in weights:
            item[key] = weights[metric][1]
    return item


def generation_item(task, requests):
    doc = requests[0].doc
    context, _ = requests[0].args
    target = task.doc_to_target(doc)
    if task.config.doc_to_choice is not None:
        target = task.doc_to_choice(doc)[target]
    if isinstance(target, list):
        return {"context": context, "targets": [str(one) for one in target]}
    return {"context": context, "target": str(target)}


ITEM_OF = {
    "multiple_choice": multiple_choice_item,
    "loglikelihood": loglikelihood_item,
    "loglikelihood_rolling": rolling_item,
    "generate_until": generation_item,
}


def generation_settings(task):
    options = dict(task.config.generation_kwargs or {})
    if options.get("do_sample") or float(options.get("temperature") or 0) > 0:
        raise CannotExport("it samples its answers; only greedy ones can be compared")
    if task.config.repeats > 1:
        note(f"{task.task_name}: greedy answers are all alike; repeats are left out")
    until = options.get("until") or []
    settings = {"until": [until] if isinstance(until, str) else list(until)}
    settings["maximum_tokens"] = next(
        (int(options[key]) for key in TOKEN_LIMITS if options.get(key) is not None), 256)
    filters = task.config.filter_list or [{"name": "none", "filter": [{"function": "take_first"}]}]
    for one in filters:
        for step in one["filter"]:
            if step["function"] not in FILTERS:
                raise CannotExport(f"its filter '{step['function']}' is none of {FILTERS}")
    settings["filters"] = json.loads(json.dumps(filters))
    rules = task._metric_fn_kwargs.get("exact_match") or {}
    for key, value in rules.items():
        if key not in ("ignore_case", "ignore_punctuation", "ignore_numbers", "regexes_to_ignore"):
            raise CannotExport(f"its exact_match has the unknown option '{key}'")
        if value:
            settings[key] = value
    return settings


def settings_of(task, origin):
    kind = task.OUTPUT_TYPE
    known = KINDS[kind]
    metrics = list(task._metric_fn_list)
    unknown = [one for one in metrics if one not in known]
    if unknown:
        note(f"{task.task_name}: metrics without a counterpart are left out: {', '.join(unknown)}")
    kept = [one for one in metrics if one in known]
    if not kept:
        raise CannotExport(f"it has none of the metrics {', '.join(known)}")
    settings = {"task": task.task_name, "kind": kind, "items": f"{task.task_name}.jsonl",
                "metrics": kept, "origin": origin}
    if kind == "multiple_choice":
        settings["delimiter"] = task.config.target_delimiter
    if kind == "generate_until":
        settings.update(generation_settings(task))
    return settings


def export_task(task, options, origin):
    kind = task.OUTPUT_TYPE
    if kind not in KINDS:
        raise CannotExport(f"its output type is {kind}; expected one of {', '.join(KINDS)}")
    if callable(task.config.process_results) and kind != "loglikelihood_rolling":
        raise CannotExport("it computes its metrics with code of its own")
    shots = task.get_config("num_fewshot")
    if options.num_fewshot is not None and shots != 0:
        task.set_config(key="num_fewshot", value=options.num_fewshot)
    elif shots is None:
        task.set_config(key="num_fewshot", value=0)
    task.set_fewshot_seed(seed=options.seed)
    task.build_all_requests(limit=options.limit)
    settings = settings_of(task, f"{origin}, {task.get_config('num_fewshot')} examples")
    items = [ITEM_OF[kind](task, requests) for requests in requests_by_document(task)]
    path = os.path.join(options.output, task.task_name)
    with open(path + ".jsonl", "w", encoding="utf-8") as file:
        for item in items:
            file.write(json.dumps(item, ensure_ascii=False) + "\n")
    write_settings(path + ".yaml", settings)
    print(f"{path}.yaml: {kind}, {len(items)} items")


def export_group(group, options, origin):
    rules = group.aggregate_metric_list or []
    weights = {one.weight_by_size for one in rules}
    if len(weights) > 1:
        raise CannotExport("its metrics are weighted in different ways")
    settings = {"group": group.name, "tasks": [f"{name}.yaml" for name in group.child_names],
                "metrics": [one.metric for one in rules], "origin": origin}
    if weights:
        settings["weight_by_size"] = weights.pop()
    path = os.path.join(options.output, f"{group.name}.yaml")
    write_settings(path, settings)
    print(f"{path}: a group of {len(settings['tasks'])}")


def write_settings(path, settings):
    import yaml
    with open(path, "w", encoding="utf-8") as file:
        yaml.safe_dump(settings, file, sort_keys=False, allow_unicode=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("tasks", nargs="+", help="names of tasks or groups, or YAML files")
    parser.add_argument("--output", required=True, help="folder to write into")
    parser.add_argument("--num-fewshot", type=int, help="examples; the task's own number if absent")
    parser.add_argument("--limit", type=int, help="items of each task, from its start")
    parser.add_argument("--include-path", help="folder of further tasks")
    parser.add_argument("--seed", type=int, default=1234, help="of the choice of examples")
    return parser.parse_args()


def main():
    options = parse_arguments()
    try:
        from lm_eval.tasks import TaskManager
    except ImportError as error:
        sys.exit(f"export_tasks.py: lm_eval is missing ({error}): pip install lm_eval")
    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    from importlib.metadata import version
    os.makedirs(options.output, exist_ok=True)
    loaded = TaskManager(include_path=options.include_path).load(options.tasks)
    origin = f"lm-evaluation-harness {version('lm_eval')}"
    failed = False
    for exported, things in ((export_task, loaded["tasks"]), (export_group, loaded["groups"])):
        for name, thing in things.items():
            try:
                exported(thing, options, origin)
            except CannotExport as error:
                note(f"{name}: {error}")
                failed = True
    sys.exit(2 if failed else 0)


if __name__ == "__main__":
    main()

"""What lm-evaluation-harness makes of the tasks in tests/python/harness_tasks, for tests/oracles/tasks.

  harness_reference.py MODEL OUTPUT [MAXIMUM_TOKENS]

MODEL is a Hugging Face directory, run in float32 on the CPU; OUTPUT a JSON file of metrics and of
every log-likelihood and generated text; MAXIMUM_TOKENS the most that the model reads at once, with
which nothing is generated. Needs lm_eval 0.4.13; run from the root of the repository.
"""
import json
import sys

import lm_eval
from lm_eval.models.huggingface import HFLM
from lm_eval.tasks import TaskManager

TASKS = ["both", "last_word", "rolling", "sums"]
ITEM_METRICS = ("acc", "acc_norm", "acc_bytes", "acc_mutual_info")


def add_sample(sample, items):
    item = items.setdefault(sample["doc_id"], {})
    responses = [response[0] for response in sample["resps"]]
    if isinstance(responses[0], str):
        item["text"] = responses[0]
        item.setdefault("answers", {})[sample["filter"]] = sample["filtered_resps"][0]
        item[f"exact_match,{sample['filter']}"] = sample["exact_match"]
    elif isinstance(responses[0], (list, tuple)):
        item["log_likelihoods"] = [float(response[0]) for response in responses]
        item["greedy"] = [str(response[1]) == "True" for response in responses]
    else:
        item["log_likelihoods"] = [float(response) for response in responses]
    item.update({metric: sample[metric] for metric in ITEM_METRICS if metric in sample})


def main():
    model = HFLM(pretrained=sys.argv[1], device="cpu", dtype="float32", batch_size=1)
    tasks = TASKS
    if len(sys.argv) > 3:
        model._max_length = int(sys.argv[3])
        tasks = TASKS[:-1]
    measured = lm_eval.simple_evaluate(
        model=model, tasks=tasks, log_samples=True, bootstrap_iters=1000,
        task_manager=TaskManager(include_path="tests/python/harness_tasks"))
    results = {}
    for name, metrics in {**measured["results"], **measured.get("groups", {})}.items():
        results[name] = {key: value for key, value in metrics.items()
                         if isinstance(value, (int, float)) and not isinstance(value, bool)}
    samples = {}
    for name, logged in measured["samples"].items():
        items = {}
        for sample in logged:
            add_sample(sample, items)
        samples[name] = [items[index] for index in sorted(items)]
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        json.dump({"results": results, "samples": samples}, file, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main()

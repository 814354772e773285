"""Tests of scripts/export_tasks.py: what it writes for single tasks, and, where lm_eval is
installed, that the tasks in tests/python/harness_tasks give the files in tests/oracles/tasks."""
import filecmp
import importlib.util
import os
import subprocess
import sys
import tempfile
import types
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = os.path.join(ROOT, "scripts", "export_tasks.py")
specification = importlib.util.spec_from_file_location("export_tasks", SCRIPT)
export_tasks = importlib.util.module_from_spec(specification)
specification.loader.exec_module(export_tasks)


def request(args, idx=0, doc=None, doc_id=0):
    return types.SimpleNamespace(args=args, idx=idx, doc=doc, doc_id=doc_id)


def task(**fields):
    config = types.SimpleNamespace(doc_to_choice=None, repeats=1, filter_list=None,
                                   generation_kwargs=None, target_delimiter=" ")
    vars(config).update(fields.pop("config", {}))
    values = {"task_name": "t", "config": config, "multiple_input": False, "_metric_fn_kwargs": {},
              "_metric_fn_list": {}, "OUTPUT_TYPE": "multiple_choice",
              "doc_to_choice": lambda doc: doc["choices"], "doc_to_target": lambda doc: doc["gold"],
              "doc_to_text": lambda doc: doc["gold"]}
    values.update(fields)
    return types.SimpleNamespace(**values)


class ItemsTest(unittest.TestCase):
    def test_choices_keep_their_delimiter(self):
        doc = {"choices": ["a", "b"], "gold": "b"}
        requests = [request(("Q", " a"), doc=doc), request(("Q", " b"), doc=doc),
                    request(("", " a"), doc=doc), request(("", " b"), doc=doc)]
        self.assertEqual(export_tasks.multiple_choice_item(task(), requests),
                         {"context": "Q", "choices": [" a", " b"], "gold": 1})

    def test_contexts(self):
        doc = {"choices": ["x A", "x B"], "gold": 0}
        requests = [request(("x A", " c"), doc=doc), request(("x B", " c"), doc=doc)]
        self.assertEqual(export_tasks.multiple_choice_item(task(multiple_input=True), requests),
                         {"contexts": ["x A", "x B"], "continuation": " c",
                          "choices": ["x A", "x B"], "gold": 0})

    def test_gold_may_be_several_or_none(self):
        self.assertEqual(export_tasks.gold_of(task(), {"gold": [0, 1]}, ["a", "b"]), [0, 1])
        self.assertEqual(export_tasks.gold_of(task(), {"gold": 5}, ["a", "b"]), [])

    def test_rolling_texts_are_weighted_as_the_task_does(self):
        one = task(process_results=lambda doc, results: {"word_perplexity": (-1.0, 7),
                                                         "bits_per_byte": (-1.0, 40)})
        self.assertEqual(export_tasks.rolling_item(one, [request(("text",))]),
                         {"text": "text", "words": 7, "bytes": 40})

    def test_targets(self):
        one = [request(("Q", {}), doc={"gold": ["4", 5]})]
        self.assertEqual(export_tasks.generation_item(task(), one),
                         {"context": "Q", "targets": ["4", "5"]})
        one = [request(("Q", {}), doc={"gold": 4})]
        self.assertEqual(export_tasks.generation_item(task(), one),
                         {"context": "Q", "target": "4"})

    def test_requests_are_ordered_by_document_and_choice(self):
        one = types.SimpleNamespace(instances=[
            request("b1", 1, doc_id=1), request("a0", 0, doc_id=0), request("b0", 0, doc_id=1)])
        self.assertEqual([[r.args for r in group] for group in
                          export_tasks.requests_by_document(one)], [["a0"], ["b0", "b1"]])


class SettingsTest(unittest.TestCase):
    def settings(self, generation_kwargs=None, filter_list=None, rules=None):
        return export_tasks.generation_settings(task(
            config={"generation_kwargs": generation_kwargs, "filter_list": filter_list},
            _metric_fn_kwargs={"exact_match": rules or {}}))

    def test_defaults(self):
        settings = self.settings()
        self.assertEqual(settings["maximum_tokens"], 256)
        self.assertEqual(settings["until"], [])
        self.assertEqual(settings["filters"][0]["name"], "none")

    def test_limits_by_any_name_and_single_stops(self):
        settings = self.settings({"until": "\n", "max_new_tokens": 5, "do_sample": False})
        self.assertEqual(settings["until"], ["\n"])
        self.assertEqual(settings["maximum_tokens"], 5)

    def test_what_cannot_be_scored_is_refused(self):
        with self.assertRaises(export_tasks.CannotExport):
            self.settings({"temperature": 0.7})
        with self.assertRaises(export_tasks.CannotExport):
            self.settings(filter_list=[{"name": "n", "filter": [{"function": "majority_vote"}]}])
        with self.assertRaises(export_tasks.CannotExport):
            self.settings(rules={"ignore_dialect": True})
        with self.assertRaises(export_tasks.CannotExport):
            export_tasks.settings_of(task(_metric_fn_list={"f1": None}), "here")

    def test_metrics_without_a_counterpart_are_left_out(self):
        settings = export_tasks.settings_of(task(_metric_fn_list={"acc": None, "f1": None}), "here")
        self.assertEqual(settings["metrics"], ["acc"])
        self.assertEqual(settings["delimiter"], " ")


class HarnessTest(unittest.TestCase):
    def test_exported_files(self):
        try:
            import lm_eval  # noqa: F401
        except ImportError:
            self.skipTest("lm_eval is not installed (pip install lm_eval==0.4.13)")
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                [sys.executable, SCRIPT, "both", "last_word", "rolling", "sums", "--include-path",
                 "tests/python/harness_tasks", "--output", folder],
                cwd=ROOT, check=True, capture_output=True,
                env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"})
            names = sorted(os.listdir(folder))
            self.assertEqual(len(names), 11)
            expected = os.path.join(ROOT, "tests", "oracles", "tasks")
            self.assertEqual(filecmp.cmpfiles(folder, expected, names, shallow=False)[0], names)


if __name__ == "__main__":
    unittest.main()

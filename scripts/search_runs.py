"""Runs searches one after the other and keeps their reports, so that an interrupted series continues.

A run has a name. The folder of the series holds, for a run NAME: the run itself (NAME/), what was
asked for with the report of the finished search (NAME.json), and what the program wrote to standard
error (NAME.log). A finished run is not repeated, and a failed one is tried again.
"""

import hashlib
import json
import os
import pathlib
import resource
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "build/release/strata"
SEARCH, REFINE = "search.maximum_evaluations", "refine.evaluations"
# Settings that may grow after a search has ended.
BUDGETS = (SEARCH, REFINE)


class RunFailed(Exception):
    """The program refused a run or stopped in the middle of it. The text is its reason."""


class UsageError(Exception):
    """The user can mend this. Commands print the text and end with the exit code 2."""


class Interrupted(Exception):
    """The program was stopped by Ctrl-C. Nothing is lost."""


def child_seconds():
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def write_whole(path, text):
    """Writes the file whole or not at all."""
    whole = path.with_name(path.name + ".partial")
    whole.write_text(text, encoding="utf-8")
    os.replace(whole, path)


def settings_of(pairs):
    """Returns KEY=VALUE texts as a dictionary."""
    settings = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"--set: expected KEY=VALUE, found '{pair}'")
        settings[key] = value
    return settings


def as_options(settings):
    return [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]


class Series:
    """Searches whose runs lie in one folder, begun by one program."""

    def __init__(self, program, folder):
        self.program = pathlib.Path(program)
        if not self.program.is_file():
            raise UsageError(f"--strata: expected the program, found nothing at '{program}'; scripts/build.sh makes it")
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)

    def command(self, arguments, log):
        """Runs the program and returns what it wrote to standard output. Its standard error is added to the file."""
        with open(log, "a", encoding="utf-8") as errors:
            begin = errors.tell()
            try:
                result = subprocess.run([self.program, *map(str, arguments)], stdout=subprocess.PIPE,
                                        stderr=errors, text=True, check=False)
            except KeyboardInterrupt:
                raise Interrupted from None
        if result.returncode == 130:
            raise Interrupted
        if result.returncode != 0:
            raise RunFailed(self.reason(log, begin, result.returncode))
        return result.stdout

    @staticmethod
    def reason(log, begin, code):
        """Returns the program's last message since `begin`, a position in its log."""
        lines = log.read_bytes()[begin:].decode(errors="replace").splitlines()
        messages = [line for line in lines if line.startswith("strata: ")] or [line for line in lines if line.strip()]
        said = messages[-1].removeprefix("strata: ").strip() if messages else "it said nothing"
        return f"exit code {code}: {said}"

    def json_of(self, name, arguments):
        """Returns the JSON that a command prints, which is kept in NAME.json as long as the command is the same."""
        kept, log = self.folder / f"{name}.json", self.folder / f"{name}.log"
        kept.parent.mkdir(parents=True, exist_ok=True)
        words = [str(word) for word in arguments]
        if kept.exists():
            stored = json.loads(kept.read_text(encoding="utf-8"))
            if stored["command"] == words:
                return stored["output"]
        output = json.loads(self.command([*words, "--format", "json"], log))
        write_whole(kept, json.dumps({"command": words, "output": output}, indent=1) + "\n")
        return output

    def asked(self, name):
        """Returns the settings that a finished run was asked for with, or None."""
        kept = self.folder / f"{name}.json"
        return json.loads(kept.read_text(encoding="utf-8"))["asked"]["settings"] if kept.exists() else None

    def search(self, name, config, settings):
        """Returns the report of the run, which is begun, resumed or extended as needed.

        A run that was asked for with smaller budgets (BUDGETS) is extended. Raises UsageError if it was asked for with
        other settings, RunFailed if the program fails.
        """
        run, kept, log = (self.folder / f"{name}{end}" for end in ("", ".json", ".log"))
        run.parent.mkdir(parents=True, exist_ok=True)
        if not pathlib.Path(config).is_file():
            raise UsageError(f"expected a configuration, found no file '{config}'")
        digest = hashlib.sha256(pathlib.Path(config).read_bytes()).hexdigest()
        asked = {"config": digest, "settings": {key: str(value) for key, value in settings.items()}}
        command = ["search", config, "--run", run, *as_options(settings), "--resume-or-start"]
        if kept.exists():
            stored = json.loads(kept.read_text(encoding="utf-8"))
            if stored["asked"] == asked:
                return stored["report"]
            command = ["search", "--extend", run, *as_options(self.growth(name, stored["asked"], asked))]
        before, spent = child_seconds(), self.folder / f"{name}.processor_seconds"
        try:
            report = json.loads(self.command([*command, "--format", "json"], log))
        finally:
            earlier = float(spent.read_text()) if spent.exists() else 0.0
            write_whole(spent, f"{earlier + child_seconds() - before}")
        if "cost" not in report:
            raise RunFailed("the program's report has no 'cost': expected a program as new as this script")
        report["processor_seconds"] = float(spent.read_text())
        status = json.loads(self.command(["status", run, "--format", "json"], log))
        for seconds in ("search_seconds", "seconds"):
            report["cost"][seconds] = status[seconds]
        write_whole(kept, json.dumps({"asked": asked, "report": report}, indent=1) + "\n")
        return report

    @staticmethod
    def growth(name, stored, asked):
        """Returns the budgets in which `asked` is larger than what was asked for before."""
        if stored["config"] != asked["config"]:
            raise UsageError(f"run {name}: expected the configuration that it was made with, of the SHA-256 "
                             f"{stored['config']}, found {asked['config']}; choose another folder with --out")
        grown = {}
        for key in sorted(stored["settings"].keys() | asked["settings"].keys()):
            old, new = stored["settings"].get(key), asked["settings"].get(key)
            if old == new:
                continue
            if key not in BUDGETS or old is None or new is None or float(new) < float(old):
                raise UsageError(f"run {name}: expected {key}={old} that it was made with, found {key}={new}; choose "
                                 "another folder with --out")
            grown[key] = new
        return grown


def numbers(text):
    """Reads numbers with commas between: a type of argparse."""
    return [float(part) for part in text.split(",")]


def whole_numbers(text):
    return [int(part) for part in text.split(",")]


def chosen(option, text, known):
    """Returns the names in a list with commas between, all of which must be known."""
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in known:
            raise UsageError(f"{option}: expected some of {', '.join(known)}, found '{name}'")
    return names


def add_common(parser, out):
    """Adds the options that all series of searches have. After parsing, `settings_in` reads --set."""
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", dest="set",
                        help="a setting over the file, of all runs; repeatable")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(out),
                        help=f"folder for runs and results ({out})")
    parser.add_argument("--strata", type=pathlib.Path, default=PROGRAM, help="the program (build/release/strata)")


def evaluations_of_rules(series, name, config, settings):
    """Returns as many evaluations as a search needs to measure and tune its published rules.

    A round of tuning measures up to two neighbours of a rule's best setting, along each of its one or two parameters.
    """
    # A smaller limit would leave settings out of the forecast.
    forecast = series.json_of(f"{name}-forecast", ["search", config, *as_options({**settings, SEARCH: 100_000}),
                                                   "--dry-run", "--no-probe"])
    tuned = {"all": 0, "brief": min(3, forecast["baselines"]), "tuned": (forecast["baselines"] + 1) // 2}
    effective = series.json_of(f"{name}-config", ["config", "--all", config, *as_options(settings)])
    return forecast["baseline_settings"] + 4 * tuned[effective["search.baseline_settings"]["value"]]


def search_tokens(report):
    """Returns the tokens of candidates, their features and slopes."""
    cost = report["cost"]["tokens"]
    if cost is None:
        raise RunFailed("the run has no count of tokens: expected a search of one model, text and sparsity")
    return cost["search"] + cost["slopes"] + cost["features"]


def refinement_tokens(report):
    return report["cost"]["tokens"]["refinement"]


def best_found(report):
    """Returns the function with the lowest selection loss among those that are no published rules."""
    rules = {rule["id"] for rule in report["baselines"]}
    found = [function for group in ("front", "other_finalists") for function in report[group]
             if function["id"] not in rules and function["selection_perplexity"] is not None]
    if not found:
        raise RunFailed(f"no function was found; the search ended by: {report['end_reason'] or 'nothing'}")
    return min(found, key=lambda function: function["selection_perplexity"])


def refined(report):
    """Returns the best refined allocation of a report."""
    if report["refinement"] is None:
        raise RunFailed("the run has no refinement")
    return report["refinement"]["best"]

def run_main(main):
    """Runs the main function of a command and ends with its exit code."""
    try:
        sys.exit(main())
    except UsageError as error:
        print(f"{pathlib.Path(sys.argv[0]).name}: {error}", file=sys.stderr)
        sys.exit(2)
    except Interrupted:
        print("stopped; the same command continues", file=sys.stderr)
        sys.exit(130)

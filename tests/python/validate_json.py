"""Validates JSON files: validate_json.py SCHEMA FILE...

Prints "FILE: ok" or "FILE: PLACE: what is wrong" for each, with the validator of the package jsonschema.
"""
import json
import sys

import jsonschema


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            error = jsonschema.exceptions.best_match(validator.iter_errors(json.load(file)))
        print(f"{path}: ok" if error is None else f"{path}: {error.json_path}: {error.message}")


main()

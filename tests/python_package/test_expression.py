"""Expressions: the operator table, the grammar, printing and the JSON tree."""

import json
import random
import re

import pytest
from conftest import ROOT
from strata_prune import ParseError, StrataError, load
from strata_prune.expression import from_tree, node, required_features
from strata_prune.operators import LAYOUT_SOURCES, OPERATORS, UNSUPPORTED, Kind, Type, accepts
from strata_prune.parser import parse


def documented_operators():
    """The tables of docs/expressions.md, which a test of the program compares with its own."""
    page = (ROOT / "docs/expressions.md").read_text(encoding="utf-8")
    for section in re.split(r"^### ", page[page.index("## Operators") :], flags=re.M)[1:]:
        title = section[: section.index(":")]
        for line in section.splitlines():
            if line.startswith("| `"):
                name, alias, numbers = (cell.strip() for cell in line.strip("|").split(" | ")[:3])
                yield title, name.strip("`| "), alias, numbers


def test_the_operator_table_is_that_of_the_program():
    found = {}
    for title, name, alias, numbers in documented_operators():
        row = OPERATORS[name]
        found[name] = (title, alias, numbers)
        assert row.kind.value == title, name
        assert row.alias == alias, name
        texts = []
        for number in row.parameters:
            step = f" by {number.step:g}" if number.step else ""
            texts.append(f"{number.name} {number.minimum:g} to {number.maximum:g}{step}")
        assert ", ".join(texts) == numbers, name
    assert sorted(found) == sorted(OPERATORS)


@pytest.mark.parametrize(
    "text",
    [
        "uniform()",
        "span(-var(abslog(WX)), 0.15)",
        "dsa(asin(atan(var(abslog(WX)))), 0.08)",
        "span(depth + 0.5 * minmax(outliers(5)), 0.08)",
        "span(-(2) - (depth - 1) / (size * (fan + 1e-07)), 0.1)",
        "shift(span(blockwise(redundancy), 0.3), -query, -0.1)",
        "descend(ramp(depth, 0.01), 0.7, 0.05)",
    ],
)
def test_printed_expressions_read_back(text):
    assert str(parse(text)) == text
    assert from_tree(json.loads(json.dumps(parse(text).to_tree()))) == parse(text)


def random_tree(generator, wanted, depth):
    rows = [row for row in OPERATORS.values() if depth > 0 or row.arity == 0]
    generator.shuffle(rows)
    for row in rows:
        numbers = tuple(
            generator.choice([number.minimum, number.maximum]) if number.step
            else generator.uniform(number.minimum, number.maximum) for number in row.parameters
        )  # fmt: skip
        types = []
        for place in range(row.arity):
            taken = [of for of in Type if accepts(row, place, of)]
            types.append(wanted if row.kind is Kind.ELEMENTWISE and wanted in taken else taken[0])
        try:
            tree = node(row.name, numbers, tuple(random_tree(generator, of, depth - 1) for of in types))
        except (ParseError, LookupError):
            continue
        if tree.type is wanted:
            return tree
    raise LookupError


def test_random_trees_read_back():
    generator = random.Random(1)
    for _ in range(300):
        tree = random_tree(generator, generator.choice([Type.ALLOCATION, Type.UNITS]), generator.randint(1, 4))
        assert parse(str(tree)) == tree
        assert from_tree(tree.to_tree()) == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("span(depht, 0.1)", r"column 6: unknown operator 'depht', the nearest known name is 'depth'"),
        ("span(WX, 0.1)", r"column 6: 'span' expects a value of type Units, found Tensor 'WX'"),
        ("span(depth, 0.7)", r"column 13: lambda of 'span' must be between 0.005 and 0.5, found 0.7"),
        ("span(depth)", r"column 11: expected , a number \(lambda\)"),
        ("span(outliers(5.5), 0.1)", r"M of 'outliers' must be a multiple of 1, found 5.5"),
        ("span(depth, 0.1) 3", r"column 18: expected an operator or the end, found '3'"),
        ("span(" + "-" * 300 + "depth, 0.1)", r"nested more than 256 deep"),
        ("W:(ABSLOG)-(DETERMINANT)-(ATAN)-(7)", r"DSA's own code fails on 'DETERMINANT'"),
        ("W:(ABSLOG)-(VAR)", r"expected W:\(pre-process\)"),
        ("depth", r"expected a function such as span"),
    ],
)
def test_faults_are_named(text, message):
    with pytest.raises(ParseError, match=message):
        load(text)


def test_dsa_strings():
    assert str(load("W:(ABSLOG)-(VAR)-(ATAN,ASIN)-(7)").expression) == "dsa(asin(atan(var(abslog(WX)))), 0.08)"
    assert str(load("W:(LOG)-(NO_OP)-(LOG)-(7)").expression) == "dsa(mean(log(logpos(WX))), 0.08)"
    assert str(load("W:(ABS)-(VAR)-(7)").expression) == "dsa(var(abs(WX)), 0.08)"


def test_features_of_a_function():
    found = required_features(parse("shift(span(blockwise(var(WX)), 0.1), alpha * size + outliers(5), 0.1)"))
    assert {(blocks, str(feature)) for blocks, feature in found} == {
        (True, "var(WX)"), (False, "alpha"), (False, "outliers(5)"),
    }  # fmt: skip
    assert LAYOUT_SOURCES <= set(OPERATORS) and UNSUPPORTED <= set(OPERATORS)


def test_a_file_whose_tree_and_text_differ_is_refused(tmp_path):
    document = {"schema": "strata.allocation-function/1", "expression": "uniform()", "name": "x",
                "tree": parse("span(depth, 0.1)").to_tree()}  # fmt: skip
    path = tmp_path / "best.json"
    path.write_text(json.dumps(document))
    with pytest.raises(ParseError, match="expected the same function"):
        load(path)
    document["tree"]["parameters"]["lambda"] = "big"
    path.write_text(json.dumps(document))
    with pytest.raises(ParseError, match=r"\$.tree.parameters.lambda: expected a number, found 'big'"):
        load(path)
    with pytest.raises(StrataError, match="No such file"):
        load(tmp_path / "absent.json")

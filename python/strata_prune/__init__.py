"""Layer sparsities for pruning language models: functions found by Strata, in Python.

    function = strata_prune.load("best.json")
    allocation = function.allocate(model, calibration, sparsity=0.7)
    strata_prune.prune(model, allocation, method="wanda", calibration=calibration)
"""

from . import plot
from .bitmap import load_bitmap
from .errors import InfeasibleError, ParseError, StrataError, UnsupportedError
from .evopress import from_evopress, to_evopress
from .function import Allocation, Function, load
from .handover import owl_file_name, to_llm_compressor, to_owl, to_torch_prune, to_torchao
from .pruning import prune
from .run import Run
from .searching import search

__all__ = [
    "Allocation",
    "Function",
    "InfeasibleError",
    "ParseError",
    "Run",
    "StrataError",
    "UnsupportedError",
    "from_evopress",
    "load",
    "load_bitmap",
    "owl_file_name",
    "plot",
    "prune",
    "search",
    "to_evopress",
    "to_llm_compressor",
    "to_owl",
    "to_torch_prune",
    "to_torchao",
]

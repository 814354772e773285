"""The model type `strata` of lm-evaluation-harness: a model that a function prunes in memory, without a checkpoint.

    import strata_prune.harness
    lm_eval.simple_evaluate(model="strata", model_args={"pretrained": MODEL, "function": "best.json"}, tasks=[...])

`python -m strata_prune.harness ...` is the command line of lm_eval with this model type. Needs lm_eval and
transformers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from lm_eval.api.registry import register_model
from lm_eval.models.huggingface import HFLM

from .errors import StrataError
from .function import Allocation, Function, load
from .model import find_linears
from .pruning import prune


@register_model("strata")
class StrataModel(HFLM):
    """A causal language model of transformers in float32, pruned by a function."""

    def __init__(
        self,
        pretrained: Any,
        function: str,
        sparsity: float | None = None,
        granularity: str | None = None,
        method: str | None = None,
        protocol: str = "sequential",
        group: int | None = None,
        calibration: Any = None,
        calibration_sequences: int = 8,
        calibration_sequence_tokens: int = 256,
        **arguments: Any,
    ) -> None:
        """Reads a model as `hf` does, which also takes the further arguments, and prunes it.

        `function` is what `strata_prune.load` reads. If its file holds an allocation and neither `sparsity` nor
        `granularity` is given, that allocation counts; otherwise the function is applied to the model. `method`,
        `protocol` and `group` are those of `strata_prune.prune`; the pruner and the group of the file count where the
        arguments are None, and without a file wanda and 0. `calibration` is the path of a text, from whose beginning
        the sequences are cut, or token ids [sequences, tokens]; magnitude and functions of weights alone need none.
        Raises StrataError for a wrong argument or an allocation for another model.
        """
        arguments.setdefault("dtype", "float32")
        super().__init__(pretrained=pretrained, **arguments)
        sequences = calibration
        if isinstance(calibration, (str, Path)):
            sequences = self._sequences_of(Path(calibration), calibration_sequences, calibration_sequence_tokens)
        chosen = load(function)
        method = chosen.document.get("pruner", "wanda") if method is None else method
        group = int(chosen.document.get("group", 0) if group is None else group)
        applies = sparsity is not None or granularity is not None or not chosen.document.get("allocation")
        if applies:
            allocation = chosen.allocate(self.model, sequences, sparsity, granularity, group=group)
        else:
            allocation = self._stored_allocation(chosen)
        self.allocation = allocation
        self.counted_sparsity = prune(self.model, allocation, method, sequences, protocol, group)

    def _sequences_of(self, path: Path, sequences: int, tokens: int) -> torch.Tensor:
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StrataError(f"{path}: {error}") from None
        ids = self.tokenizer(text, add_special_tokens=False).input_ids
        if sequences < 1 or tokens < 1 or len(ids) < sequences * tokens:
            raise StrataError(f"{path}: expected {sequences} sequences of {tokens} tokens, found {len(ids)} tokens")
        return torch.tensor(ids[: sequences * tokens]).view(sequences, tokens)

    def _stored_allocation(self, function: Function) -> Allocation:
        allocation = function.sparsities
        if set(allocation) != {linear.name for linear in find_linears(self.model).linears}:
            raise StrataError(
                f"'{function.name}' holds an allocation for another model: give a sparsity, so that the function is "
                "applied to this one"
            )
        return allocation


if __name__ == "__main__":
    from lm_eval.__main__ import cli_evaluate

    cli_evaluate()

"""Errors of the package. All of them are StrataErrors, so one `except` catches what a user can mend."""


class StrataError(Exception):
    """What was expected, what was found, and where."""


class ParseError(StrataError, ValueError):
    """A text, tree or file that is no function."""


class InfeasibleError(StrataError, ValueError):
    """No allocation within the bounds has the target sparsity."""


class UnsupportedError(StrataError, NotImplementedError):
    """An operator or a model that only the program `strata` can measure."""

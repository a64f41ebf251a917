"""What to say of a file of data that is not there."""

from __future__ import annotations

from pathlib import Path

from snorkel_dsl.datasets.options import refusal
from snorkel_dsl.diagnostics import RulesError, did_you_mean


def no_such_data(path: Path) -> RulesError:
    """The error for data that is not there, with the name that was probably meant."""
    if path.is_dir():
        return refusal("missing-data", f"`{path}` is a folder", "name a file of data in it")
    if path.exists():
        return refusal("missing-data", f"`{path}` is no ordinary file", "for stdin, write `-`")
    beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    close = did_you_mean(path.name, beside)
    helps = [f"did you mean `{path.with_name(close)}`?"] if close else []
    return refusal("missing-data", f"there is no file `{path}`", *helps)

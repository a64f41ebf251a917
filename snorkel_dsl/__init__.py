"""Rules in, training labels out.

    import snorkel_dsl as sd

    rules = sd.compile("rulesets/youtube/spam.rules")
    votes = rules.apply(frame)
    model = sd.LabelModel().fit(votes)
    labels = model.predict_proba(votes)

What stands here is imported when it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snorkel_dsl.api import Function, Rules, compile
    from snorkel_dsl.diagnostics import Diagnostic, RulesError
    from snorkel_dsl.labels import Labels
    from snorkel_dsl.models import LabelModel, MajorityVote
    from snorkel_dsl.votes import LabelMatrix

_HOMES = {
    "compile": "snorkel_dsl.api",
    "Rules": "snorkel_dsl.api",
    "Function": "snorkel_dsl.api",
    "Diagnostic": "snorkel_dsl.diagnostics",
    "RulesError": "snorkel_dsl.diagnostics",
    "LabelMatrix": "snorkel_dsl.votes",
    "Labels": "snorkel_dsl.labels",
    "LabelModel": "snorkel_dsl.models",
    "MajorityVote": "snorkel_dsl.models",
}

__all__ = [
    "Diagnostic",
    "Function",
    "LabelMatrix",
    "LabelModel",
    "Labels",
    "MajorityVote",
    "Rules",
    "RulesError",
    "compile",
]


def __getattr__(name: str) -> Any:
    """Import what is asked for."""
    if name == "__version__":
        from importlib.metadata import version

        return version("snorkel-dsl")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})

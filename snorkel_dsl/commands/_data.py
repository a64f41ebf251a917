"""The data that a command was given: a file, stdin, or the name of a dataset in the settings, with its gold."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from snorkel_dsl.commands._options import DataChoice, comma_separated, pairs
from snorkel_dsl.commands._output import message, show
from snorkel_dsl.commands._processors import usable_processors
from snorkel_dsl.datasets.gold import applying, class_numbers, yes_or_no
from snorkel_dsl.datasets.options import ReadOptions, refusal
from snorkel_dsl.datasets.reading import Dataset, open_dataset
from snorkel_dsl.datasets.several import data_files, open_files
from snorkel_dsl.diagnostics import RulesError, did_you_mean
from snorkel_dsl.engine.faults import Fault
from snorkel_dsl.engine.feed import FaultCount, fault_diagnostics
from snorkel_dsl.language import ir
from snorkel_dsl.report.table import count
from snorkel_dsl.repository.settings import NamedDataset, Settings

Gold = npt.NDArray[np.int64]

_MANY_ROWS = 1_000_000
_MANY_BYTES = 256 << 20  # of a file


@dataclass(frozen=True)
class Chosen:
    """The data of a command: how it is read, and the gold column of each task (`""` stands for the only one).

    Where any number of a task's labels may apply, a gold column is that of the task, or of a single `task.label`.
    """

    data: Dataset
    options: ReadOptions
    gold: Mapping[str, str]
    gold_map: Mapping[str, str]
    processes: int = 1

    def gold_columns(self, program: ir.Program) -> dict[str, str]:
        """The gold columns by the name of the task or `task.label`. Raises RulesError where one of them is unknown."""
        found = {}
        for task, column in self.gold.items():
            name = _task_named(task, column, program)
            self.data.require(column, "with gold")
            found[name] = column
        return found

    def numbers(self, program: ir.Program, table: pa.Table) -> dict[str, Gold]:
        """The gold of each task that has some, read from the gold columns of a table: class numbers, (n).

        Where any number of its k labels may apply, (n, k): 1 where one does, 0 where not. -1 is unknown.
        """
        found: dict[str, Gold] = {}
        for name, column in self.gold_columns(program).items():
            task_name, _, label = name.partition(".")
            task = program.task(task_name)
            values = table.column(column).to_pylist()
            if not task.any_number:
                found[task_name] = class_numbers(values, column, task.labels, self.gold_map)
            elif not label:
                found[task_name] = applying(values, column, task.labels, self.gold_map)
            else:
                own = found.setdefault(task_name, np.full((len(values), len(task.labels)), -1, dtype=np.int64))
                own[:, task.labels.index(label)] = yes_or_no(values, column, label, self.gold_map)
        return found


def _gold_names(program: ir.Program) -> list[str]:
    """What a gold column can be of: each task, and each label of those that may apply beside others."""
    several = [f"{task.name}.{label}" for task in program.tasks if task.any_number for label in task.labels]
    return [*(task.name for task in program.tasks), *several]


def _task_named(task: str, column: str, program: ir.Program) -> str:
    names = [known.name for known in program.tasks]
    if task in _gold_names(program):
        return task
    if len(names) == 1 and not task:
        return names[0]
    listed = ", ".join(f"`{name}`" for name in names)
    begun, equals, rest = column.partition("=")
    if equals:  # `FINDING=found` where `findings.FINDING=found` or another name is meant
        known = _gold_names(program)
        likely = next((name for name in known if name.endswith(f".{begun}")), None) or did_you_mean(begun, known)
        help_text = f"did you mean `--gold {likely}={rest}`?" if likely else f"the tasks are {listed}"
        raise refusal(
            "bad-option", f"no task, and no label of one where any number may apply, is called `{begun}`", help_text
        )
    raise refusal(
        "bad-option",
        f"the gold of which task does `{column}` hold?",
        f"say `--gold TASK={column}`; the tasks are {listed}",
        f'of a dataset in the settings: `gold = {{ {names[0]} = "{column}" }}`',
    )


def choose_data(data: str | Sequence[str], options: dict[str, Any], settings: Settings, program: ir.Program) -> Chosen:
    """The data of a command's DATA arguments; takes the options about data and gold out of its keyword arguments."""
    names = [data] if isinstance(data, str) else list(data)
    return _chosen(names, options, settings, program)


def _chosen(names: list[str], options: dict[str, Any], settings: Settings, program: ir.Program) -> Chosen:
    choice = DataChoice.take(options)
    gold = _gold_options(options.pop("gold", ()), program)
    gold_map = pairs(options.pop("gold_map", ()), "--gold-map", "'>50K=HIGH'")
    named = _named(names[0], settings) if len(names) == 1 else None
    if "-" in names[1:] or (names[0] == "-" and len(names) > 1):
        raise refusal("bad-option", "stdin cannot be read beside files", "write `-` alone, or files alone")
    read = choice.over(named.options if named else ReadOptions())
    if names == ["-"]:
        _refuse_overwriting([])
        data = _from_stdin(read)
    else:
        paths = [path for one in names for path in data_files(str(named.found()) if named else one)]
        _refuse_overwriting(paths)
        data = open_files(paths, read, names[0] if len(names) == 1 else f"{names[0]} …")
    for note in data.notes:
        message(f"note: {note}")
    processes = options.pop("processes", None) or settings.processes or _worth(data)
    if named is not None:
        return Chosen(data, read, gold or named.gold, gold_map or named.gold_map, processes)
    return Chosen(data, read, gold, gold_map, processes)


def _worth(data: Dataset) -> int:
    """How many processes some data is worth: they take a second to start, and what they save must be more."""
    large = (data.rows or 0) >= _MANY_ROWS or (data.size or 0) >= _MANY_BYTES
    return usable_processors() if large else 1


def _refuse_overwriting(data: Sequence[Path]) -> None:
    """Raise RulesError where a result of the command would take the place of its data, its rules or another result."""
    params = click.get_current_context().params
    taken = {path.resolve(): "the data" for path in data}
    if params.get("rules"):
        taken[params["rules"].resolve()] = "the rules"
    if isinstance(params.get("model"), Path):
        taken[params["model"].resolve()] = "the model"
    for option in ("output", "save_model", "faults_file", "reliability"):
        path = params.get(option)
        if path is None:
            continue
        if path.resolve() in taken:
            what = taken[path.resolve()]
            raise refusal("bad-option", f"`{path}` is {what} of this command", "write the results to another file")
        taken[path.resolve()] = "another result"


def _named(name: str, settings: Settings) -> NamedDataset | None:
    return None if name == "-" or Path(name).exists() else settings.datasets.get(name)


def _gold_options(texts: tuple[str, ...], program: ir.Program) -> dict[str, str]:
    """`COLUMN`, `TASK=COLUMN` or `TASK.LABEL=COLUMN`; a column's own name may hold a `=`."""
    tasks = _gold_names(program)
    found = {}
    for text in texts:
        task, equals, column = text.partition("=")
        found[task if equals and task in tasks else ""] = column if equals and task in tasks else text
    return found


def _from_stdin(options: ReadOptions) -> Dataset:
    """What comes in on stdin, in a file that goes when the command ends: data is read more than once."""
    number, name = tempfile.mkstemp(prefix="snorkel-dsl-")
    path = Path(name)
    click.get_current_context().call_on_close(lambda: path.unlink(missing_ok=True))
    with os.fdopen(number, "wb") as file:
        shutil.copyfileobj(sys.stdin.buffer, file)
    return open_dataset(path, options, "<stdin>")


def kept_columns(text: str, data: Dataset) -> tuple[str, ...]:
    """The columns of `--keep`, checked."""
    columns = comma_separated(text)
    for column in columns:
        data.require(column, "to keep")
    return columns


# -------------------------------------------------------------------------------------------------------------- faults


def refuse_unreadable_columns(faults: FaultCount) -> None:
    """Raise RulesError where no value of some column could be read."""
    errors = [found for found in fault_diagnostics(faults) if found.severity == "error"]
    if errors:
        raise RulesError(errors)


def report_faults(faults: FaultCount, file: Path | None, most: int) -> int:
    """Say what could not be read, write it to a file where asked, and return the exit code."""
    if file is not None:
        _write_faults(file, faults.all)
    show(fault_diagnostics(faults))
    if faults.rows:
        where = f", all of them in {file}" if file else ": `--faults FILE` writes them all"
        message(f"{count(faults.number, 'fault')} on {count(faults.rows, 'row')}{where}")
    return 1 if faults.rows > most else 0


def _write_faults(file: Path, faults: list[Fault]) -> None:
    from snorkel_dsl.datasets.writing import write_table

    columns: list[tuple[str, pa.DataType]] = [
        ("row", pa.int64()),
        ("column", pa.string()),
        ("rules", pa.list_(pa.string())),
        ("value", pa.string()),
        ("message", pa.string()),
    ]
    rows = [
        {
            "row": fault.row + 1,
            "column": fault.column or None,
            "rules": list(fault.rules) or None,
            "value": fault.value,
            "message": fault.message,
        }
        for fault in sorted(faults, key=lambda fault: fault.row)
    ]
    write_table(file, pa.Table.from_pylist(rows, schema=pa.schema(columns)))

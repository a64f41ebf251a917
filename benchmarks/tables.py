"""Write the public data of the rule sets with several tasks as tables: `python benchmarks/tables.py FOLDER`.

The folder of real data is `$SNORKEL_DSL_DATA`. The questions come as lines of `COARSE:fine text`, and what was found in a
report stands in a table beside the reports. Here both become CSV files with one gold column a task, as every command of
the tool reads them; the settings in `rulesets/questions` and `rulesets/chest_xray` name them as `$SNORKEL_DSL_TABLES/…`.
Prints what it wrote.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd
from public_data import question_types, reports


def tables(data: Path) -> dict[str, pd.DataFrame]:
    """The tables by the names of their files."""
    found = {f"questions_{split}.csv": question_types(data, split)[0] for split in ("train", "test")}
    return found | {f"reports_{split}.csv": reports(data, split)[0] for split in ("train", "dev", "test", "held_out")}


def write(data: Path, folder: Path) -> dict[str, pd.DataFrame]:
    """Write them into a folder, which is made where it lacks."""
    folder.mkdir(parents=True, exist_ok=True)
    found = tables(data)
    for name, table in found.items():
        table.to_csv(folder / name, index=False, encoding="utf-8", lineterminator="\n")
    return found


def main() -> None:
    """Write them, and print a line for each."""
    data = os.environ.get("SNORKEL_DSL_DATA")
    if not data or len(sys.argv) != 2:
        sys.exit("set SNORKEL_DSL_DATA to the folder of real data, and name the folder to write to")
    for name, table in write(Path(data), Path(sys.argv[1])).items():
        print(f"{name:22} {len(table):6,} rows: {', '.join(table.columns)}")


if __name__ == "__main__":
    main()

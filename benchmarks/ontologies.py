"""How long rules with ontologies take to compile and to match: `python benchmarks/ontologies.py`.

The folder of real data is `$SNORKEL_DSL_DATA`. All seconds are of CPU, which a shared machine cannot spoil. Compiling is
`snorkel-dsl check` in a process of its own, all its imports included: once with an empty cache, and once more. Matching is
one rule over 10,000 texts: the findings and impressions of the Open-I reports, repeated. The last files are made up:
100,000 nodes, and one node with a million synonyms.
"""

from __future__ import annotations

import csv
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path

import snorkel_dsl as sd
from snorkel_dsl.engine.run import label_matrix
from snorkel_dsl.engine.table import batches

TEXTS = 10_000
RULES = """\
data report
    text text
task triage on report
    labels NORMAL, ABNORMAL
terms LIST
    {terms}
rule listed votes ABNORMAL
    when text mentions any of LIST
"""
REAL = {
    "DO_RAD_slim.obo": "DOID:7",
    "DO_RAD_slim.owl": "DOID:7",
    "DO_RAD_slim.json": "DOID:7",
    "DO_infectious_disease_slim.obo": "disease by infectious agent",
    "DO_infectious_disease_slim.owl": "disease by infectious agent",
    "DO_infectious_disease_slim.json": "disease by infectious agent",
    "stw.ttl": "http://zbw.eu/stw/thsys/v",
    "hp_2015-01-27.obo": "Abnormality of the respiratory system",
    "hp_2015-01-27.obo (all)": "All",
    "doid_2016-08.obo (all)": "disease",
}


def reports(data: Path) -> list[str]:
    """The texts of the reports, over and over, as many as are wanted."""
    with (data / "chest_xray" / "indiana_reports.csv").open(encoding="utf-8", newline="") as file:
        texts = [f"{row['findings']} {row['impression']}" for row in csv.DictReader(file)]
    return list(islice(cycle(texts), TEXTS))


def checked(rules: Path, root: Path, cache: Path) -> tuple[float, str]:
    """Seconds that `snorkel-dsl check` takes, and what it says last."""
    start = _children()
    done = subprocess.run(
        [sys.executable, "-m", "snorkel_dsl", "check", str(rules), "--root", str(root), "--root", str(rules.parent)],
        env=os.environ | {"SNORKEL_DSL_CACHE": str(cache), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return _children() - start, (done.stdout.splitlines() or done.stderr.splitlines())[0]


def _children() -> float:
    """Seconds of CPU of all processes that were run so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def matched(rules: Path, root: Path, texts: list[str]) -> tuple[int, int, float, float]:
    """Terms of the list, rows that have one, seconds of the first pass over the texts, and of the second."""
    program = sd.compile(rules, [root, rules.parent]).program
    (batch,) = batches([{"text": text} for text in texts])
    seconds = []
    for _ in range(2):
        start = time.process_time()
        votes, _ = label_matrix(program, batch)
        seconds.append(time.process_time() - start)
    return len(program.terms["LIST"].terms), len(votes.rows), seconds[0], seconds[1]


def report(name: str, terms: str, root: Path, texts: list[str], folder: Path) -> None:
    """Print one line."""
    rules, cache = folder / "list.rules", folder / f"cache {name}"
    rules.write_text(RULES.format(terms=terms), encoding="utf-8")
    cold, said = checked(rules, root, cache)
    warm, _ = checked(rules, root, cache)
    if said.startswith("error"):
        print(f"{name:34} {'':8} {cold:8.2f} {warm:8.2f}   {said}")
        return
    os.environ["SNORKEL_DSL_CACHE"] = str(cache)
    count, rows, first, second = matched(rules, root, texts)
    print(f"{name:34} {count:8,} {cold:8.2f} {warm:8.2f} {first:10.2f} {second:10.2f} {rows:8,}")


def made_up(folder: Path, nodes: int) -> None:
    """An OBO file of many nodes with names of made-up words, one synonym each, and one parent."""
    chosen = random.Random(7)
    parts = [a + b for a in ("b", "d", "f", "g", "l", "m", "n", "pr", "st", "v") for b in ("a", "en", "is", "o", "um")]
    words = ["".join(chosen.choices(parts, k=chosen.randint(2, 4))) for _ in range(20_000)]
    with (folder / "made_up.obo").open("w", encoding="utf-8") as file:
        file.write("format-version: 1.2\n")
        for node in range(nodes):
            name, synonym = (" ".join(chosen.choices(words, k=chosen.randint(2, 3))) for _ in range(2))
            file.write(f'\n[Term]\nid: X:{node:07}\nname: {name}\ndef: "made up" []\nsynonym: "{synonym}" EXACT []\n')
            if node:
                file.write(f"is_a: X:{chosen.randrange(max(0, node - 2_000), node):07}\n")


def main() -> None:
    """Measure them all."""
    data = os.environ.get("SNORKEL_DSL_DATA")
    if not data:
        sys.exit("set SNORKEL_DSL_DATA to the folder of real data")
    root, texts = Path(data) / "ontologies", reports(Path(data))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(f"{'':34} {'':8} {'compile, seconds':>17} {f'{TEXTS:,} texts, seconds':>21}")
        print(f"{'':34} {'terms':>8} {'cold':>8} {'cached':>8} {'first':>10} {'then':>10} {'found':>8}")
        report("(two words)", '"pneumothorax", "effusion"', root, texts, folder)
        for file, below in REAL.items():
            terms = f'from ontology "{root / file.split()[0]}" below "{below}"'
            report(file, terms, root, texts, folder)
        made_up(folder, 100_000)
        report("made up: 100,000 nodes", 'from ontology "made_up.obo" below "X:0000000"', root, texts, folder)
        synonyms = "|".join(f"word {number}" for number in range(1_000_000))
        (folder / "many.csv").write_text(f"id,name,synonyms\nA,a,{synonyms}\n", encoding="utf-8")
        report("made up: a million synonyms", 'from ontology "many.csv" below "A"', root, texts, folder)


if __name__ == "__main__":
    main()

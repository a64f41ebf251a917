"""Readers of the public data that the rule sets are judged on: rows for rules, and their gold class numbers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

CENSUS = (
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,"
    "capital-gain,capital-loss,hours-per-week,native-country,income"
)
Split = tuple[pd.DataFrame, npt.NDArray[np.int64]]


def weak_labels(path: Path, strip_first_word: bool = False) -> Split:
    """Texts and gold of a file in the layout of the WRENCH collection."""
    records = json.loads(path.read_text(encoding="utf-8")).values()
    texts = [record["data"]["text"] for record in records]
    if strip_first_word:  # the published test questions begin with their own answer
        texts = [text.split(maxsplit=1)[1] for text in texts]
    return pd.DataFrame({"text": texts}), np.array([record["label"] for record in records])


def youtube(data: Path, split: str) -> Split:
    """Comments; ham 0, spam 1."""
    return weak_labels(data / "youtube_spam" / f"{split}.json")


def questions(data: Path, split: str) -> Split:
    """Questions; six coarse types."""
    return weak_labels(data / "trec" / f"{split}.json", strip_first_word=split == "test")


COARSE = ("DESC", "ENTY", "HUM", "ABBR", "LOC", "NUM")
"""The coarse types in the order of `rulesets/questions`."""

FINE = {
    "ABBR": {"abb": "short_form", "exp": "expansion"},
    "DESC": {"def": "definition", "desc": "description", "manner": "manner", "reason": "reason"},
    "ENTY": {
        "animal": "animal",
        "body": "body",
        "color": "color",
        "cremat": "creation",
        "currency": "currency",
        "dismed": "disease",
        "event": "event",
        "food": "food",
        "instru": "instrument",
        "lang": "language",
        "letter": "letter",
        "other": "other_thing",
        "plant": "plant",
        "product": "product",
        "religion": "religion",
        "sport": "sport",
        "substance": "substance",
        "symbol": "symbol",
        "techmeth": "technique",
        "termeq": "equal_term",
        "veh": "vehicle",
        "word": "word",
    },
    "HUM": {"desc": "about_somebody", "gr": "group", "ind": "individual", "title": "title"},
    "LOC": {"city": "city", "country": "country", "mount": "mountain", "other": "other_place", "state": "state"},
    "NUM": {
        "code": "code",
        "count": "count",
        "date": "date",
        "dist": "distance",
        "money": "money",
        "ord": "order",
        "other": "other_number",
        "perc": "percentage",
        "period": "period",
        "speed": "speed",
        "temp": "temperature",
        "volsize": "size",
        "weight": "weight",
    },
}
"""For each coarse type, its fine types as the data has them, and as `rulesets/questions/fine.rules` calls them."""

QUESTION_TASKS = {
    "ABBR": "abbreviation",
    "DESC": "explanation",
    "ENTY": "entity",
    "HUM": "human",
    "LOC": "location",
    "NUM": "number",
}
"""The task of `rulesets/questions/fine.rules` under each coarse type."""

Tasks = dict[str, npt.NDArray[np.int64]]


def question_types(data: Path, split: str) -> tuple[pd.DataFrame, Tasks]:
    """Questions of the published files (`COARSE:fine text` a line), and the class numbers of each task, (n); -1: not asked.

    The frame has the columns text, coarse and, for each fine task, the name of the label, missing where it is not asked.
    """
    file = data / "trec" / ("train_5500.label" if split == "train" else "TREC_10.label")
    lines = decoded(file.read_bytes()).split("\n")
    labels, texts = zip(*(line.split(" ", 1) for line in lines if line.strip()), strict=True)
    coarse, fine = zip(*(label.split(":") for label in labels), strict=True)
    table = pd.DataFrame({"text": texts, "coarse": coarse})
    gold = {"coarse": np.array([COARSE.index(one) for one in coarse])}
    for parent, task in QUESTION_TASKS.items():
        own = [FINE[parent][f] if c == parent else None for c, f in zip(coarse, fine, strict=True)]
        names = list(FINE[parent].values())
        table[task] = own
        gold[task] = np.array([-1 if name is None else names.index(name) for name in own])
    return table, gold


def decoded(raw: bytes) -> str:
    """The text of a file of which copies go round in two encodings."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def chest_xray(data: Path, split: str) -> Split:
    """Reports; normal 0, abnormal 1."""
    table = pd.read_csv(data / "chest_xray" / f"{split}_entries.csv")
    return table[["text"]], table["label"].to_numpy()


def income(data: Path, split: str) -> Split:
    """People; at most 50,000 a year 0, more 1."""
    path = data / "census" / ("adult.data" if split == "train" else "adult.test")
    names = CENSUS.split(",")
    table = pd.read_csv(path, names=names, skiprows=int(split == "test"), skipinitialspace=True, na_values="?")
    return table.drop(columns="income"), table["income"].str.contains(">50K").to_numpy().astype(np.int64)


FINDINGS = (
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pneumonia",
    "Pneumothorax",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Pleural_Thickening",
)


def findings(data: Path, held_out: bool) -> tuple[pd.DataFrame, npt.NDArray[np.bool_]]:
    """Reports with their headings, and which of the FINDINGS the index has: n × 13. Held out: each uid that four divides."""
    gold = pd.read_csv(data / "chest_xray" / "findings13_gold.csv")
    gold["uid"] = gold["filename"].str.removeprefix("CXR").astype(int)
    gold = gold[(gold["uid"] % 4 == 0) == held_out]
    reports = pd.read_csv(data / "chest_xray" / "indiana_reports.csv", keep_default_na=False)
    table = reports.merge(gold, on="uid").sort_values("uid", ignore_index=True)
    text = (
        "INDICATION: "
        + table["indication"]
        + "\nFINDINGS: "
        + table["findings"]
        + "\nIMPRESSION: "
        + table["impression"]
    )
    return pd.DataFrame({"uid": table["uid"], "text": text}), table[list(FINDINGS)].to_numpy(bool)


URGENCY = {"Chronic": "CHRONIC", "Non-urgent": "NON_URGENT", "Urgent": "URGENT", "Emergent": "EMERGENT"}
"""The levels of urgency as the data has them, and as `rulesets/chest_xray/joint.rules` calls them."""


def reports(data: Path, split: str) -> tuple[pd.DataFrame, Tasks]:
    """Reports; the class numbers of triage and urgency, (n), and of each of the FINDINGS, (n, 13); -1: not asked or unknown.

    Splits are `train`, `dev` and `test` of the entries, and `held_out`: those of all three whose uid four divides. The rules
    for findings were written on the others, so the index of the train split stops short of them, and that of the others is
    theirs alone. The frame has the columns uid, text, triage, urgency and findings, in the words of the rules.
    """
    splits = ("train", "dev", "test") if split == "held_out" else (split,)
    table = pd.concat([pd.read_csv(data / "chest_xray" / f"{one}_entries.csv") for one in splits], ignore_index=True)
    if split == "held_out":
        table = table[table["uid"] % 4 == 0].reset_index(drop=True)
    index = pd.read_csv(data / "chest_xray" / "findings13_gold.csv")
    index = index.set_index(index["filename"].str.removeprefix("CXR").astype(int))
    known = table["uid"].isin(index.index) & ((table["uid"] % 4 != 0) == (split == "train"))
    found = index[list(FINDINGS)].reindex(table["uid"]).fillna(-1).to_numpy(np.int64)
    found[~known.to_numpy()] = -1
    urgency = table["rg_label"].map(URGENCY)
    frame = pd.DataFrame({"uid": table["uid"], "text": table["text"]})
    frame["triage"] = np.where(table["label"] == 1, "ABNORMAL", "NORMAL")
    frame["urgency"] = urgency.where(urgency.notna(), None)
    frame["findings"] = [_findings_listed(row) for row in found]
    levels = list(URGENCY.values())
    numbers = np.array([levels.index(one) if isinstance(one, str) else -1 for one in urgency])
    return frame, {"triage": table["label"].to_numpy(np.int64), "urgency": numbers, "findings": found}


def _findings_listed(row: npt.NDArray[np.int64]) -> str | None:
    """The findings of a row as a gold column has them: parted by `|`, `none` without any, missing where not known."""
    if (row < 0).any():
        return None
    return "|".join(name.upper() for name, there in zip(FINDINGS, row, strict=True) if there) or "none"

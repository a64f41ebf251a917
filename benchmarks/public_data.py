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

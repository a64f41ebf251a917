"""Rules that need more than letters, on public comments: their votes beside the published ones that they are counterparts of.

The published votes came from a trained entity model and a sentiment score of other packages, so they are alike, not the
same: what is held to is that both vote on the same rows far more often than chance would have it.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pipelines
import pytest

import snorkel_dsl as sd

RULES = Path(__file__).parents[1] / "rulesets" / "youtube"
COLUMNS = {"short_comment_with_person": 7, "sounds_delighted": 8, "sounds_like_an_opinion": 9}
# How many times as often as by chance both vote; opinions are so common that they meet often enough by chance.
TOGETHER = {"short_comment_with_person": 4, "sounds_delighted": 8, "sounds_like_an_opinion": 1.5}


def comments(
    data_folder: Path, split: str
) -> tuple[list[dict[str, str]], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Comments, the published votes, and what the comments are."""
    written = (data_folder / "youtube_spam" / f"{split}.json").read_text(encoding="utf-8")
    records: list[dict[str, Any]] = list(json.loads(written).values())
    texts = [{"text": record["data"]["text"]} for record in records]
    published = np.array([record["weak_labels"] for record in records])
    return texts, published, np.array([record["label"] for record in records])


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rules in a folder with a saved pipeline: the shipped patterns, a sentencizer and parts of speech."""
    folder = tmp_path_factory.mktemp("saved")
    lines = (RULES / "people.jsonl").read_text(encoding="utf-8").splitlines()
    nlp = pipelines.ruled()
    nlp.get_pipe("entity_ruler").clear()
    nlp.get_pipe("entity_ruler").add_patterns([json.loads(line) for line in lines])
    pipelines.save(nlp, folder)
    shutil.copy(RULES / "annotated.rules", folder)
    return folder / "annotated.rules"


def votes(rules: Path, name: str, texts: list[dict[str, str]]) -> npt.NDArray[np.int64]:
    """What the rule of a name votes."""
    matrix = sd.compile(rules).apply(texts)
    return matrix.to_numpy()[:, [function.rpartition(".")[2] for function in matrix.functions].index(name)]


@pytest.mark.parametrize("name", COLUMNS)
def test_it_votes_where_its_published_counterpart_does(name: str, saved: Path, data_folder: Path) -> None:
    texts, published, gold = comments(data_folder, "train")
    ours, theirs = votes(saved, name, texts), published[:, COLUMNS[name]]
    said, published_said = ours >= 0, theirs >= 0
    by_chance = said.sum() * published_said.sum() / len(texts)
    assert (said & published_said).sum() >= TOGETHER[name] * by_chance
    agreement = (said == published_said).mean()
    expected = said.mean() * published_said.mean() + (1 - said.mean()) * (1 - published_said.mean())
    assert (agreement - expected) / (1 - expected) >= 0.4  # Cohen's kappa
    assert set(ours[said]) == set(theirs[published_said])
    assert (ours[said] == gold[said]).mean() >= (theirs[published_said] == gold[published_said]).mean()


@pytest.mark.parametrize("split", ["train", "valid", "test"])
def test_a_saved_pipeline_and_the_shipped_patterns_say_the_same(split: str, saved: Path, data_folder: Path) -> None:
    texts, _, _ = comments(data_folder, split)
    name = "short_comment_with_person"
    assert votes(saved, name, texts).tolist() == votes(RULES / "annotated.rules", name, texts).tolist()

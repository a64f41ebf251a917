"""The rule sets that ship: they check without a word, their examples pass, and they are as good on real data as we say."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from public_data import Split, chest_xray, income, questions, youtube

import snorkel_dsl as sd
from snorkel_dsl.facts import RuleFacts

ROOT = Path(__file__).parents[1]
FOUND = sorted([*(ROOT / "rulesets").rglob("*.rules"), *(ROOT / "examples").rglob("*.rules")])
FILES = [path for path in FOUND if path.parent.name != "plugin"]  # test_example_plugin.py installs what that one needs
RULES = [path for path in FILES if path.parent.name != "std"]  # std has contexts and no rules
OURS = [path for path in RULES if path.stem != "published"]


def run_cli(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "snorkel_dsl", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=os.environ | environment)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT).with_suffix(""))


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_it_checks_without_a_word(path: Path) -> None:
    done = run_cli("check", str(path), cwd=path.parent)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "warning" not in done.stdout + done.stderr


@pytest.mark.parametrize("path", RULES, ids=name_of)
def test_its_package_follows_its_path(path: Path) -> None:
    program = sd.compile(path).program
    assert program.package == ".".join(path.relative_to(ROOT).with_suffix("").parts[1:])
    assert program.version is not None


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_it_teaches(path: Path) -> None:
    """Most rules show what they mean, some show what they do not mean, and the file says where it comes from."""
    rules = sd.compile(path).program.rules
    with_examples = [rule for rule in rules if rule.examples]
    assert len(with_examples) >= 0.9 * len(rules)
    assert any(example.vote is None for rule in rules for example in rule.examples)
    assert any(rule.origin for rule in rules)


@pytest.mark.parametrize("path", RULES, ids=name_of)
def test_every_example_votes_as_it_says(path: Path) -> None:
    done = run_cli("test", "--examples-only", str(path), cwd=path.parent)
    assert done.returncode == 0, done.stdout + done.stderr


# ----------------------------------------------------------------------------------------------------- on real data


@pytest.mark.parametrize("folder", ["youtube", "chest_xray", "questions", "income", "spouses"])
def test_every_expectation_holds(folder: str, data_folder: Path, tables_folder: Path) -> None:
    """The settings beside the rules name the public data as `$SNORKEL_DSL_DATA/…`, or as tables made of it."""
    settings = {"SNORKEL_DSL_DATA": str(data_folder), "SNORKEL_DSL_TABLES": str(tables_folder)}
    done = run_cli("test", ".", cwd=ROOT / "rulesets" / folder, **settings)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass(frozen=True)
class Claim:
    """What the README says of a rule set on its test split."""

    rules: str
    read: Callable[[Path, str], Split]
    coverage: float
    majority: float
    model: float


CLAIMS = (
    Claim("rulesets/youtube/spam.rules", youtube, coverage=0.98, majority=0.96, model=0.96),
    Claim("rulesets/chest_xray/triage.rules", chest_xray, coverage=0.98, majority=0.94, model=0.935),
    Claim("rulesets/questions/coarse.rules", questions, coverage=0.93, majority=0.9, model=0.895),
    Claim("rulesets/income/census.rules", income, coverage=0.97, majority=0.835, model=0.825),
)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.rules.split("/")[1])
def test_it_is_as_good_as_we_say(claim: Claim, data_folder: Path) -> None:
    rules = sd.compile(ROOT / claim.rules)
    (train, _), (test, gold) = claim.read(data_folder, "train"), claim.read(data_folder, "test")
    votes = rules.apply(test)
    assert votes.covered.mean() >= claim.coverage
    assert sd.MajorityVote().fit(votes, RuleFacts()).score(votes, gold) >= claim.majority
    assert sd.LabelModel().fit(rules.apply(train)).score(votes, gold) >= claim.model

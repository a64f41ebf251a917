"""From rules to training labels in Python. Read it from top to bottom, or run it: `python examples/tour.py`.

The requests are made up (examples/README.md), so the scores show how the tool works and prove nothing.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import snorkel_dsl as sd

HERE = Path(__file__).parent / "maintenance"

# 1. Rules are compiled once. A mistake in them raises RulesError, whose text is what `snorkel-dsl check` prints.
rules = sd.compile(HERE / "requests.rules")
print(f"{len(rules.lfs)} labeling functions for the task {rules.tasks[0].name}: {', '.join(rules.tasks[0].labels)}")

# 2. A compiled labeling function answers one row, as Snorkel's do: a class number, -1 where it abstains.
smoke = rules.lfs["fire_or_smoke"]
print("smoke in the hall:", smoke({"text": "There is smoke in the hall", "place": "home", "people": 2}))
print("the next fire drill:", smoke({"text": "When is the next fire drill?", "place": "home", "people": 2}))

# 3. Rules are applied to a table: pandas, Polars, Arrow, a list of dictionaries. The result is a label matrix.
train = pd.read_csv(HERE / "train.csv")
votes = rules.apply(train)
print(votes)

# 4. What each function does. Nothing here needs an answer.
summary = votes.summary()
summary.index = summary.index.str.removeprefix("maintenance.requests.")
print(summary.round(2).head(5).to_string())

# 5. A label model weighs the functions against each other, without answers, and gives each row probabilities.
model = sd.LabelModel().fit(votes)
labels = model.label(votes)
print(labels)
print("most urgent:", train["text"][labels.probabilities[:, 1].argmax()])

# 6. Where answers exist, they judge; they were never used above.
dev = pd.read_csv(HERE / "dev.csv")
gold = dev["gold"].map({"ROUTINE": 0, "URGENT": 1}).to_numpy()
dev_votes = rules.apply(dev)
print(f"majority vote {sd.MajorityVote().fit(votes).score(dev_votes, gold):.3f}")
print(f"label model   {model.score(dev_votes, gold):.3f}")

# 7. Off to training: a table with one label and one probability a class for each row.
training = pd.concat([train, labels.to_pandas()], axis=1)
print(training[["text", "urgency", "urgency.URGENT"]].head(3).to_string(index=False, max_colwidth=60))

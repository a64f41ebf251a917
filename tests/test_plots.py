"""Plots: the same numbers give the same bytes, what they show can be read off the SVG, and calibration is counted right."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from snorkel_dsl.__main__ import run
from snorkel_dsl.diagnostics import RulesError
from snorkel_dsl.labels import Labels
from snorkel_dsl.report.plots import Series, log_log, reliability

RULES = 'data c\n    text text\ntask spam on c\n    labels HAM, SPAM\nrule a votes SPAM\n    when text mentions "buy"\n'
DATA = "text,gold\nbuy now,SPAM\nbuy,HAM\nhello,HAM\nbuy it,SPAM\n"


def some() -> Labels:
    probabilities = np.array([[0.95, 0.05], [0.92, 0.08], [0.3, 0.7], [0.25, 0.75], [0.5, 0.5]])
    return Labels("spam", ("HAM", "SPAM"), probabilities, np.array([True, True, True, True, False]))


def texts(svg: bytes) -> str:
    return " ".join(ElementTree.fromstring(svg).itertext())


def test_calibration_error_by_hand() -> None:
    found = some().calibration([0, 1, 1, 1, 0])
    assert found.rows.tolist() == [1, 2, 2]
    assert found.confidence.tolist() == pytest.approx([0.5, 0.725, 0.935])
    assert found.accuracy.tolist() == pytest.approx([0.5, 1.0, 0.5])
    assert found.error == pytest.approx((0 + 2 * 0.275 + 2 * 0.435) / 5)
    assert some().calibration_error([0, 1, 1, 1, 0]) == found.error
    assert np.all((found.low <= found.accuracy) & (found.accuracy <= found.high))


def test_unknown_gold_is_left_out_of_calibration() -> None:
    assert some().calibration([0, -1, -1, -1, -1]).rows.tolist() == [1]
    assert np.isnan(some().calibration_error([-1] * 5))


def test_probabilities_that_mean_what_they_say_have_no_error() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(200_000)
    labels = Labels("t", ("a", "b"), np.stack([1 - p, p], axis=1), np.ones(p.size, dtype=bool))
    truth = (rng.random(p.size) < p).astype(int)
    assert labels.calibration_error(truth) < 0.01
    assert labels.calibration_error(1 - truth) > 0.3


def test_a_chart_names_its_slopes_and_is_stable() -> None:
    series = [Series("ours", (1e3, 1e4, 1e5), (0.1, 0.0316, 0.01), (0.09, 0.03, 0.009), (0.11, 0.034, 0.012))]
    svg = log_log("error", "rows", "distance", series)
    assert svg == log_log("error", "rows", "distance", series)
    assert "ours (slope -0.50)" in texts(svg)
    assert b"date" not in svg
    with pytest.raises(ValueError, match="above 0"):
        log_log("error", "rows", "distance", [Series("bad", (1, 2), (0.0, 1))])


def test_reliability_diagrams_are_stable() -> None:
    lines = [("label model", some().calibration([0, 1, 1, 1, 0]))]
    svg = reliability([("spam", lines), ("ham", lines)])
    assert svg == reliability([("spam", lines), ("ham", lines)])
    assert "label model (error 0.284)" in texts(svg)


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RulesError, match=r"snorkel-dsl\[plots\]"):
        log_log("t", "x", "y", [])


@pytest.mark.parametrize("command", ["label", "analyze"])
def test_the_command_line_draws(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.rules").write_text(RULES)
    Path("d.csv").write_text(DATA)
    rest = ["-o", "l.csv"] if command == "label" else []
    assert run([command, "a.rules", "d.csv", "--gold", "gold", "--reliability", "plot.svg", *rest]) == 0
    assert "plot.svg: expected calibration error on spam" in capsys.readouterr().err
    assert "majority vote" in texts(Path("plot.svg").read_bytes())
    for wrong, said in (
        (["--reliability", "plot.svg"], "--gold COLUMN"),
        (["--gold", "gold", "--reliability", "plot.png"], "does not end in `.svg`"),
        (["--gold", "gold", "--reliability", "no/plot.svg"], "there is no folder `no`"),
    ):
        assert run([command, "a.rules", "d.csv", *wrong, *rest]) == 2
        assert said in capsys.readouterr().err

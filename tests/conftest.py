"""What all tests share: the folder of real data, and a switch that turns its absence from a skip into a failure."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from tables import write

HOW = "real data: set SNORKEL_DSL_DATA to the folder that holds chest_xray/, youtube_spam/, trec/, census/"


settings.register_profile("shared", deadline=None)  # a machine that others use as well keeps no deadlines
settings.load_profile("shared")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept between runs is kept apart from the user's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SNORKEL_DSL_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data that `$SNORKEL_DSL_DATA` names.

    Where there is none the test is skipped, or fails with `SNORKEL_DSL_REQUIRE_DATA=1` (as in `.ci/run`).
    """
    folder = os.environ.get("SNORKEL_DSL_DATA")
    if folder and Path(folder).is_dir():
        return Path(folder)
    if os.environ.get("SNORKEL_DSL_REQUIRE_DATA") == "1":
        pytest.fail(f"{HOW} (it is {folder!r})")
    pytest.skip(HOW)


@pytest.fixture(scope="session")
def tables_folder(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tables that `benchmarks/tables.py` writes: questions and reports, with one gold column a task."""
    folder = tmp_path_factory.mktemp("tables")
    write(data_folder, folder)
    return folder


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--accept`: write what the tool says now into diagnostic pages, the language reference and the golden files."""
    parser.addoption(
        "--accept", action="store_true", help="rewrite expected text: diagnostic pages, reference, golden files"
    )

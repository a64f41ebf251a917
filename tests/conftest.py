"""What all tests share: the folder of real data, and a switch that turns its absence from a skip into a failure."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data that `$SNORKEL_DSL_DATA` names; the test is skipped where the variable is not set."""
    folder = os.environ.get("SNORKEL_DSL_DATA")
    if not folder:
        pytest.skip("real data: set SNORKEL_DSL_DATA to the folder that holds chest_xray/, youtube_spam/, …")
    return Path(folder)

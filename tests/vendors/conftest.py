"""The warehouse of every vendor's fixtures and traps, built once."""

from __future__ import annotations

import pytest

from tests.vendors.reading import Reading, build


@pytest.fixture(scope="session")
def reading(tmp_path_factory) -> Reading:
    return build(tmp_path_factory.mktemp("vendors"))

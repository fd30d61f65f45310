"""The warehouse of every vendor's fixtures and traps, built once."""

from __future__ import annotations

import pytest

from tests.vendors.reading import Reading, build, settings_of


@pytest.fixture(scope="session")
def reading(made_once) -> Reading:
    return Reading(settings_of(made_once("vendors", build)))

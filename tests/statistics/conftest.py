"""What several tests of the statistics read."""

import pytest

from tests.hillstrom import CONTROL, EXPERIMENT, PUBLISHED
from tests.worlds import counts, subscribers


@pytest.fixture(scope="session")
def hillstrom():
    """Counts and overlaps of the published experiment (methods.md, section 3.1); every order follows a visit."""
    arms = {
        variant: subscribers(arm.customers, visit=arm.visits, order=arm.orders) for variant, arm in PUBLISHED.items()
    }
    return counts(EXPERIMENT, arms, control=CONTROL)

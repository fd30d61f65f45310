"""What lies beside the checkout and not in it: the contract, real payloads and a real experiment.

Belongs here: where they lie, and the mark of tests that need them. They belong to others, so the repository may not
hold them, and a checkout by itself has to pass without: such a test says then what it needs. Nothing is tested with
them alone: every shape they have also stands as a fixture of our own, and the models' columns are held against their
YAML everywhere.
"""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
CONTRACT = SHARED / "contract" / "marts.yml"
SAMPLES = SHARED / "data" / "esp_samples"
HILLSTROM = SHARED / "data" / "hillstrom.csv.gz"


def needs(path: Path) -> pytest.MarkDecorator:
    """Skip where a shared file or folder is not there."""
    return pytest.mark.skipif(
        not path.exists(), reason=f"needs ../{path.relative_to(SHARED.parent)} beside this checkout"
    )

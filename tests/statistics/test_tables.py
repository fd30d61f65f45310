"""Between relations and data frames: what has nothing to infer, or infers nothing, is an empty relation."""

import duckdb
import pytest

from orchestration.statistics.tables import inferred
from tests.worlds import SEGMENTS, STRATA

COLUMNS = {"micro_conversion": "varchar", "verdict": "varchar", "experiment_arms": "bigint"}
TABLES = (
    f"select {', '.join(f'null as {column}' for column in STRATA)}",
    "select 'e' as experiment, 'A' as variant, false as is_control, 'click' as conversion, false as is_macro, 9 as n, "
    "3 as successes",
    "select 'e' as experiment, 'A' as variant, 'click' as conversion, 'click' as other_conversion, "
    "3 as subscribers_with_both",
    "select 'click' as conversion, false as is_macro, date '2026-01-05' as week_on, 9 as recipients, 3 as subscribers",
    f"select {', '.join(f'null as {column}' for column in SEGMENTS)}",
)


@pytest.mark.parametrize("filled", [(), (3,), (1, 2), (1, 2, 3)], ids=str)
def test_a_home_without_a_pair_to_judge_has_no_evidence_and_no_error(filled):
    """Messages without any conversion, an experiment without a control, and no macro-conversion at all."""
    with duckdb.connect() as session:
        relations = [
            session.query(f"select * from ({sql}) where {number in filled}") for number, sql in enumerate(TABLES)
        ]
        found = inferred(session, "values.values", COLUMNS, *relations)
        assert (found.columns, len(found.fetchall())) == (list(COLUMNS), 0)
        assert [str(kind) for kind in found.types] == ["VARCHAR", "VARCHAR", "BIGINT"]

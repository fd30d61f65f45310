"""Great Expectations' expectation of no rows, without the rows: they are counted and never fetched.

Belongs here: that one expectation. Importing this registers it, and imports Great Expectations.
"""

from typing import ClassVar

from great_expectations.expectations.core import UnexpectedRowsExpectation

_COUNT = "unexpected_rows_query.row_count"
_ROWS = "unexpected_rows_query.table"


class CountedRowsExpectation(UnexpectedRowsExpectation):
    """`unexpected_rows_expectation` at half its cost, since its query runs once: no value leaves the database."""

    metric_dependencies: ClassVar[tuple[str, ...]] = (_COUNT,)

    def _validate(self, metrics, runtime_configuration=None, execution_engine=None):
        return super()._validate({**metrics, _ROWS: None}, runtime_configuration, execution_engine)


TYPE = CountedRowsExpectation.expectation_type

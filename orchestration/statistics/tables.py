"""Between DuckDB's relations and the data frames of the statistics.

Belongs here: how a dbt Python model calls a function of this package. The libraries of statistics take seconds to
import; a home whose marts have nothing to infer never imports them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


def inferred(
    session: duckdb.DuckDBPyConnection,
    function: str,
    columns: Mapping[str, str],
    *inputs: duckdb.DuckDBPyRelation,
) -> duckdb.DuckDBPyRelation:
    """What `function` (`module.name` within this package) makes of the inputs, as a relation with typed `columns`.

    `columns` maps each column of the result to its DuckDB type. Without a row in any input there is nothing to
    infer; then, and where the function infers nothing, the relation is empty. NaN becomes NULL: a figure that cannot be
    computed is absent. The rows come in one order whatever wrote them, since sums of floating-point numbers depend on
    it.
    """
    frames = [relation.query("input", "from input order by all").df() for relation in inputs]
    result = None
    if not all(frame.empty for frame in frames):
        module, name = function.split(".")
        result = getattr(import_module(f"{__package__}.{module}"), name)(*frames)
    if result is None or result.empty:
        nulls = ", ".join(f'cast(null as {kind}) as "{name}"' for name, kind in columns.items())
        return session.query(f"select {nulls} where false")
    # An object column takes None beside numbers and texts; DuckDB would keep a float's NaN as a number.
    result = result[list(columns)].astype(object).where(result.notna(), None)
    typed = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in columns.items())
    return session.from_df(result).project(typed)

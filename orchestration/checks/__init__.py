"""Expectations: suite files, running them with Great Expectations on DuckDB, and what becomes of their outcomes.

Great Expectations takes seconds to import: only `great.py` and `data_docs.py` need it, and they import it when called.
"""

"""Inference on small tables that SQL has reduced: pure functions, data frame in, data frame out.

Belongs here: what needs a statistics library. Does not belong here: reading events, reducing them (dbt models of the
intermediate layer) and publishing (dbt marts). The dbt Python models of `dbt_project/models/intermediate` call these
functions through `tables.inferred`; nothing here knows Dagster, dbt or a file.
"""

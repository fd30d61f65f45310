"""Dashboards on the published marts, in Apache Superset.

Belongs here: what the dashboards show (`datasets/`, `dashboards/`, `filters.yml`) and how Superset is told and served.
Does not belong here: figures that a mart should hold, and anything that `make run` needs. What is here runs in an
environment of its own (`requirements-bi.in`); of the pipeline it reads the settings and `marts.duckdb`, nothing else.
"""

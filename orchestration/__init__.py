"""The Dagster code location of the e-mail micro-conversion pipeline."""

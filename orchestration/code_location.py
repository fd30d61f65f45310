"""What Dagster loads: the definitions of the home that the environment names."""

from orchestration.definitions import build_defs

defs = build_defs()

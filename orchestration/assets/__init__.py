"""Assets: raw exports, dbt models, the published marts. Thin shells; what they decide stands in the packages beside."""

OWNERS = ["team:email-analytics"]
# Everything that opens the warehouse takes this pool: one writer at a time, the others queue.
WAREHOUSE_POOL = "warehouse"

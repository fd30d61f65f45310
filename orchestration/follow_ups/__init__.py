"""Follow-ups on their way to another system: what it is told, by which way, and the record of what it took.

Belongs here: delivery. Does not belong here: who is due (dbt: `int_follow_up_candidates`, `follow_ups`) and how the
delivery shows in Dagster (`assets/follow_ups.py`).
"""

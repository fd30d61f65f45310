"""Every vendor's payloads, from the landing zone to canonical events, in one warehouse that is built once a session.

    reading.py     the warehouse, and what it reads
    traps/         per source, what vendors do that breaks readers, each with the reading it must have
    test_*.py      claims over all sources

`docs/adding-a-source.md` says how a source joins.
"""

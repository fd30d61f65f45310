"""What an export is, from a file in the landing zone to verbatim records in raw and a row in the ledger.

    landing      which files are there, complete and ours to read
    containers   gzip, zstd and ZIP, unpacked within limits
    formats      what the bytes are, told by their content
    cutting      the records within pages, envelopes and documents
    json_text, delimited, form_posts, avro   cutting text and rows into verbatim records, the damaged ones apart
    readers      an export's records, by DuckDB or by the above
    batch        exports on their way, many small ones or a large one
    candidates   records judged one by one, and each export's profile for the first gate
    decisions    what becomes of an export
    quarantine   what was held back, kept with its reasons
    ledger       the warehouse's schema, and what every export became
    publishing   raw records, ledger rows, identities and user agents, in one transaction
    landing_index  what was dealt with, so that nobody need open the warehouse to know
    load         all of it, for the pending exports of one source

Nothing here knows a vendor: that is declared in `orchestration/sources`.
"""

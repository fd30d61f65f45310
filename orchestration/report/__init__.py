"""The week in figures and sentences, and the page that shows them without any server.

`figures` reads the published marts, `words` makes sentences of what it read, `page` makes the page. Pictures are drawn
by `orchestration.pictures`, which the Dagster UI shows as well.
"""


class ReportError(RuntimeError):
    """A report that cannot be made; the message says why and what to do."""

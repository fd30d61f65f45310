"""Pictures of the week, drawn with matplotlib: one module a picture, records in, figure out.

Importing a picture imports matplotlib, which takes about a second: only the step or command that draws does so. How
pictures look is in `canvas.py`, their colours are in `palette.py`; what they show comes from `orchestration.report`.
"""

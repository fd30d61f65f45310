"""Personal data and its end: erasing a person, and ageing raw out.

Belongs here: finding and removing what tells who somebody is, and keeping of their events what tells nobody. Does not
belong here: keys and masks, which the loader and the models set before anything is published.
"""

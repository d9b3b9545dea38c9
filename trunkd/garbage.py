"""How often a process that serves looks for garbage: what it keeps is much and stays, what it makes goes by itself."""

import gc

# By default it is every 700 objects. With the requests of 20,000 destinations kept, a worker spent 18 % of its time
# with that and found nothing; now it is 7 %.
_OBJECTS_BETWEEN_LOOKS = (20_000, 10, 10)


def look_seldom() -> None:
    """Call it when all is loaded and started: what is there by then is not looked through again."""
    gc.freeze()
    gc.set_threshold(*_OBJECTS_BETWEEN_LOOKS)

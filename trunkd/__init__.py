"""The service. In its wheel the packages below it (`api`, `worker`, `trunks`) lie inside of this one, so that they take
no other project's name; whoever imports this one finds them (docs/decisions, record 17).
"""

import sys
from pathlib import Path

_ROOMS = Path(__file__).parent / "_rooms"

if _ROOMS.is_dir() and str(_ROOMS) not in sys.path:
    sys.path.insert(0, str(_ROOMS))

"""How many connections this process may hold open beside all else that needs a descriptor."""

import resource

# For the database, the broker, the carriers, and the files of a start.
_RESERVE = 1024
_MOST = 65_536


def room_for(connections: int) -> int:
    """Raise this process's limit of open files as far as is needed and allowed, and give how many of them there are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = _MOST if hard == resource.RLIM_INFINITY else hard
    limit = max(soft, min(allowed, connections + _RESERVE)) if soft != resource.RLIM_INFINITY else _MOST
    if limit != soft and soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return min(connections, limit - min(_RESERVE, limit // 2))

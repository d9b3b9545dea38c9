"""The queues: work that somebody waits for never stands behind a sweep."""

from enum import StrEnum


class QueueName(StrEnum):
    VERIFY = "verify"
    SWEEP = "sweep"
    PROVISION = "provision"


ALL_QUEUES = tuple(QueueName)

"""Queues and tasks by name, as they stand in messages: work that somebody waits for never stands behind a sweep."""

from enum import StrEnum


class QueueName(StrEnum):
    VERIFY = "verify"
    SWEEP = "sweep"  # nothing is sent to it: a worker that has it checks health
    PROVISION = "provision"


ALL_QUEUES = tuple(QueueName)

RUN_VERIFICATION = "verification.run"
TEND_VERIFICATIONS = "verification.tend"
PROVISION_TRUNK = "provision.trunk"

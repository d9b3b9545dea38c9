"""The tasks by name, as they stand in messages."""

RUN_VERIFICATION = "verification.run"
TEND_VERIFICATIONS = "verification.tend"
PROVISION_TRUNK = "provision.trunk"

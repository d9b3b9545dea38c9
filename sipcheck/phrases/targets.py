"""What is said of targets that cannot be used."""

from collections.abc import Mapping

TARGETS: Mapping[str, str] = {
    "target.invalid": "{words}",
}

"""`--pcap FILE`: what a report's trace recorded, for Wireshark, tshark and sngrep."""

import os
from pathlib import Path

from sipcheck.cli.usage import refuse
from sipcheck.report.capture import capture
from sipcheck.report.model import Report


def open_capture(path: Path | None) -> int | None:
    """Open the file, where one is wanted, for its owner alone; ends the program where it cannot be opened."""
    if path is None:
        return None
    try:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        refuse(f"--pcap {str(path)!r}: {error.strerror}; give a file that can be written")


def write_capture(opened: int, path: Path, report: Report) -> None:
    """Write the file, and close it; ends the program where it cannot be written."""
    try:
        with os.fdopen(opened, "wb") as file:
            file.writelines(capture([report]))
    except OSError as error:
        refuse(f"--pcap {str(path)!r}: {error.strerror}; give a file on a disk with room")

"""A measurement as a table on the terminal."""

from rich.console import Console
from rich.table import Table

from benchmarks.line import table
from benchmarks.measurement import Measurement


def show(measurement: Measurement, console: Console) -> None:
    heading, rows = table(measurement)
    drawn = Table(*heading, title=f"{measurement.title}: {measurement.operation}")
    for row in rows:
        drawn.add_row(*row)
    console.print(drawn)
    for peer in measurement.left_out:
        console.print(f"{peer} is not installed, and was left out.")

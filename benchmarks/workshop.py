"""The folder that git ignores: what is built and installed for the benchmarks alone."""

from pathlib import Path

WORKSHOP = Path(__file__).parents[1] / ".venv-bench"

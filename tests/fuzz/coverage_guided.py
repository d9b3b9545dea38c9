"""Fuzz one target by coverage, with atheris: `python tests/fuzz/coverage_guided.py TARGET SECONDS FOLDER`.

FOLDER holds what was found interesting, from one run to the next. An input that raises is written there, as
`TARGET-crash-…`, and the program ends with a status other than 0; it belongs into tests/data/fuzz/TARGET, where every
test run tries it.
"""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import atheris

_HERE = Path(__file__).parent
_LONGEST_INPUT_BYTES = 4096


def _load(name: str) -> ModuleType:
    """Load a neighbour by its path: another package's `tests` may stand before ours."""
    spec = importlib.util.spec_from_file_location(name, _HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(target: str, seconds: int, folder: Path) -> None:
    """Fuzz for so many seconds; does not return."""
    with atheris.instrument_imports(include=["sipcheck", "dns"]):
        targets = _load("targets").TARGETS
    corpus = folder / target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(_load("seeds").seeds()[target]):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={_LONGEST_INPUT_BYTES}",
        f"-artifact_prefix={folder}/{target}-",
        "-print_final_stats=1",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], targets[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))

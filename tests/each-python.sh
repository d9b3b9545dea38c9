#!/bin/sh
# Runs the fast tests on every supported Python that is found, on PATH or under pyenv, each in a virtual environment of
# its own.
set -u

find_python() {
    if command -v "python$1" >/dev/null 2>&1 && "python$1" -c '' 2>/dev/null; then
        command -v "python$1"
    elif command -v pyenv >/dev/null 2>&1; then
        release=$(pyenv versions --bare | grep -E "^$(echo "$1" | sed 's/\./\\./')\.[0-9]+$" | sort -V | tail -n 1)
        [ -n "$release" ] && echo "$(pyenv root)/versions/$release/bin/python"
    fi
}

results=""
status=0
for version in "$@"; do
    python=$(find_python "$version")
    if [ -z "$python" ]; then
        results="$results
$version  not found"
    elif "${MAKE:-make}" --no-print-directory VENV=".venv-$version" PYTHON="$python" test-fast; then
        results="$results
$version  passed"
    else
        results="$results
$version  FAILED"
        status=1
    fi
done
echo "$results"
exit $status

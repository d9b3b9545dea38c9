#!/bin/sh
# Installs the programs that the benchmarks measure beside ours, and the servers of the service, where they are
# missing: packages of the system, and SIPVicious in a virtual environment of its own, since it is nothing that the
# project may depend on.
set -eu

here=$(dirname "$0")
sh "$here/../tests/install-peers.sh" sip-tester sipsak openssl redis-server postgresql

workshop="$here/../.venv-bench"
if [ ! -x "$workshop/bin/sipvicious_svmap" ]; then
    "${PYTHON:-python3}" -m venv "$workshop"
    "$workshop/bin/python" -m pip install --quiet --disable-pip-version-check 'sipvicious>=0.3.8,<0.4'
fi

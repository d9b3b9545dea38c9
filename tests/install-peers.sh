#!/bin/sh
# Installs the real peers the tests talk to, or the packages named, where they are missing. Debian and Ubuntu; as
# root, or with sudo.
set -eu

[ $# -gt 0 ] || set -- baresip-core kamailio kamailio-tls-modules kamailio-sqlite-modules sip-tester redis-server postgresql unbound nftables \
    prometheus tshark chromium fonts-dejavu-core

missing=""
for package in "$@"; do
    dpkg-query --show --showformat='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

command -v apt-get >/dev/null || {
    echo "Needed:$missing. There is no apt-get here to install them: install them by hand." >&2
    exit 1
}
sudo=""
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "Needed:$missing. Installing them takes root or sudo." >&2
        exit 1
    }
    sudo="sudo"
fi

# The tests start private copies on free ports; a system service of the same name is neither needed nor started.
policy=/usr/sbin/policy-rc.d
made_policy=""
remove_policy() {
    [ -z "$made_policy" ] || $sudo rm -f "$policy"
}
trap remove_policy EXIT
trap 'exit 130' INT TERM
if [ ! -e "$policy" ]; then
    made_policy=yes
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
    $sudo chmod +x "$policy"
fi

# sudo drops the environment, and another apt may be at work on a machine that has just started.
apt="env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300"
# shellcheck disable=SC2086
$sudo $apt update
# shellcheck disable=SC2086
$sudo $apt install --yes --no-install-recommends $missing

#!/bin/sh
# Runs a command as root in a network and a mount namespace of its own, whose loopback is up. Nothing of it reaches
# the machine's network or mounts.
set -eu
ALDIS_NETWORK_OUTSIDE=$(stat -L -c %i /proc/self/ns/net)
export ALDIS_NETWORK_OUTSIDE
exec unshare --net --mount --propagation private sh -c 'ip link set lo up && exec "$@"' sh "$@"

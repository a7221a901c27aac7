#!/usr/bin/env python3
"""What an honest client sees while others abuse the gateway; `make bench-abuse` (OTHER=/checkout: in turn with its build).

The honest client sends 200 requests a second over twenty connections from 127.0.0.1; times count from the instant at which
a request was due, so that a stall is seen by all that it held up. Who abuses comes from other addresses of 127.0.0.0/8,
in a process of its own. The gateway starts with the 1,024 descriptors that shells give. Everything stays on loopback.
"""
import argparse
import asyncio
import json
import multiprocessing
import pathlib
import resource
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from statistics import median

from bench import HERE, HOOK, SMPP, SMPP_STATS, TOOLS, MetricsSampler, Peer, Proc, listening, sink_stats, wait_for

DOOR, CONSOLE, SLOW_PORTS = 13080, 13081, range(27800, 27816)
RATE, CONNECTIONS = 200, 20
PATIENCE_S = 10.0  # of the honest client, from when a request was due
FIRST_LOGINS = 12  # accounts whose password nobody has verified yet, one tried each half second
SHELL_DESCRIPTORS = 1024

ABUSERS = 12  # accounts whose endpoints are slow; the other rows need the first alone

DIRECTORY = """
[[account]]
name = "abuser{n}"
credit = "{credit}"
max_segments = 255
networks = ["127.0.0.0/8"]
postback_networks = ["127.0.0.0/8"]
default_sender = "4670001"

[[account.sender]]
value = "4670001"

[[account.credential]]
dialect = "mavorion"
key = "bench-abuser{n}"
"""
FIRST = """
[[account]]
name = "first{n}"
credit = "1000.00"
networks = ["127.0.0.0/8"]
default_sender = "467100{n:02}"

[[account.sender]]
value = "467100{n:02}"

[[account.credential]]
dialect = "genesys"
login = "first{n}"
password = "a password of its own {n}"
"""


class Http:
    """One kept connection; asks again over a new one after it was closed."""

    def __init__(self, port, source, tls=False):
        self.port, self.source, self.pair = port, source, None
        self.tls = ssl._create_unverified_context() if tls else None

    async def ask(self, request):
        """Returns (status, body); raises OSError where the connection is refused or cut."""
        if self.pair is None:
            self.pair = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(self.source, 0), ssl=self.tls)
        reader, writer = self.pair
        try:
            writer.write(request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            if b"connection: close" in head:
                self.close()
            return int(head.split()[1]), body
        except (asyncio.IncompleteReadError, IndexError) as cut:
            self.close()
            raise ConnectionError(str(cut)) from None
        except BaseException:
            self.close()
            raise

    def close(self):
        if self.pair:
            self.pair[1].close()
            self.pair = None


def sends(login, password, sender, number, text="an+honest+message", more=""):
    path = (f"/httpapi/receiver?login={login}&password={password}&phone_number=4670{number:08}&sender={sender}"
            f"&message={text}&message_id=m{number}{more}")
    return f"GET {path.replace(' ', '+')} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()


def posts(path, body, kind="application/json"):
    head = f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def recipients(first, count):
    return [{"msisdn": 46_730_000_000 + first + n} for n in range(count)]


# The honest ones.


async def honest(seconds, tls=False, more="", first=0):
    """Returns what became of each request: (seconds from when it was due, or None where it was refused, its number)."""
    due, seen, until = asyncio.Queue(), [], time.monotonic() + seconds

    async def connection():
        http = Http(DOOR, "127.0.0.1", tls)
        while True:
            number, instant = await due.get()
            if number is None:
                return http.close()
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + instant + PATIENCE_S - time.monotonic()):
                    status, body = await http.ask(sends("bench", "bench", "4670000", number, more=more))
                took = time.monotonic() - instant if status == 200 and b"result_code=0" in body else None
            except OSError:
                took = None
            seen.append((took, number))

    async with asyncio.TaskGroup() as group:
        for _ in range(CONNECTIONS):
            group.create_task(connection())
        start, number = time.monotonic(), first
        while (instant := start + (number - first) / RATE) < until:
            await asyncio.sleep(max(0.0, instant - time.monotonic()))
            due.put_nowait((number, instant))
            number += 1
        for _ in range(CONNECTIONS):
            due.put_nowait((None, 0))
    return seen


async def first_logins(offset):
    """How long accounts wait whose password is verified for the first time, one each half second."""
    seen = []
    for n in range(FIRST_LOGINS):
        http = Http(DOOR, "127.0.0.1")
        started = time.monotonic()
        request = sends(f"first{n}", f"a password of its own {n}", f"467100{n:02}", offset + n)
        try:
            async with asyncio.timeout(PATIENCE_S):
                status, body = await http.ask(request)
            seen.append(time.monotonic() - started if status == 200 and b"result_code=0" in body else None)
        except OSError:
            seen.append(None)
        http.close()
        await asyncio.sleep(0.5)
    return seen


class Hooks:
    """Takes postbacks on a port and keeps when each `message_id` first came."""

    def __init__(self):
        self.came = {}

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next((int(h[15:]) for h in head.split(b"\r\n") if h.lower().startswith(b"content-length:")), 0)
                said = head + await reader.readexactly(length)
                number = said.split(b"message_id=m")[1].split(b"&")[0].split()[0]
                self.came.setdefault(int(number), time.monotonic())
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError, IndexError, ValueError):
            writer.close()


# Those who abuse: each runs until it is ended, and says when it has begun.


async def repeat(request, source, port=DOOR):
    """Ask the same again and again over one connection; a refusal costs a pause of 50 ms, as a client would make."""
    http = Http(port, source)
    while True:
        try:
            await http.ask(request() if callable(request) else request)
        except OSError:
            await asyncio.sleep(0.05)


async def costly(began):
    """200 recipients and a long text whose every character must be kept whole, 33 kB, from an account without money."""
    body = json.dumps({"message": "👨‍👩‍👧‍👦" * 1130, "encoding": "UCS2", "recipients": recipients(0, 200)}, ensure_ascii=False)
    request = posts("/rest/mtsms?token=bench-abuser", body.encode())
    began()
    await asyncio.gather(*(repeat(request, "127.0.0.2") for _ in range(4)))


async def questions(began):
    """Eight connections ask for a submission of 10,000."""
    body = json.dumps({"message": "hello", "recipients": recipients(0, 10_000)}).encode()
    status, answer = await Http(DOOR, "127.0.0.2").ask(posts("/rest/mtsms?token=bench-abuser", body))
    assert status == 200, answer
    await asyncio.sleep(3)  # for its being sent
    path = f"/rest/mtsms/{json.loads(answer)['ids'][0]}?token=bench-abuser"
    began()
    ask = f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    await asyncio.gather(*(repeat(ask, "127.0.0.2") for _ in range(8)))


async def idle(began, port, count=1100):
    """Connections from one address that say nothing; one that is closed is made anew."""

    async def silent():
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
                await reader.read()
                writer.close()
            except OSError:
                pass
            await asyncio.sleep(0.25)

    tasks = [asyncio.create_task(silent()) for _ in range(count)]
    await asyncio.sleep(1)
    began()
    await asyncio.gather(*tasks)


async def slow_endpoints(began):
    """16 endpoints each of twelve accounts answer after 12 s, but for the first time; more is owed to them than there are slots."""
    known, asked = set(), []

    async def serve(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
                lane = writer.get_extra_info("sockname")[1], head.split()[1]
                asked.append(lane)
                if lane in known:
                    await asyncio.sleep(12)
                known.add(lane)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            writer.close()

    for port in SLOW_PORTS:
        await asyncio.start_server(serve, "127.0.0.1", port)
    http = Http(DOOR, "127.0.0.2")

    async def owe(abuser, port, first, count):
        hook = f"http://127.0.0.1:{port}/{abuser}"
        body = json.dumps({"message": "hello", "callback_url": hook, "recipients": recipients(first, count)}).encode()
        status, answer = await http.ask(posts(f"/rest/mtsms?token=bench-abuser{abuser or ''}", body))
        assert status == 200, answer

    # each is asked once, which it answers at once; then account by account for more than there are slots, each when the
    # one before has taken what it gets
    for count in (1, 20):
        for abuser in range(ABUSERS):
            for n, port in enumerate(SLOW_PORTS):
                await owe(abuser, port, abuser * 1000 + n * 20, count)
            before = -1
            while before != len(asked):
                before = len(asked)
                await asyncio.sleep(0.15)
    began()
    await asyncio.sleep(3600)


async def guessing(began):
    """200 connections from five addresses guess passwords, half of them for a login that exists."""

    def guess(n):
        count = 0

        def request():
            nonlocal count
            count += 1
            return sends("bench" if n % 2 else f"nobody{n}", f"guess-{n}-{count}", "4670000", 1)

        return request

    began()
    await asyncio.gather(*(repeat(guess(n), f"127.0.1.{1 + n // 40}") for n in range(200)))


async def chunks(began):
    """40 connections send bodies of two megabytes in chunks of two octets."""
    head = (b"POST /rest/mtsms?token=bench-abuser HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n")
    piece = b"2\r\n  \r\n" * 4096

    async def one():
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", DOOR, local_addr=("127.0.0.2", 0))
                writer.write(head)
                for _ in range(250):  # 2,048,000 octets, just below what a body may have
                    writer.write(piece)
                    await writer.drain()
                writer.write(b"0\r\n\r\n")
                await reader.read(1000)
                writer.close()
            except OSError:
                await asyncio.sleep(0.05)

    began()
    await asyncio.gather(*(one() for _ in range(40)))


async def large(began):
    """10,000 recipients a request, one request after another."""
    made = 0

    def request():
        nonlocal made
        made += 1
        body = json.dumps({"message": "hello", "recipients": recipients(made * 10_000, 10_000)}).encode()
        return posts("/rest/mtsms?token=bench-abuser", body)

    began()
    await repeat(request, "127.0.0.2")


async def nothing(began):
    began()


ROWS = {  # row: (who abuses, settings, the abuser's credit, what is measured, what is wanted)
    "nobody": (nothing, "", "1000000.00", "accept", ""),
    "costly": (costly, "", "0.00", "accept", "≤ 25 ms"),
    "questions": (questions, "", "1000000.00", "accept", "≤ 25 ms"),
    "silent-tls": (lambda began: idle(began, DOOR), "tls", "0.00", "accept", "≤ 25 ms, none refused"),
    "idle-console": (lambda began: idle(began, CONSOLE), "", "0.00", "accept", "≤ 25 ms"),
    "slow-endpoints": (slow_endpoints, "", "1000000.00", "postback", "≤ 1,000 ms"),
    "guessing": (guessing, "", "0.00", "first login", "≤ 100 ms first, ≤ 25 ms known"),
    "chunks": (chunks, "", "0.00", "accept", "≤ 25 ms, ≤ 300 MB"),
    "large": (large, "", "1000000000.00", "accept", "≤ 30 ms"),
}


def raise_descriptors():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run_abuse(row, began):
    """Entry of the process that abuses."""
    raise_descriptors()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    asyncio.run(ROWS[row][0](began.set))


async def measure(args, row):
    what, tls = ROWS[row][3], ROWS[row][1] == "tls"
    if what == "postback":
        hooks = Hooks()
        server = await asyncio.start_server(hooks.serve, "127.0.0.1", HOOK)
        started = time.monotonic()
        seen = await honest(args.duration, more="&receipt=true")
        await asyncio.sleep(args.wait)
        server.close()
        ended = time.monotonic()
        told = [hooks.came.get(n, ended) - started - n / RATE for took, n in seen if took is not None]
        return {"accept": [took for took, _ in seen], "postback": told,
                "not told": sum(n not in hooks.came for took, n in seen if took is not None)}
    if what == "first login":
        seen, firsts = await asyncio.gather(honest(max(args.duration, FIRST_LOGINS / 2 + 2)), first_logins(90_000_000))
        return {"accept": [took for took, _ in seen], "first login": firsts}
    return {"accept": [took for took, _ in await honest(args.duration, tls)]}


def run_honest(args, row, pipe):
    """Entry of the honest client's process."""
    raise_descriptors()
    pipe.send(asyncio.run(measure(args, row)))


def greet(tls):
    """Have the known password verified once, before anybody abuses."""
    async def ask():
        for n in range(3):
            await Http(DOOR, "127.0.0.1", tls).ask(sends("bench", "bench", "4670000", 80_000_000 + n))
    asyncio.run(ask())


def prepare(args, row, build):
    """Returns (the run's folder, the gateway, not started)."""
    run = pathlib.Path(tempfile.mkdtemp(prefix="bench-abuse-"))
    peer = Peer(f"aldis@{build}", "genesys", False, run)
    settings = (run / "aldis.toml").read_text().replace("connections_per_address = 1000\n", "")
    if ROWS[row][1] == "tls":
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                   "-subj", "/CN=bench", "-days", "2", "-keyout", str(run / "key.pem"), "-out", str(run / "cert.pem")]
        subprocess.run(command, check=True, capture_output=True)
        settings = settings.replace("[http]\n", f'[http]\ncertificate = "{run}/cert.pem"\nkey = "{run}/key.pem"\n')
    (run / "aldis.toml").write_text(settings + f'\n[console]\nlisten = "127.0.0.1:{CONSOLE}"\n')
    directory = (run / "directory.toml").read_text()
    directory = directory[:directory.index("# SUMOTEXT sends")] + directory[directory.index("[[account]]"):]
    directory += "".join(
        DIRECTORY.replace("{credit}", ROWS[row][2]).replace("{n}", str(n or "")) for n in range(ABUSERS))
    (run / "directory.toml").write_text(directory + "".join(FIRST.replace("{n:02}", f"{n:02}").replace("{n}", str(n)) for n in range(FIRST_LOGINS)))
    return run, peer


def one(args, row, build):
    """Run a row once; returns the lists of seconds by what was measured, and the peak of memory."""
    run, peer = prepare(args, row, build)
    sink = [str(TOOLS / "smsc_sink"), "--port", str(SMPP), "--stats-port", str(SMPP_STATS), "--quiet"]
    tool = Proc("sink", sink + (["--dlr"] if ROWS[row][3] == "postback" else []), run / "sink.out", group="tool")
    fork = multiprocessing.get_context("fork")
    began, (here, there) = fork.Event(), fork.Pipe(duplex=False)
    abuse = fork.Process(target=run_abuse, args=(row, began))
    client = fork.Process(target=run_honest, args=(args, row, there))
    try:
        wait_for("sink", lambda: listening(SMPP_STATS))
        peer.start()
        wait_for("bind", lambda: sink_stats()["sessions"] > 0)
        time.sleep(2)  # the directory is followed once a second
        greet(ROWS[row][1] == "tls")
        sampler = MetricsSampler(peer)
        sampler.start()
        abuse.start()
        began.wait(60)
        client.start()
        there.close()
        seen = here.recv()
        sampler.stopped.set()
        return {**seen, "memory": sampler.peak.get("gateway", 0) / 2**20}
    finally:
        for process in (abuse, client):
            if process.is_alive():
                process.kill()
        peer.stop()
        tool.stop()
        shutil.rmtree(run, ignore_errors=True)


def figures(seen):
    """{name: number} of one run: p99 in milliseconds of what was answered, how many were refused, memory."""
    told = {}
    for name, values in seen.items():
        if not isinstance(values, list):
            told["memory, MB" if name == "memory" else name] = values
            continue
        answered = sorted(v for v in values if v is not None)
        told[f"{name} p50, ms"] = answered[len(answered) // 2] * 1000 if answered else float("inf")
        told[f"{name} p99, ms"] = answered[int(len(answered) * 0.99)] * 1000 if answered else float("inf")
        told[f"{name}s refused"] = len(values) - len(answered)
    return told


def commit(checkout):
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=True).stdout.strip()


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--other", type=pathlib.Path, help="a checkout to compare with, in turn")
    ap.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    ap.add_argument("--rounds", type=int, default=3)
    ap.add_argument("--duration", type=float, default=6)
    ap.add_argument("--wait", type=float, default=10, help="how long to wait for the last postback")
    args = ap.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that finally clauses stop what was started
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(SHELL_DESCRIPTORS, hard), hard))
    builds = [b.resolve() for b in (args.other, HERE.parent) if b]
    print(f"| while | wanted | figure | {' | '.join(map(commit, builds))} |\n|---|---|---|{'---|' * len(builds)}", flush=True)
    for row in args.rows:
        seen = {build: [] for build in builds}
        for first in range(args.rounds):
            for at in range(len(builds)):
                build = builds[(first + at) % len(builds)]
                seen[build].append(figures(one(args, row, build)))
        for name in seen[builds[-1]][0]:
            cells = (f"{median(run[name] for run in seen[build]):.3g}" for build in builds)
            print(f"| {row} | {ROWS[row][4]} | {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()

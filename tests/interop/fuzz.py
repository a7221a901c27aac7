"""Fuzzes all that reads a carrier's octets, guided by coverage: `python tests/interop/fuzz.py SECONDS`.

Begins with tests/smpp/corpus. What it finds is written there as a file to be explained, and fails `make test`
until it is mended. `make interop` runs it for a minute; let it run for hours by hand.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "tests" / "smpp" / "corpus"
MAX_OCTETS = 4096


def main(seconds: int) -> int:
    """Run the fuzzer in a process of its own, which ends with the first find."""
    if find_spec("atheris") is None:
        print("not fuzzed: there is no atheris for this Python")
        return 0
    sys.path.insert(0, str(ROOT))
    from tests.smpp.test_corpus import FILES, octets_of

    with tempfile.TemporaryDirectory() as folder:
        seeds, found = Path(folder, "seeds"), Path(folder, "found")
        seeds.mkdir()
        found.mkdir()
        for path in FILES:
            (seeds / path.stem).write_bytes(octets_of(path))
        options = [f"-max_total_time={seconds}", f"-max_len={MAX_OCTETS}", f"-artifact_prefix={found}/"]
        ended = subprocess.run(
            [sys.executable, __file__, "fuzz", *options, str(seeds)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        for artifact in found.iterdir():
            target = CORPUS / f"found-{artifact.name[-12:]}.hex"
            target.write_text(
                f"# found by tests/interop/fuzz.py\n# expects: decoded\n{artifact.read_bytes().hex()}\n"
            )
            print(f"a find: {target.relative_to(ROOT)}")
        said = ended.stderr.splitlines()
        print("\n".join(said[-40:]) if ended.returncode else said[-1])
        return ended.returncode


def fuzz() -> None:
    """Be the fuzzer."""
    import atheris

    with atheris.instrument_imports(include=["aldis.smpp", "aldis.sms", "aldis.links"]):
        from tests.smpp.exercise import exercise
    atheris.Setup(sys.argv[:1] + sys.argv[2:], exercise)
    atheris.Fuzz()


if __name__ == "__main__":
    if sys.argv[1] == "fuzz":
        sys.path[:0] = [str(ROOT), str(ROOT / "src")]
        fuzz()
    else:
        sys.exit(main(int(sys.argv[1])))

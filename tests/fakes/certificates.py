"""Certificates as an operator would have made them, with openssl; on an elliptic curve, which takes a moment only."""

from __future__ import annotations

import subprocess
from pathlib import Path


def self_signed(folder: Path, name: str, *more: str, days: int = 2, password: str = "") -> tuple[Path, Path]:
    """Make a certificate for a name and its key, as PEM files; the key is encrypted if there is a password."""
    made, key = folder / "cert.pem", folder / "key.pem"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    locked = ("-passout", f"pass:{password}") if password else ("-nodes",)
    files = ("-keyout", str(key), "-out", str(made))
    command = ("openssl", "req", "-x509", *curve, *locked, "-subj", f"/CN={name}", "-days", str(days))
    subprocess.run([*command, *more, *files], check=True, capture_output=True)
    return made, key

"""Fetches and builds what a client needs, once."""

import hashlib
import shutil
import subprocess
import sys

from .suites import PREPARED


def prepare(toolchain):
    """Runs the toolchain's commands unless its inputs are as they were when that was done last."""
    stamp = PREPARED / f"{toolchain.name}.stamp"
    digest = fingerprint(toolchain.inputs)
    if stamp.exists() and stamp.read_text() == digest:
        return
    PREPARED.mkdir(parents=True, exist_ok=True)
    print(f"preparing {toolchain.name} …", flush=True)
    for command in toolchain.commands:
        if shutil.which(command[0]) is None:
            sys.exit(f"the {toolchain.name} clients need `{command[0]}`, which is not there")
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    stamp.write_text(digest)


def fingerprint(inputs):
    digest = hashlib.sha256()
    for path in inputs:
        files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
        for file in files:
            digest.update(str(file).encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()

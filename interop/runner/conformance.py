"""`scripts/conformance`: the Autobahn cases against an echo on the gateway's own WebSocket stack, and against `/ws`."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from .gateway import Gateway
from .prepare import prepare
from .suites import PREPARED, ROOT, Toolchain

KOSOKU = Toolchain(
    "conformance",
    [ROOT / "python" / "conformance.txt"],
    [
        ["python3", "-m", "venv", "--clear", str(PREPARED / "conformance")],
        [
            *[str(PREPARED / "conformance" / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"],
            *["--only-binary", ":all:", "-r", str(ROOT / "python" / "conformance.txt")],
        ],
    ],
)

ALL_CASES = 517

# What can be judged without an echo: pings, reserved bits, opcodes, fragmented control frames, closes. 7.1.1 wants an
# echo before its close.
STOMP_CASES = ["2.*", "3.*", "4.*", "5.1", "5.2", "7.*"]
STOMP_EXCLUDED = ["7.1.1"]

# In these a message comes before what is wrong, and its echo would be the stricter answer.
ECHO_IS_STRICTER = {"3.2", "3.3", "3.4", "4.1.3", "4.1.4", "4.1.5", "4.2.3", "4.2.4", "4.2.5"}

# The compressions are not offered (docs: permessage-deflate is off), so a server has nothing to show in these.
UNIMPLEMENTED_GROUPS = ("12.", "13.")

# A server may tell of bad UTF-8 within a fragment or when the message is whole.
EITHER_MOMENT = {"6.4.1", "6.4.2", "6.4.3", "6.4.4"}


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    prepare(KOSOKU)
    gateway = os.environ.get("SLUICE_BIN", "target/debug/sluice")
    echo = os.environ.get("SLUICE_ECHO_BIN", "target/debug/examples/conformance")
    for binary, how in [(gateway, "cargo build"), (echo, "cargo build --example conformance")]:
        if shutil.which(binary) is None:
            sys.exit(f"there is no {binary}: `{how}` makes it")
    good = [
        judge("/ws", run(gateway, "/ws", STOMP_CASES, STOMP_EXCLUDED), 66, ECHO_IS_STRICTER),
        judge("/test/echo", run(echo, "/test/echo", [], []), ALL_CASES, EITHER_MOMENT),
    ]
    return 0 if all(good) else 1


def run(binary, path, include, exclude):
    """Runs cases against a gateway of its own; gives the outcome of each."""
    with tempfile.TemporaryDirectory(prefix="sluice-conformance-") as directory:
        # The largest message of a case is 16 MiB.
        environment = {"SLUICE__LIMITS__FRAME_BYTES": "17MiB"} if path != "/ws" else {}
        gateway = Gateway(os.path.abspath(shutil.which(binary)), Path(directory), environment)
        try:
            gateway.start()
            command = [str(PREPARED / "conformance" / "bin" / "kosoku"), "-p", "2", "-o", f"{directory}/report"]
            command += [option for case in include for option in ("-i", case)]
            command += [option for case in exclude for option in ("-x", case)]
            address = f"ws://127.0.0.1:{gateway.port}{path}"
            # Its own exit code counts what is judged here.
            subprocess.run([*command, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            (outcomes,) = json.loads(Path(directory, "report", "index.json").read_text()).values()
        finally:
            gateway.close()
    return outcomes


def judge(path, outcomes, expected, lenient):
    counts = Counter(outcome["behavior"] for outcome in outcomes.values())
    print(f"{path}: {len(outcomes)} cases: " + ", ".join(f"{count} {name}" for name, count in counts.most_common()))
    bad = [f"{case}: {outcome['behavior']}, close {outcome['behaviorClose']}"
           for case, outcome in outcomes.items() if not is_good(case, outcome, lenient)]
    for line in bad:
        print(f"  failed: {line}")
    if len(outcomes) != expected:
        print(f"  failed: {expected} cases should have run")
    return not bad and len(outcomes) == expected


def is_good(case, outcome, lenient):
    match outcome["behavior"]:
        case "OK" | "INFORMATIONAL":
            return outcome["behaviorClose"] in ("OK", "INFORMATIONAL")
        case "NON-STRICT":
            return case in lenient and outcome["behaviorClose"] == "OK"
        case "UNIMPLEMENTED":
            return case.startswith(UNIMPLEMENTED_GROUPS)
        case _:
            return False


sys.exit(main())

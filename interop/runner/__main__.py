"""`scripts/interop`: one gateway for each client, one line for each client and check."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import tokens
from .control import Control
from .gateway import Gateway, die_with_parent
from .prepare import prepare
from .suites import SOCKJS_CHECKS, STOMP_CHECKS, SUITES

USER = "ada:lovelace"  # a name that has to be written with care
SUITE_SECONDS = 300
SETTLE_SECONDS = 5


def main():
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    binary = os.environ.get("SLUICE_BIN", "target/debug/sluice")
    if shutil.which(binary) is None:
        sys.exit(f"there is no gateway at {binary}: `cargo build` makes one, SLUICE_BIN names another")
    suites = [suite for suite in SUITES if not arguments.suites or any(map(suite.name.startswith, arguments.suites))]
    if not suites:
        sys.exit(f"no such client; there are {', '.join(suite.name for suite in SUITES)}")
    started = time.monotonic()
    outcomes = []
    for suite in suites:
        prepare(suite.toolchain)
        outcomes += run(suite, os.path.abspath(shutil.which(binary)), arguments.check)
    failed = [f"{suite} {check}" for suite, check, outcome in outcomes if outcome == "FAIL"]
    count = lambda wanted: sum(outcome == wanted for _, _, outcome in outcomes)
    seconds = round(time.monotonic() - started)
    print(f"{count('ok')} ok, {count('skip')} skipped, {count('FAIL')} failed in {seconds} s")
    for line in failed:
        print(f"  failed: {line}")
    return 1 if failed else 0


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/interop", description=__doc__)
    parser.add_argument("suites", nargs="*", help="clients by the beginning of their names; all if none is named")
    parser.add_argument("--check", action="append", choices=STOMP_CHECKS + SOCKJS_CHECKS, help="only this check (may be repeated)")
    return parser.parse_args()


def run(suite, binary, only):
    """Runs one client against a gateway of its own; gives what came of each check."""
    outcomes = []
    checks = [check for check in suite.checks if not only or check in only]

    def report(check, outcome, detail=""):
        outcomes.append((suite.name, check, outcome))
        print(f"{suite.name:<28} {check:<28} {outcome:<5} {detail}".rstrip(), flush=True)

    with tempfile.TemporaryDirectory(prefix="sluice-interop-") as directory:
        gateway = Gateway(binary, Path(directory))
        control = Control(gateway, USER, tokens.sign("back-end", scope="publish"))
        client = None
        try:
            gateway.start()
            client = start_client(suite, gateway, control, checks)
            control.client = client
            read_report(client, checks, report)
            finish(client, gateway, report)
            for check in checks:
                if check not in [reported for _, reported, _ in outcomes]:
                    report(check, "FAIL", "the client did not report it")
        finally:
            if client is not None:
                kill_group(client)
                client.wait()
            control.close()
            if any(outcome == "FAIL" for *_, outcome in outcomes):
                print(f"-- the gateway of {suite.name} said last:\n{gateway.log_tail()}\n--")
            gateway.close()
    return outcomes


def start_client(suite, gateway, control, checks):
    environment = os.environ | suite.environment | {
        "SLUICE_HTTP": gateway.http,
        "SLUICE_CONTROL": control.url,
        "SLUICE_USER": USER,
        "SLUICE_TOKEN": tokens.sign(USER),
        "SLUICE_WRONG_TOKEN": tokens.sign(USER, secret="somebody else's secret"),
        "SLUICE_CHECKS": " ".join(checks),
    }
    return subprocess.Popen(
        suite.command,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )


def read_report(client, checks, report):
    """Reads `ok CHECK`, `FAIL CHECK: WHY` and `skip CHECK: WHY` until the client has no more to say."""
    signal.signal(signal.SIGALRM, lambda *_: kill_group(client))
    signal.alarm(SUITE_SECONDS)
    for line in client.stdout:
        outcome, _, rest = line.rstrip().partition(" ")
        check, _, detail = rest.partition(": ")
        if outcome in ("ok", "FAIL", "skip") and check in checks:
            report(check, outcome, detail)
        else:
            print(f"    {line.rstrip()}")
    signal.alarm(0)


def kill_group(client):
    try:
        os.killpg(client.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it has ended, and all that it started


def finish(client, gateway, report):
    """The client ends well, and leaves no session behind."""
    try:
        code = client.wait(timeout=SETTLE_SECONDS)
    except subprocess.TimeoutExpired:
        code = "nothing: it is still running"
    if code not in (0, 1):
        report("exit", "FAIL", f"the client ended with {code}")
    if gateway.process is None:
        gateway.start()
    deadline = time.monotonic() + SETTLE_SECONDS
    while (left := gateway.metric("sluice_session_active")) and time.monotonic() < deadline:
        time.sleep(0.05)
    if left:
        report("exit", "FAIL", f"{left:.0f} sessions were left on the gateway")


sys.exit(main())

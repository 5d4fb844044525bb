"""The clients and how each is prepared and run."""

from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
PREPARED = ROOT.parent / ".run" / "interop"

# Every client reports each of its checks: `ok`, `FAIL`, or `skip` with the reason why it cannot do it.
STOMP_CHECKS = [
    "connect",
    "wrong-token",
    "subscribe-receipt",
    "send-receive",
    "http-publish",
    "headers",
    "binary-body",
    "large-message",
    "ack-client",
    "ack-individual",
    "ack-again",
    "nack",
    "transaction-commit",
    "transaction-abort",
    "heartbeat-kept",
    "heartbeat-missed-by-gateway",
    "heartbeat-missed-by-client",
    "disconnect",
    "reconnect",
    "churn",
]

# What sockjs-client is asked to do by itself.
SOCKJS_CHECKS = ["transport", "unicode", "order", "server-close", "client-close", "client-gone", "parallel"]


@dataclass
class Toolchain:
    """What has to be fetched or built before a client runs; done again when one of `inputs` changes."""

    name: str
    inputs: list
    commands: list


@dataclass
class Suite:
    name: str
    toolchain: Toolchain
    command: list
    environment: dict = field(default_factory=dict)
    checks: list = field(default_factory=lambda: STOMP_CHECKS)


def node(name, script, checks=STOMP_CHECKS, **environment):
    return Suite(name, NODE, ["node", str(ROOT / "node" / script)], environment, checks)


def spring(name, kind):
    jars = PREPARED / "spring"
    return Suite(
        name, SPRING, ["java", "-Xmx256m", "-cp", f"{jars}/classes:{jars}/lib/*", "interop.Main", kind]
    )


NODE = Toolchain(
    "node",
    [ROOT / "node" / "package.json", ROOT / "node" / "package-lock.json"],
    [["npm", "ci", "--prefix", str(ROOT / "node"), "--silent"]],
)
SPRING = Toolchain(
    "spring",
    [ROOT / "spring"],
    [["mvn", "--quiet", "--batch-mode", "-f", str(ROOT / "spring" / "pom.xml"), "package"]],
)
PYTHON = Toolchain(
    "python",
    [ROOT / "python" / "requirements.txt"],
    [
        ["python3", "-m", "venv", "--clear", str(PREPARED / "python")],
        [
            str(PREPARED / "python" / "bin" / "pip"),
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
            str(ROOT / "python" / "requirements.txt"),
        ],
    ],
)
GO = Toolchain(
    "go",
    [ROOT / "go"],
    [["go", "-C", str(ROOT / "go"), "build", "-mod=readonly", "-o", str(PREPARED / "go" / "client"), "."]],
)

SOCKJS_TRANSPORTS = ["websocket", "xhr-streaming", "eventsource", "xhr-polling"]

SUITES = [
    node("stompjs-7.5.0", "stompjs.mjs", STOMPJS="@stomp/stompjs"),
    node("stompjs-7.0.0", "stompjs.mjs", STOMPJS="stompjs-oldest"),
    node("rx-stomp-2.4.0", "rx-stomp.mjs"),
    *[node(f"sockjs-{transport}", "sockjs.mjs", SOCKJS_CHECKS, SOCKJS=transport) for transport in SOCKJS_TRANSPORTS],
    *[
        node(f"stompjs-over-{transport}", "stompjs.mjs", STOMPJS="@stomp/stompjs", SOCKJS=transport)
        for transport in SOCKJS_TRANSPORTS
    ],
    spring("spring-websocket", "websocket"),
    spring("spring-sockjs-websocket", "sockjs-websocket"),
    spring("spring-sockjs-xhr", "sockjs-xhr"),
    Suite("stomp.py-9.0.0", PYTHON, [str(PREPARED / "python" / "bin" / "python"), str(ROOT / "python" / "client.py")]),
    Suite("go-stomp-3.1.5", GO, [str(PREPARED / "go" / "client")]),
]

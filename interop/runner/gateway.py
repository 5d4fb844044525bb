"""One gateway process: started on a free port with a log of its own, killed, frozen and started again on request."""

import ctypes
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

CONFIG = Path(__file__).parent.parent / "gateway.toml"
READY_SECONDS = 20


def die_with_parent():
    """Asks Linux to kill this process when the thread that started it dies, however that happens."""
    death_signal = 1  # PR_SET_PDEATHSIG
    ctypes.CDLL(None).prctl(death_signal, signal.SIGKILL)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Gateway:
    """A gateway that keeps its port and its log over restarts."""

    def __init__(self, binary, directory, environment=None):
        self.binary = binary
        self.environment = environment or {}
        self.directory = directory
        self.port = free_port()
        self.process = None
        self.output = open(directory / "gateway.log", "ab")

    @property
    def http(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        environment = os.environ | self.environment | {
            "SLUICE__SERVER__LISTEN": f"127.0.0.1:{self.port}",
            "SLUICE__SOURCE__EMBEDDED__PATH": str(self.directory / "log"),
        }
        command = [self.binary, "serve", "--config", str(CONFIG)]
        self.process = subprocess.Popen(
            command, env=environment, stdout=self.output, stderr=self.output, preexec_fn=die_with_parent
        )
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"the gateway did not become ready:\n{self.log_tail()}")
            time.sleep(0.02)

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"{self.http}/health/ready", timeout=2) as answer:
                return answer.status == 200
        except OSError:
            return False

    def kill(self):
        """As a crash would: no farewell to anybody."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        self.kill()
        self.output.close()

    def log_tail(self):
        lines = (self.directory / "gateway.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-20:])

    def metric(self, name, label=""):
        """The sum of a metric's series whose line holds that label."""
        with urllib.request.urlopen(f"{self.http}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        series = [line for line in lines if line.startswith((f"{name} ", f"{name}{{")) and label in line]
        return sum(float(line.rsplit(" ", 1)[1]) for line in series)

    def publish(self, user, text, token):
        """Publishes one event for a user, as a back end does."""
        event = {"eventType": "note.written", "userId": user, "text": text}
        request = urllib.request.Request(
            f"{self.http}/api/v1/events?topic=events",
            data=json.dumps(event).encode(),
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
        )
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"publishing was answered {error.code}: {error.read().decode()}") from error

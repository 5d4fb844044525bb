"""stomp.py's WebSocket connection, as its documents have it: a connection, a listener, `connect(wait=True)`."""

import itertools
import json
import logging
import os
import queue
import sys
import threading
import time
import traceback
import urllib.request
from contextlib import contextmanager

import stomp

logging.disable(logging.CRITICAL)  # it logs each lost connection with a stack

HOST, PORT = os.environ["SLUICE_HTTP"].removeprefix("http://").split(":")
TOKEN = os.environ["SLUICE_TOKEN"]
MEBIBYTE = 1024 * 1024
WAIT_SECONDS = 10
AWKWARD = "colon: back\\slash,\nnew line, ☃ und знач"

numbers = itertools.count(1)


def room():
    return f"/topic/room/{os.getpid()}/{next(numbers)}"


def control(what):
    with urllib.request.urlopen(f"{os.environ['SLUICE_CONTROL']}/{what}", data=b"", timeout=60) as answer:
        return answer.read().decode()


def eventually(what, look):
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        if look():
            return
        time.sleep(0.02)
    raise AssertionError(f"not within {WAIT_SECONDS} s: {what}")


def forgotten():
    eventually("the gateway to forget the session", lambda: control("sessions") == "0")


class Inboxes(stomp.ConnectionListener):
    """Sorts what comes by subscription and receipt."""

    def __init__(self):
        self.messages, self.receipts = {}, {}
        self.errors = queue.Queue()
        self.lost = threading.Event()
        self.heartbeat_timeout = threading.Event()

    def on_message(self, frame):
        self.messages[frame.headers["subscription"]].put(frame)

    def on_receipt(self, frame):
        self.receipts[frame.headers["receipt-id"]].set()

    def on_error(self, frame):
        self.errors.put(frame)

    def on_disconnected(self):
        self.lost.set()

    def on_heartbeat_timeout(self):
        self.heartbeat_timeout.set()


class Session:
    """A connection and what came on it."""

    def __init__(self, token=TOKEN, **options):
        self.inboxes = Inboxes()
        self.connection = stomp.WSStompConnection(
            [(HOST, int(PORT))], ws_path="/ws", heartbeats=(1000, 1000), prefer_localhost=False, **options
        )
        self.connection.set_listener("inboxes", self.inboxes)
        self.connection.connect(wait=True, headers={"authorization": f"Bearer {token}"})

    def receipted(self, act):
        receipt = f"r:{next(numbers)}"
        received = self.inboxes.receipts[receipt] = threading.Event()
        act(receipt)
        deadline = time.monotonic() + WAIT_SECONDS
        while not received.wait(0.02):
            if self.inboxes.lost.is_set():
                error = self.inboxes.errors.get_nowait() if self.inboxes.errors.qsize() else None
                raise AssertionError(f"no receipt: {error.headers['message'] if error else 'the connection was lost'}")
            assert time.monotonic() < deadline, "no receipt in time"

    def subscribe(self, destination, id=None, ack="auto", **headers):
        id = id or str(next(numbers))
        inbox = self.inboxes.messages[id] = queue.Queue()
        self.receipted(lambda receipt: self.connection.subscribe(destination, id, ack, {**headers, "receipt": receipt}))
        return inbox

    def send(self, destination, body, **headers):
        self.receipted(lambda receipt: self.connection.send(destination, body, headers=headers | {"receipt": receipt}))

    def ack(self, frame):
        self.connection.ack(frame.headers["ack"])

    def close(self):
        if self.connection.is_connected():
            self.connection.disconnect(receipt=f"bye-{next(numbers)}")
            assert self.inboxes.lost.wait(2), "leaving took too long"


@contextmanager
def session(**options):
    opened = Session(**options)
    try:
        yield opened
    finally:
        opened.close()


def take(inbox, count=1):
    return [inbox.get(timeout=WAIT_SECONDS) for _ in range(count)]


def take_bodies(inbox, count=1):
    return [frame.body for frame in take(inbox, count)]


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def connect():
    with session() as opened:
        assert opened.connection.is_connected()


def wrong_token():
    inboxes = Inboxes()
    connection = stomp.WSStompConnection([(HOST, int(PORT))], ws_path="/ws")
    connection.set_listener("inboxes", inboxes)
    try:
        connection.connect(wait=True, headers={"authorization": f"Bearer {os.environ['SLUICE_WRONG_TOKEN']}"})
    except stomp.exception.ConnectFailedException:
        pass
    else:
        raise AssertionError("connected with a token of somebody else")
    error = inboxes.errors.get(timeout=WAIT_SECONDS)
    assert "token" in error.headers["message"], error
    assert inboxes.lost.wait(WAIT_SECONDS), "the connection stayed open after the ERROR"


def subscribe_receipt():
    with session() as opened:
        opened.subscribe(room())


def send_receive():
    with session() as opened:
        to = room()
        one, two = opened.subscribe(to), opened.subscribe(to)
        opened.send(to, "Grüße, ☃\0!", **{"content-type": "text/plain;charset=utf-8", "x-mood": "calm"})
        (first,), (second,) = take(one), take(two)
        equal((first.body, second.body), ("Grüße, ☃\0!",) * 2)
        equal(first.headers["x-mood"], "calm")
        equal(first.headers["destination"], to)


def http_publish():
    with session() as opened:
        inbox = opened.subscribe("/user/notes")
        control(f"publish?{os.getpid()}")
        (note,) = take(inbox)
        equal(json.loads(note.body)["text"], str(os.getpid()))
        equal(note.headers["destination"], "/topic/user/ada%3Alovelace/notes")


def headers():
    with session() as opened:
        to = room()
        inbox = opened.subscribe(to, id="id: with\\all\nof it ☃")
        opened.send(to, "x", **{"x-awkward": AWKWARD, "x-ключ": "знач", "x-empty": ""})
        (message,) = take(inbox)
        equal(message.headers["x-awkward"], AWKWARD)
        equal(message.headers["x-ключ"], "знач")
        equal(message.headers["x-empty"], "")


def binary_body():
    octets = bytes(range(256)) * 4
    with session(binary_mode=True, auto_decode=False) as opened:
        to = room()
        inbox = opened.subscribe(to)
        opened.send(to, octets, **{"content-type": "application/octet-stream"})
        equal(take_bodies(inbox), [octets])


def large_message():
    with session() as opened:
        to = room()
        inbox = opened.subscribe(to)
        large = "größer " * (MEBIBYTE // 9 + 1)
        opened.send(to, large)
        assert take_bodies(inbox) == [large], "the large body came back changed"


def five(opened, ack):
    """The auto subscription shows when all are through, so that a missing message is missing and not late."""
    to = room()
    everything = opened.subscribe(to)
    inbox = opened.subscribe(to, ack=ack, **{"prefetch-count": "2"})
    for body in "12345":
        opened.send(to, body)
    take(everything, 5)
    return inbox


def ack_client():
    with session() as opened:
        inbox = five(opened, "client")
        first = take(inbox, 2)
        equal([frame.body for frame in first], ["1", "2"])
        assert inbox.empty(), "more than `prefetch-count` came unacknowledged"
        opened.ack(first[1])
        second = take(inbox, 2)
        equal([frame.body for frame in second], ["3", "4"])
        opened.ack(second[1])
        equal(take_bodies(inbox), ["5"])


def ack_individual():
    with session() as opened:
        inbox = five(opened, "client-individual")
        first, second = take(inbox, 2)
        opened.ack(second)
        (third,) = take(inbox)
        equal(third.body, "3")
        opened.send(room(), "a receipt, behind which a message of the acknowledged kind would have come")
        assert inbox.empty(), "an ACK of the second also acknowledged the first"
        opened.ack(first)
        opened.ack(third)
        equal(take_bodies(inbox, 2), ["4", "5"])


def ack_again():
    with session() as opened:
        to = room()
        inbox = opened.subscribe(to, id="again", ack="client-individual")
        for body in "123":
            opened.send(to, body)
        _, second, _ = take(inbox, 3)
        opened.ack(second)
        opened.connection.unsubscribe("again")
        again = opened.subscribe(to, id="again", ack="client-individual")
        equal(take_bodies(again, 2), ["1", "3"])


def nack():
    with session() as opened:
        inbox = five(opened, "client-individual")
        first, second = take(inbox, 2)
        opened.connection.nack(first.headers["ack"])
        opened.ack(second)
        seen = set()
        while "5" not in seen:
            (message,) = take(inbox)
            seen.add(message.body)
            opened.ack(message)
        assert opened.connection.is_connected()


def transaction_commit():
    with session() as opened:
        to = room()
        inbox = opened.subscribe(to)
        transaction = opened.connection.begin()
        opened.send(to, "one", transaction=transaction)
        opened.send(to, "two", transaction=transaction)
        opened.send(to, "outside")
        equal(take_bodies(inbox), ["outside"])
        opened.connection.commit(transaction)
        equal(take_bodies(inbox, 2), ["one", "two"])


def transaction_abort():
    with session() as opened:
        to = room()
        inbox = opened.subscribe(to)
        transaction = opened.connection.begin()
        opened.send(to, "never", transaction=transaction)
        opened.connection.abort(transaction)
        opened.send(to, "after")
        equal(take_bodies(inbox), ["after"])


def heartbeat_kept():
    with session() as opened:
        to = room()
        inbox = opened.subscribe(to)
        # Nothing to wait for: the point is that nothing happens.
        assert not opened.inboxes.lost.wait(3.5), "the connection was lost in silence"
        opened.send(to, "still here")
        equal(take_bodies(inbox), ["still here"])


def heartbeat_missed_by_gateway():
    with session() as opened:
        control("freeze")
        try:
            assert opened.inboxes.heartbeat_timeout.wait(WAIT_SECONDS), "the library did not notice"
        finally:
            control("thaw")
    forgotten()


def heartbeat_missed_by_client():
    with session() as opened:
        equal(control("sleep-client?5"), "1")
        assert opened.inboxes.lost.wait(WAIT_SECONDS), "the library did not notice"


def disconnect():
    opened = Session()
    opened.subscribe(room())
    started = time.monotonic()
    opened.close()
    assert time.monotonic() - started < 2, "leaving took too long"
    forgotten()


def reconnect():
    """As the documents say: whoever is told of the loss connects and subscribes again."""
    for text in ["before", "after", "again"]:
        with session(reconnect_attempts_max=20) as opened:
            inbox = opened.subscribe("/user/notes")
            control(f"publish?{text}")
            equal(json.loads(take_bodies(inbox)[0])["text"], text)
            if text != "again":
                control("kill")
                assert opened.inboxes.lost.wait(WAIT_SECONDS), "the library did not notice"
                control("start")


def churn():
    for turn in range(20):
        opened = Session()
        if turn % 2:
            opened.close()
        else:
            opened.connection.disconnect()
    forgotten()


def main():
    failed = False
    for name in os.environ["SLUICE_CHECKS"].split():
        started = time.monotonic()
        try:
            globals()[name.replace("-", "_")]()
            print(f"ok {name}: {(time.monotonic() - started) * 1000:.0f} ms", flush=True)
        except Exception as error:  # whatever it is, the check failed
            failed = True
            line = traceback.extract_tb(error.__traceback__)[-1].lineno
            print(f"FAIL {name}: {type(error).__name__} {error} (line {line})".replace("\n", " "), flush=True)
    os._exit(1 if failed else 0)  # its threads may hang on a frozen connection


sys.exit(main())

"""What a client may ask of the runner while it is being tested: one POST for each thing that happens to a network."""

import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer


class Control:
    """An HTTP server of the runner's own.

    POST /freeze, /thaw       the gateway stands still, and goes on
    POST /kill, /start        the gateway dies, and is started again on the same port and log
    POST /publish?TEXT        an event for the client's user, by the HTTP API
    POST /sleep-client?N      the client's whole process stands still for N seconds; the answer is how many sessions
                              the gateway cut for want of heart-beats in that time
    POST /sessions            how many sessions the gateway has
    """

    def __init__(self, gateway, user, token):
        self.gateway, self.user, self.token = gateway, user, token
        self.client = None
        control = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                try:
                    status, body = 200, str(control.answer(*self.path.partition("?")[::2]))
                except Exception as error:  # told to the client, whose check then fails
                    status, body = 500, str(error)
                body = body.encode()
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.send_header("connection", "close")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        # One thread for all requests: a gateway that it starts must live as long as the runner (`die_with_parent`).
        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, path, argument):
        match path:
            case "/freeze":
                self.gateway.freeze()
            case "/thaw":
                self.gateway.thaw()
            case "/kill":
                self.gateway.kill()
            case "/start":
                self.gateway.start()
            case "/publish":
                self.gateway.publish(self.user, argument, self.token)
            case "/sleep-client":
                return self.sleep_client(float(argument))
            case "/sessions":
                return int(self.gateway.metric("sluice_session_active"))
            case _:
                raise ValueError(f"there is no {path}")
        return "done"

    def sleep_client(self, seconds):
        missed = lambda: int(self.gateway.metric("sluice_session_closed_total", 'reason="heartbeat-missed"'))
        before = missed()
        self.client.send_signal(signal.SIGSTOP)
        try:
            time.sleep(seconds)
        finally:
            self.client.send_signal(signal.SIGCONT)
        return missed() - before

    def close(self):
        self.server.shutdown()
        self.server.server_close()

"""A small service: POST /answer takes a question, GET /schema tells what it looks like. Standard library only.

python service.py 8765
curl -d '{"contract": 1, "evidence": {"spasm": "painful"}}' http://127.0.0.1:8765/answer
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import spasmnet

MOST_BYTES = 64_000  # the largest sensible question is far smaller
STATUS = {"invalid_json": 400, "invalid_question": 400, "internal": 500}  # all else: understood, but no answer


class Service(ThreadingHTTPServer):
    """All threads share one engine, which no question changes."""

    daemon_threads = True

    def __init__(self, engine: spasmnet.Engine, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.engine = engine


class Handler(BaseHTTPRequestHandler):
    """One connection, which may ask many questions."""

    protocol_version = "HTTP/1.1"
    timeout = 10  # seconds without a byte
    disable_nagle_algorithm = True  # a small answer does not wait for the next
    server: Service

    def do_GET(self) -> None:
        """Tell both schemas."""
        if self.path == "/schema":
            self.reply(200, {name: spasmnet.json_schema(name) for name in ("question", "answer")})
        else:
            self.refuse(404, "ask with POST /answer, or GET /schema")

    def do_POST(self) -> None:
        """Answer a question."""
        length = self.headers.get("Content-Length", "")
        if self.path != "/answer":
            self.refuse(404, "ask with POST /answer, or GET /schema")
        elif not (length.isascii() and length.isdigit()):
            self.refuse(411, "a Content-Length is needed")
        elif len(length) > 9 or int(length) > MOST_BYTES:
            self.refuse(413, f"a question has at most {MOST_BYTES} bytes")
        else:
            body = self.rfile.read(int(length))
            try:
                status, content = 200, spasmnet.answer_json(self.server.engine, body)
            except Exception as error:  # of any kind: the answer is an error in JSON, never a traceback
                content = spasmnet.error_json(error)
                status = STATUS.get(content["error"]["kind"], 422)
            self.reply(status, content)

    def refuse(self, status: int, message: str) -> None:
        """Say what is wrong with the request, and close, since its body was not read."""
        self.close_connection = True
        self.reply(status, {"error": {"kind": "usage", "message": message, "problems": []}})

    def reply(self, status: int, content: object) -> None:
        """Send JSON; allow_nan=False would fail loudly where a number is not finite."""
        body = json.dumps(content, allow_nan=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep findings and addresses out of logs."""


def main() -> None:
    """Compile the shipped model, once, and answer until interrupted."""
    engine = spasmnet.compile(spasmnet.load())
    engine.posterior()  # the first question is not slower than the others
    service = Service(engine, int(sys.argv[1]) if len(sys.argv) > 1 else 8765)
    print(f"http://127.0.0.1:{service.server_port}/answer with {engine.provenance}", file=sys.stderr)
    try:
        service.serve_forever()
    except KeyboardInterrupt:
        service.server_close()


if __name__ == "__main__":
    main()

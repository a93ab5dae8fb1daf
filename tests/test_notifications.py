"""A notice says what gates say, reaches whoever is named, and stops nothing when it cannot be sent."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from journey_pipeline.notifications import MOST_LINES, Notice, send
from journey_pipeline.settings import Settings, SettingsError, load
from tests.pipeline_runs import journey

NOTICE = Notice("refused", date(2026, 11, 16), "0123abcd", ("raw/ga4__events held_back: line 3, column price",))
NOWHERE = "http://127.0.0.1:9/secret-token"


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def webhook(status: int = 200) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A web server that keeps what is posted to it."""
    received: list[dict[str, Any]] = []

    class _Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with _serving(HTTPServer(("127.0.0.1", 0), _Handler)) as port:
        yield f"http://127.0.0.1:{port}/hook", received


@contextmanager
def mail_server() -> Iterator[tuple[str, list[str]]]:
    """A mail server that knows as much of SMTP as taking one message needs."""
    received: list[str] = []

    class _Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 test\r\n")
            while line := self.rfile.readline():
                if line.upper().startswith(b"DATA"):
                    self.wfile.write(b"354 go on\r\n")
                    body = b""
                    while not body.endswith(b"\r\n.\r\n"):
                        body += self.rfile.readline()
                    received.append(body.decode())
                if line.upper().startswith(b"QUIT"):
                    self.wfile.write(b"221 bye\r\n")
                    return
                self.wfile.write(b"250 ok\r\n")

    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler)) as port:
        yield f"127.0.0.1:{port}", received


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEY_HOME", str(tmp_path))  # a variable wins over what a test hands in


def test_nobody_is_told_where_nobody_is_named() -> None:
    assert send(Settings(), NOTICE) == []


def test_a_webhook_gets_words_for_people_and_fields_for_programs() -> None:
    with webhook() as (address, received):
        assert send(Settings(notify_webhook=address), NOTICE) == []
    (body,) = received
    assert body["text"].splitlines() == [
        "Journey Pipeline, week to 2026-11-16: the run was refused by its gates; the last release is unchanged",
        "- raw/ga4__events held_back: line 3, column price",
        "Run 0123abcd; `journey ui` shows its log.",
    ]
    assert (body["kind"], body["as_of"], body["run_id"]) == ("refused", "2026-11-16", "0123abcd")
    assert body["reasons"] == list(NOTICE.lines)


def test_a_mail_holds_the_same_words() -> None:
    with mail_server() as (server, received):
        assert send(Settings(notify_email="team@example.test", smtp_server=server), NOTICE) == []
    (message,) = received
    assert f"Subject: {NOTICE.title[:40]}" in message
    assert "To: team@example.test" in message
    assert "raw/ga4__events held_back: line 3, column price" in message


def test_many_reasons_are_cut_and_counted() -> None:
    notice = Notice("failed", date(2026, 11, 16), "r", tuple(f"reason {n}" for n in range(MOST_LINES + 7)))
    with webhook() as (address, received):
        send(Settings(notify_webhook=address), notice)
    assert received[0]["text"].splitlines()[-2] == "- and 7 more"
    assert len(received[0]["reasons"]) == MOST_LINES


def test_a_place_that_does_not_answer_is_named_without_its_address() -> None:
    home = Settings(notify_webhook=NOWHERE, notify_email="a@b.test", smtp_server="127.0.0.1:9")
    lines = send(home, NOTICE)
    assert [line.split(":")[0] for line in lines] == ["notify_webhook", "notify_email"]
    assert "secret-token" not in "".join(lines) + repr(home)
    with webhook(status=500) as (address, _):
        assert send(Settings(notify_webhook=address), NOTICE) == [
            "notify_webhook: the notice could not be sent (HTTPError)"
        ]


@pytest.mark.parametrize("secret", ["notify_webhook", "smtp_password"])
def test_secrets_do_not_belong_into_the_file(tmp_path: Path, secret: str) -> None:
    (tmp_path / "journey.toml").write_text(f'{secret} = "hush-hush"\n')
    with pytest.raises(SettingsError, match=f"set JOURNEY_{secret.upper()}") as refusal:
        load(tmp_path)
    assert "hush" not in str(refusal.value)


def test_a_refused_run_tells_once_and_quotes_no_cell(tmp_path: Path) -> None:
    bad = tmp_path / "inbox" / "ga4" / "events_20261101.json"
    bad.parent.mkdir(parents=True)
    bad.write_text('{"event_name": "page_view", "user_id": "canary-4711"\n')
    with webhook() as (address, received):
        done = journey("run", home=tmp_path, JOURNEY_NOTIFY_WEBHOOK=address)
    assert done.returncode != 0
    (body,) = received
    assert body["kind"] in ("refused", "failed")
    assert body["reasons"]
    assert "canary-4711" not in json.dumps(body)

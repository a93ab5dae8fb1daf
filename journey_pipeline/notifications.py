"""Telling somebody that a run failed, was refused, or lacks a source: to a webhook, by mail, or both.

Holds the message and the two ways to send it. Add a way as one function and one line in `send`. Must not be here: when
a run has failed, or any value that was delivered: a notice leaves the machine, so it says what gates say.
"""

from __future__ import annotations

import json
import smtplib
import urllib.request
from dataclasses import dataclass
from datetime import date
from email.message import EmailMessage
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from journey_pipeline.settings import Settings

SECONDS = 10
MOST_LINES = 20
_TITLES = {
    "failed": "the run broke; the last release is unchanged",
    "refused": "the run was refused by its gates; the last release is unchanged",
    "stale": "a release was published, and a source does not deliver",
}


@dataclass(frozen=True)
class Notice:
    """What happened to the run of one week (`as_of`, the Monday it ends on), and the reasons a line each."""

    kind: Literal["failed", "refused", "stale"]
    as_of: date
    run_id: str
    lines: tuple[str, ...]

    @property
    def title(self) -> str:
        """One line for a subject or a headline."""
        return f"Journey Pipeline, week to {self.as_of}: {_TITLES[self.kind]}"

    @property
    def text(self) -> str:
        """The whole notice in plain words."""
        shown = list(self.lines[:MOST_LINES])
        if len(self.lines) > MOST_LINES:
            shown.append(f"and {len(self.lines) - MOST_LINES} more")
        return "\n".join(
            [self.title, *(f"- {line}" for line in shown), f"Run {self.run_id}; `journey ui` shows its log."]
        )


def send(settings: Settings, notice: Notice) -> list[str]:
    """Send a notice wherever the home wants it; nowhere when it names no place.

    A notice that cannot be sent stops nothing. Returns one line per way that did not work, naming the way and the kind
    of error: an address of a webhook is a secret.
    """
    ways = {"notify_webhook": (settings.notify_webhook, _post), "notify_email": (settings.notify_email, _mail)}
    failed = []
    for name, (place, way) in ways.items():
        if place is None:
            continue
        try:
            way(settings, notice)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            failed.append(f"{name}: the notice could not be sent ({type(error).__name__})")
    return failed


def _post(settings: Settings, notice: Notice) -> None:
    """POST as JSON. `text` is what Slack, Teams and Mattermost show; the rest is for programs."""
    body = {
        "text": notice.text,
        "kind": notice.kind,
        "as_of": notice.as_of.isoformat(),
        "run_id": notice.run_id,
        "reasons": list(notice.lines[:MOST_LINES]),
    }
    request = urllib.request.Request(  # noqa: S310  # settings accept http and https only
        str(settings.notify_webhook), json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310
        pass


def _mail(settings: Settings, notice: Notice) -> None:
    message = EmailMessage()
    message["Subject"] = notice.title
    message["From"] = message["To"] = settings.notify_email
    message.set_content(notice.text)
    host, _, port = settings.smtp_server.partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=SECONDS) as server:
        if settings.smtp_user is not None and settings.smtp_password is not None:
            server.starttls()
            server.login(settings.smtp_user, settings.smtp_password)
        server.send_message(message)

"""An erasure on its way and its receipt: what is written down so that it can be gone on with, and be proved.

Holds `suppression/pending.json` (the only file that ever holds an erased person's identifiers, until the proof stands)
and `receipts/<id>.json`. Must not be here: the steps themselves.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from journey_pipeline.ingest import Lake
from journey_pipeline.ingest.suppression import key_of

PENDING = "pending.json"


@dataclass
class Request:
    """One request: who, what was found, what is done so far."""

    request_id: str
    requested_at: str
    identifiers: list[list[str]]
    others: list[list[str]]
    pseudonyms: list[str]
    kinds: dict[str, int]
    shared: dict[str, int]
    counts: dict[str, Any] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        """Everything that names the person: values, pseudonyms, and the customer named after one of them."""
        named = [f"cus_{one.replace('-', '')[:16]}" for one in self.pseudonyms]
        return [*(value for _, value in self.identifiers), *self.pseudonyms, *named]

    def is_about(self, asked: Sequence[tuple[str, str]]) -> bool:
        """Whether it is the erasure of the person asked for: the same command given again."""
        known = {(kind, value.casefold()) for kind, value in self.identifiers}
        return any((kind, value.strip().lstrip("#").casefold()) in known for kind, value in asked)


def new_id(now: datetime) -> str:
    """The id of a request: its time and chance, nothing of the person."""
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(4).hex()}"


def pending(lake: Lake) -> Request | None:
    """The erasure that was begun and has not ended, if any."""
    file = lake.suppression_path / PENDING
    return Request(**json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None


def keep(lake: Lake, request: Request) -> None:
    """Write down how far a request has come."""
    lake.suppression_path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(lake.suppression_path / PENDING, asdict(request))


def close(lake: Lake) -> None:
    """Forget the request; its receipt stands."""
    file = lake.suppression_path / PENDING
    size = file.stat().st_size
    with file.open("r+b") as stream:  # the bytes first, for a name that is gone leaves them on the disk
        stream.write(b"\0" * size)
        os.fsync(stream.fileno())
    file.unlink()


def write_receipt(home: Path, lake: Lake, content: dict[str, Any]) -> Path:
    """`receipts/<id>.json`, signed with HMAC-SHA256 over its canonical JSON without the signature."""
    folder = home / "receipts"
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / f"{content['request_id']}.json"
    _write(file, {**content, "signature": _signature(key_of(lake), content)})
    return file


def verify_receipt(lake: Lake, file: Path) -> bool:
    """Whether a receipt is what this home wrote."""
    content = json.loads(file.read_text(encoding="utf-8"))
    return hmac.compare_digest(content.pop("signature", ""), _signature(key_of(lake), content))


def _signature(key: bytes, content: dict[str, Any]) -> str:
    return hmac.new(key, json.dumps(content, sort_keys=True).encode(), hashlib.sha256).hexdigest()


def _write(file: Path, content: dict[str, Any]) -> None:
    partial = file.with_suffix(".part")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as out:
        json.dump(content, out, indent=2, sort_keys=True)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(file)

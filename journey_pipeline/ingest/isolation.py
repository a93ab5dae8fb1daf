"""Parsing in a process of its own, so that a crafted file can crash or fill that process and nothing else.

Holds both ends of the pipe: `Isolated`, which the loader calls, and the loop of the child. Requests and answers are
lines of JSON; nothing the child sends is ever executed. Must not be here: what parsing means (`parsing.py`).
"""

from __future__ import annotations

import atexit
import json
import os
import resource
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

import duckdb

from journey_pipeline import machine_faults
from journey_pipeline.ingest.contract import Contract
from journey_pipeline.ingest.engine import Resources, memory_bytes, parser
from journey_pipeline.ingest.faults import Fault, IngestError
from journey_pipeline.ingest.parsing import BadCell, HeldFileError, Parsed, parse
from journey_pipeline.ingest.stage import Staged

# A parser that reads less than 1 MiB a second hangs; a small file may still wait for a busy machine.
LEAST_BYTES_PER_SECOND = 1024 * 1024
PATIENCE_SECONDS = 300
# Address space beyond what DuckDB may use: libraries, Arrow's pools, thread stacks.
OVERHEAD_BYTES = 6 * 1024**3
_TIMES = ("period_start", "period_end", "exported_at")


class Isolated:
    """A parser process. It is started when first needed and again after a crash."""

    def __init__(self, resources: Resources) -> None:
        self.resources = resources
        self.process: subprocess.Popen[bytes] | None = None
        self.known: set[str] = set()
        self.lock = threading.Lock()

    def parse(self, root: Path, contract: Contract, staged: Staged, name: str, folder: Path, target: Path) -> Parsed:
        """`parsing.parse` in the other process, whose engine may touch `root` and nothing else.

        Raises IngestError; E_PARSER_CRASH, E_PARSER_TIMEOUT and E_MEMORY are its own.
        """
        text = contract.model_dump_json()
        request: dict[str, Any] = {
            "contract": f"{contract.id}:{contract.version}:{hash(text)}",
            "staged": [str(staged.path), staged.sha256, staged.size],
            "name": name,
            "root": str(root),
            "folder": str(folder),
            "target": str(target),
        }
        with self.lock:
            process = self._running()
            if request["contract"] not in self.known:
                request["definition"] = text
                self.known.add(request["contract"])
            answer = self._ask(process, request, PATIENCE_SECONDS + staged.size / LEAST_BYTES_PER_SECOND)
        return _understood(answer)

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            settings = json.dumps([self.resources.threads, self.resources.memory_limit])
            # -c and not -m: the package of a source checkout is found by the parent's own path.
            start = f"import sys; sys.path[:] = {sys.path!r}; from {__name__} import serve; serve()"
            self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own words
                [sys.executable, "-c", start],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, "JOURNEY_PARSER": settings},
                start_new_session=True,
            )
            self.known = set()
            atexit.register(self.close)
        return self.process

    def _ask(self, process: subprocess.Popen[bytes], request: dict[str, Any], patience: float) -> dict[str, Any]:
        stdin, stdout = _pipes(process)
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
        except BrokenPipeError:
            raise IngestError(self._crashed(process)) from None
        if not select.select([stdout], [], [], patience)[0]:
            self.close()
            fix = "split the file, or give the pipeline more memory and try again"
            raise IngestError(Fault("E_PARSER_TIMEOUT", fix, f"an answer within {patience:.0f} s", "none"))
        line = stdout.readline()
        if not line:
            raise IngestError(self._crashed(process))
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _crashed(self, process: subprocess.Popen[bytes]) -> Fault:
        code = process.wait()
        self.process = None
        found = f"it ended with {signal.Signals(-code).name if code < 0 else f'exit code {code}'}"
        fix = "check the file with the tool that wrote it and export it again; if it is sound, report it"
        return Fault("E_PARSER_CRASH", fix, "a file that the parser survives", found)

    def close(self) -> None:
        """End the process, if it runs."""
        atexit.unregister(self.close)
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in _pipes(self.process):
                pipe.close()
            self.process = None


def _pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the parser process has no pipes")
    return process.stdin, process.stdout


@lru_cache(maxsize=4)
def isolated(resources: Resources, lane: int = 0) -> Isolated:  # noqa: ARG001 - part of the key
    """The parser of this process that has these resources; one per lane, for readers side by side."""
    return Isolated(resources)


def _understood(answer: dict[str, Any]) -> Parsed:
    if "parsed" in answer:
        given = answer["parsed"]
        cells = [BadCell(**cell) for cell in given.pop("bad_cells")]
        times = {name: datetime.fromisoformat(given[name]) if given[name] else None for name in _TIMES}
        return Parsed(**{**given, **times, "bad_cells": cells})
    if "fault" in answer:
        fault = Fault(**answer["fault"])
        if answer["held"] is None:
            raise IngestError(fault)
        raise HeldFileError(fault, [BadCell(**cell) for cell in answer["held"].pop("bad_cells")], **answer["held"])
    raise RuntimeError(
        f"the parser stopped with {answer.get('error', 'no reason')}; nothing was loaded from this file, report it"
    )


def serve() -> None:
    """The child: answer requests until the pipe is closed. What it says about an error holds no value of a file."""
    threads, memory_limit = json.loads(os.environ.pop("JOURNEY_PARSER"))
    resources = Resources(threads, memory_limit)
    limit = memory_bytes(memory_limit) + OVERHEAD_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.umask(0o077)
    contracts: dict[str, Contract] = {}
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    engines = _Engines(resources)
    for line in sys.stdin.buffer:
        request = json.loads(line)
        if "definition" in request:
            contracts[request["contract"]] = Contract.model_validate_json(request["definition"])
        answer = _answer(contracts[request["contract"]], request, lambda: engines.of(request["root"]))  # noqa: B023
        answers.write(json.dumps(answer, default=str).encode() + b"\n")
        answers.flush()


class _Engines:
    """The connection of the latest root: one root is used at a time, and opening costs more than a small file."""

    def __init__(self, resources: Resources) -> None:
        self.resources = resources
        self.stack = ExitStack()
        self.root = ""
        self.connection: duckdb.DuckDBPyConnection | None = None

    def of(self, root: str) -> duckdb.DuckDBPyConnection:
        if self.connection is None or root != self.root:
            self.stack.close()
            self.connection = self.stack.enter_context(parser(Path(root), self.resources))
            self.root = root
        return self.connection


def _answer(contract: Contract, request: dict[str, Any], connect: Callable[[], Any]) -> dict[str, Any]:
    path, sha256, size = request["staged"]
    staged = Staged(Path(path), sha256, size)
    try:
        parsed = parse(contract, staged, request["name"], Path(request["folder"]), Path(request["target"]), connect)
    except HeldFileError as error:
        held = {
            "records": error.records,
            "quarantined": error.quarantined,
            "dropped": error.dropped,
            "bad_cells": [asdict(cell) for cell in error.bad_cells],
        }
        return {"fault": error.fault.as_dict(), "held": held}
    except IngestError as error:
        return {"fault": error.fault.as_dict(), "held": None}
    except (MemoryError, duckdb.OutOfMemoryException):
        return {"fault": _no_memory().as_dict(), "held": None}
    except Exception as error:
        return {"error": machine_faults.sign(str(error)) or type(error).__name__}
    return {"parsed": asdict(parsed)}


def _no_memory() -> Fault:
    return Fault("E_MEMORY", "raise memory_limit in the settings, or split the file", "enough memory", "too little")

"""The floor of this stack: what its libraries alone take for one verdict, over HTTP and in a batch; run it
with `python -m bench.floor`.

The brilliant coder's request again. Each step hands a library what the service hands it, with as little of
our own code around it as it takes, warm, in one thread. What judges, explains and advises is not in the sum:
the floor is what would be left if all that took no time. Three lines hold some of our code all the same, for
the library cannot be driven without: the engine, the hashes and the writer of the log.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from isal import isal_zlib

from bench.contenders import IN_A_BATCH, ROOT, bare_flask
from bench.http import TARGETS_MS
from bench.log import floor as writer_alone
from bench.machine import cpu_us, described, yardstick
from bench.records import REQUEST, TEXT, record, verdict
from bench.sender import repeated, send
from service.engine.compile import compile_level
from service.engine.durable import DurableEngine
from service.engine.evaluate import scope_for
from service.engine.prepared import Prepared
from service.ledger.commitments import committed
from service.policy.load import load
from service.verdict.judge import Judge

GROUP = 8  #: requests that share a commit and a signature: one for each thread of a worker
_REQUESTS = 4_000


def libraries() -> dict[str, tuple[Callable[[], object], int]]:
    """What each library is asked for one verdict, and how many verdicts share that."""
    of = record(verdict)
    document, private = dict(verdict().document), of.private["/verdict"]
    body = os.urandom(32) + private + TEXT
    compressed = isal_zlib.compress(body, 1)
    cipher, signer = AESGCM(os.urandom(32)), Ed25519PrivateKey.generate()
    nonce, promise, key = os.urandom(12), os.urandom(200), os.urandom(32)
    fields = dict(of.fields or {})

    def hashes() -> None:
        committed(fields, key)
        sha256(private).digest()
        sha256(TEXT).digest()

    return {
        "orjson: the request, read": (lambda: orjson.loads(TEXT), 1),
        "durable-rules: the network of the level, decided": (decided(), 1),
        "orjson: the verdict, written for the log and for the answer": (
            lambda: (orjson.dumps(document, option=orjson.OPT_SORT_KEYS), orjson.dumps(document)),
            1,
        ),
        f"SHA-256: {len(fields)} fields, and the tree over them": (hashes, 1),
        "isal: compressed": (lambda: isal_zlib.compress(body, 1), 1),
        "AES-GCM: encrypted": (lambda: cipher.encrypt(nonce, compressed, key), 1),
        "Ed25519: the receipt of a group, signed": (lambda: signer.sign(promise), GROUP),
    }


def decided() -> Callable[[], object]:
    """The engine's part alone: numbers in, letters out."""
    judge = Judge(load(ROOT / "policies"))
    request, selection = judge.read(REQUEST, datetime.now(UTC))
    judge.close()
    plan = compile_level(selection.level, Prepared())
    scope = plan.prepared.scope(scope_for(request, selection.level, selection.standing))
    measures, engine = plan.measured(scope), DurableEngine(plan.network)
    return lambda: engine.decide(measures)


def over_http(folder: Path) -> float:
    """CPU µs of an answer of a bare Flask view under the service's own gunicorn."""
    with bare_flask(folder) as flask:
        send(flask.address, repeated(flask.request, 0, _REQUESTS // 10), flask.status)
        before = flask.cpu_s()
        send(flask.address, repeated(flask.request, 1, _REQUESTS), flask.status)
        return (flask.cpu_s() - before) / _REQUESTS * 1e6


def main() -> None:
    """Print each step, the sums, and the aims."""
    print(described())
    print(yardstick())
    print("CPU us for one verdict, least of several rounds")
    total = 0.0
    for name, (work, shared) in libraries().items():
        us = cpu_us(work, 300)[0] / shared
        total += us
        print(f"{us:8.1f}  {name}" + (f", by {shared}" if shared > 1 else ""))
    alone, batched = (writer_alone(group, 2)[1] for group in (GROUP, IN_A_BATCH))
    print(f"{alone:8.1f}  SQLite: kept durably, groups of {GROUP}; {batched:.1f} in groups of {IN_A_BATCH}")
    with tempfile.TemporaryDirectory() as folder:
        flask = over_http(Path(folder))
    print(f"{flask:8.1f}  gunicorn and Flask: a bare view with the same answer")
    aims = list(TARGETS_MS.values())
    print(
        f"{total + alone + flask:8.1f}  the libraries for a verdict over HTTP; the aim for all: {aims[0]} ms"
    )
    print(f"{total + batched:8.1f}  and for one in a batch; the aim for all: {aims[1]} ms")


if __name__ == "__main__":
    main()

"""The ways to sign a token that can be taken, by kind of key. None has a secret that both sides know, so who
can verify a token can never make one.
"""

from __future__ import annotations

from typing import Final

RSA: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
CURVES: Final = {
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("EC", "P-521"): ("ES512",),
    ("OKP", "Ed25519"): ("Ed25519", "EdDSA"),
}
ALGORITHMS: Final = (*RSA, *(name for names in CURVES.values() for name in names))

"""Signed notes in the form of C2SP: a text and keys go in; a note that anybody can check comes out, and back.

A note is a text, an empty line, and one line per signature: `— NAME BASE64`, the first four bytes of which
say by which key. A key is written as a vkey: `NAME+ID+BASE64`. Three kinds are known: Ed25519 (0x01, what a
log signs with), Ed25519 with a time (0x04) and ML-DSA-44 with a time (0x06), what witnesses cosign with.
Knows nothing of which keys are to be trusted. Sources: c2sp.org/signed-note, c2sp.org/tlog-cosignature.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from binascii import b2a_base64
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from service.errors import NotProven

ED25519: Final = 0x01
COSIGNATURE: Final = 0x04
ML_DSA_COSIGNATURE: Final = 0x06
_KEY_BYTES: Final = {ED25519: 32, COSIGNATURE: 32, ML_DSA_COSIGNATURE: 1312}
_MOST_SIGNATURES: Final = 64
_DASH: Final = "— "
_NAME: Final = re.compile(r"[^\s+]+")
_ID_BYTES: Final = 4


def encoded(content: bytes) -> str:
    """Base64 as notes, checkpoints and proofs write it."""
    return base64.b64encode(content).decode()


def decoded(text: str, length: int | None = None) -> bytes:
    """The bytes behind `encoded`; nothing that merely resembles it.

    Raises:
        NotProven: It is not base64, is written in another way, or has another length than the one given.
    """
    try:
        content = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        content = b""
    if not content or encoded(content) != text or length not in (None, len(content)):
        raise NotProven(f"`{text[:60]}` is not {length or 'some'} bytes in base64")
    return content


@dataclass(frozen=True)
class Key:
    """A public key under a name."""

    name: str
    kind: int  #: `ED25519`, `COSIGNATURE` or `ML_DSA_COSIGNATURE`
    public: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("the name of a key has no space and no plus sign")
        if len(self.public) != _KEY_BYTES.get(self.kind):
            raise ValueError("a key is of a kind that is known, and as long as those are")

    @cached_property
    def id(self) -> bytes:
        """Four bytes by which a signature names its key."""
        return sha256(b"%b\n%c%b" % (self.name.encode(), self.kind, self.public)).digest()[:_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The key as it is handed to those who verify."""
        return f"{self.name}+{self.id.hex()}+{encoded(bytes([self.kind]) + self.public)}"

    def check(self, text: bytes, signature: bytes) -> int | None:
        """Check a signature over the text of a note.

        Returns:
            When it was given, in seconds since 1970, where the kind of the key says so; otherwise None.

        Raises:
            NotProven: It is not one of this key.
        """
        try:
            return _CHECKS[self.kind](self, text, signature)
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, struct.error) as error:
            raise NotProven(f"a signature of `{self.name}` is wrong") from error


def read_vkey(vkey: str) -> Key:
    """The key that a vkey stands for.

    Raises:
        NotProven: It is none, or its id is not that of its key.
    """
    name, _, rest = vkey.partition("+")
    id_, _, key64 = rest.partition("+")
    content = decoded(key64)
    try:
        key = Key(name, content[0], content[1:])
    except ValueError as error:
        raise NotProven(f"`{vkey[:80]}` is not a vkey: {error}") from error
    if key.id.hex() != id_:
        raise NotProven(f"`{vkey[:80]}` is not a vkey: the id does not belong to the key")
    return key


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line."""

    name: str
    key_id: bytes
    content: bytes

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {encoded(self.key_id + self.content)}"

    def is_by(self, key: Key) -> bool:
        """Whether it says that it comes from this key."""
        return (self.name, self.key_id) == (key.name, key.id)


class Signer:
    """The private half of a log's Ed25519 key."""

    def __init__(self, name: str, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = Key(name, ED25519, self._private.public_key().public_bytes_raw())
        self._line = f"{_DASH}{name} ".encode()

    def sign(self, text: bytes) -> Signature:
        """Sign the text of a note."""
        return Signature(self.key.name, self.key.id, self._private.sign(text))

    def note(self, text: bytes) -> bytes:
        """The note with this signature alone, quickly: `signed` gives the same."""
        return b"%b\n%b%b" % (text, self._line, b2a_base64(self.key.id + self._private.sign(text)))


@dataclass(frozen=True, slots=True)
class Note:
    """A text and who signed it; nothing is checked yet."""

    text: bytes  #: ends with a newline
    signatures: tuple[Signature, ...]

    def __bytes__(self) -> bytes:
        return self.text + b"\n" + "".join(f"{signature}\n" for signature in self.signatures).encode()

    def checked(self, keys: Iterable[Key]) -> dict[Key, int | None]:
        """Which of some keys signed this note, and when where they say so.

        Raises:
            NotProven: A signature says that it is by one of these keys, and is not.
        """
        signed: dict[Key, int | None] = {}
        for key in keys:
            for signature in self.signatures:
                if signature.is_by(key):
                    signed[key] = key.check(self.text, signature.content)
        return signed

    def with_more(self, signatures: Iterable[Signature]) -> Note:
        """The same note with more signatures, each line once."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *signatures))))


def signed(text: bytes, signers: Iterable[Signer]) -> Note:
    """A text signed by each of these."""
    return Note(text, tuple(signer.sign(text) for signer in signers))


def read_note(content: bytes) -> Note:
    """The note that some bytes are.

    Raises:
        NotProven: They are none.
    """
    try:
        controls = re.search(r"[\x00-\x09\x0b-\x1f]", content.decode())
    except UnicodeDecodeError as error:
        raise NotProven("this is not a signed note: it is not UTF-8") from error
    text, separator, lines = content.rpartition(b"\n\n")
    if not separator or not lines.endswith(b"\n") or controls:
        raise NotProven("this is not a signed note: a text, an empty line and signatures")
    return Note(text + b"\n", read_signatures(lines))


def read_signatures(lines: bytes) -> tuple[Signature, ...]:
    """The signatures on some lines, each ending with a newline.

    Raises:
        NotProven: One of the lines is no signature.
    """
    try:
        written = lines.decode().removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise NotProven("these are no signatures: they are not UTF-8") from error
    if len(written) > _MOST_SIGNATURES:
        raise NotProven(f"a note has at most {_MOST_SIGNATURES} signatures")
    return tuple(map(_read_signature, written))


def _read_signature(line: str) -> Signature:
    name, _, written = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not _NAME.fullmatch(name):
        raise NotProven(f"`{line[:60]}` is not a signature line")
    content = decoded(written)
    if len(content) <= _ID_BYTES:
        raise NotProven(f"`{line[:60]}` is not a signature line")
    return Signature(name, content[:_ID_BYTES], content[_ID_BYTES:])


def _check_ed25519(key: Key, text: bytes, signature: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(key.public).verify(signature, text)


def _check_cosignature(key: Key, text: bytes, signature: bytes) -> int:
    (given,) = struct.unpack_from(">Q", signature)
    Ed25519PublicKey.from_public_bytes(key.public).verify(signature[8:], cosigned_text(text, given))
    return int(given)


def _check_ml_dsa(key: Key, text: bytes, signature: bytes) -> int:
    (given,) = struct.unpack_from(">Q", signature)
    message = cosigned_message(key.name, text, given)
    MLDSA44PublicKey.from_public_bytes(key.public).verify(signature[8:], message)
    return int(given)


def cosigned_text(text: bytes, given_s: int) -> bytes:
    """What an Ed25519 witness signs: the time, then the whole text of the checkpoint."""
    return b"cosignature/v1\ntime %d\n%b" % (given_s, text)


def cosigned_message(cosigner: str, text: bytes, given_s: int) -> bytes:
    """What an ML-DSA-44 witness signs: its own name, the time, and origin, size and root of the checkpoint.

    Raises:
        ValueError: The text is not that of a checkpoint without extension lines.
    """
    origin, size, root = text.decode().removesuffix("\n").split("\n")
    named = [bytes([len(name)]) + name for name in (cosigner.encode(), origin.encode())]
    tree = struct.pack(">QQ", 0, int(size)) + decoded(root, 32)
    return b"subtree/v1\n\x00" + named[0] + struct.pack(">Q", given_s) + named[1] + tree


_CHECKS: Final[dict[int, Callable[[Key, bytes, bytes], int | None]]] = {
    ED25519: _check_ed25519,
    COSIGNATURE: _check_cosignature,
    ML_DSA_COSIGNATURE: _check_ml_dsa,
}

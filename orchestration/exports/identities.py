"""Who is who: from an address to the key that stands for it everywhere outside `raw` and `restricted`.

Belongs here: the one normal form of an address and the keyed hash. The salt is bound as a parameter: it enters no SQL
text, no log and no file. What the models hash with is a secret of its own, derived from the salt.
"""

from __future__ import annotations

import hashlib
import hmac

_BLOCK_BYTES = 64  # SHA-256's, which HMAC pads its key to


def normalised(address: str) -> str:
    """SQL for an address's normal form: `Name <a@b>` reduced to `a@b`, trimmed, lower case; empty where none is."""
    inner = rf"regexp_replace({address}, '^[^<]*<([^<>]*)>\s*$', '\1')"
    return f"lower(trim(case when contains({address}, '<') then {inner} else {address} end))"


def derived_secret(key: str, purpose: str) -> str:
    """A secret for one purpose, in hex, that tells nothing of the key it comes from."""
    return hmac.new(key.encode("utf-8"), purpose.encode("utf-8"), hashlib.sha256).hexdigest()


def hmac_sha256(text: str) -> str:
    """SQL for the lower-case hex HMAC-SHA256 of a text; asks for the parameters of `hmac_pads`."""
    return f"sha256($outer_pad::blob || unhex(sha256($inner_pad::blob || encode({text}))))"


def key_of(email: str, salt: str) -> str:
    """The subscriber key of a normalised address, as `hmac_sha256` has it."""
    return hmac.new(salt.encode("utf-8"), email.encode("utf-8"), hashlib.sha256).hexdigest()


def hmac_pads(key: str) -> dict[str, bytes]:
    """The two parameters that carry the key (RFC 2104)."""
    secret = key.encode("utf-8")
    if len(secret) > _BLOCK_BYTES:
        secret = hashlib.sha256(secret).digest()
    secret = secret.ljust(_BLOCK_BYTES, b"\0")
    return {"outer_pad": bytes(byte ^ 0x5C for byte in secret), "inner_pad": bytes(byte ^ 0x36 for byte in secret)}

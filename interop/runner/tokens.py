"""Tokens for the gateway of `gateway.toml`."""

import base64
import hashlib
import hmac
import json
import time
import tomllib

from .gateway import CONFIG


def sign(user, secret=None, **claims):
    """An HS256 token; with another secret than the gateway's, one that it must refuse."""
    secret = secret or tomllib.loads(CONFIG.read_text())["auth"]["keys"][0]["secret"]
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": user, "exp": int(time.time()) + 3600, **claims}]
    signed = ".".join(encode(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{encode(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def encode(octets):
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()

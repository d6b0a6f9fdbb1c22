"""Who this worker is: its policy, what it stores, its version, its process."""

from __future__ import annotations

import os
import socket
from importlib.metadata import PackageNotFoundError, version

from domain.assembly.stored import forms_fingerprint
from domain.policy import Policy
from domain.policy.fingerprint import fingerprint
from schemas.workers import WorkedBy

HOST_LETTERS = 50


def identity(rules: Policy) -> WorkedBy:
    """This process under a policy; since when is not known yet."""
    host = socket.gethostname()[:HOST_LETTERS]
    return WorkedBy(
        policy=fingerprint(rules),
        forms=forms_fingerprint(),
        version=touchline_version(),
        worker=f"{host}:{os.getpid()}",
    )


def touchline_version() -> str:
    """The version that is installed; ``unknown`` where nothing is."""
    try:
        return version("touchline")
    except PackageNotFoundError:
        return "unknown"

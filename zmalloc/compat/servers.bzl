"""The servers whose own zmalloc.h has a stand-in here."""

SERVERS = [
    "redis7",
    "redis8",
    "valkey8",
    "valkey9",
]

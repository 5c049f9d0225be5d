"""The servers for which this folder has a zmalloc.h."""

SERVERS = [
    "redis7",
    "redis8",
    "redis8_6",
    "valkey8",
    "valkey9",
]

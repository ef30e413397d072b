"""How much and how long the doors wait for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes, times in seconds."""

    agent_body_bytes: int = 1024 * 1024
    batch_body_bytes: int = 20 * 1024 * 1024
    batch_body_seconds: float = 60.0
    batch_lines: int = 50_000
    batch_chunk_seconds: float = 10.0
    """What PostgreSQL may take for one part of a batch before the rest of it has to come again."""
    github_body_bytes: int = 25 * 1024 * 1024
    agent_body_seconds: float = 10.0
    github_body_seconds: float = 30.0
    database_seconds: float = 1.8
    """In all, so that a sender knows within two seconds that it has to come again."""
    large_body_bytes: int = 256 * 1024
    """Larger bodies are parsed in a thread, so that the event loop goes on."""

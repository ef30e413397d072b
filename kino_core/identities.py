"""Who wrote it: humans, agents and automation, told apart by address and never by display name."""

import re
import uuid
from enum import StrEnum

import msgspec

from kino_core.events import stable_id

NOREPLY_HOST = "users.noreply.github.com"
ERASED_HOST = "erased.invalid"
"""Where the addresses of erased people lead: nowhere, by RFC 2606."""


class IdentityKind(StrEnum):
    """The three classes of `docs/metrics`; every number keeps them apart."""

    HUMAN = "human"
    AGENT = "agent"
    AUTOMATION = "automation"


class AgentType(StrEnum):
    """The families of agents that Kino knows by name."""

    CLAUDE = "CLAUDE"
    CODEX = "CODEX"
    GEMINI = "GEMINI"
    CURSOR = "CURSOR"
    COPILOT = "COPILOT"
    OTHER = "OTHER"


class Identity(msgspec.Struct, frozen=True):
    """One address or login and what it is.

    `key` is `github:<login>` for a GitHub account (any numeric prefix dropped), else `email:<address>`, lower case.
    `agent` is the agent's own name (`claude`, `devin` …) and `agent_type` its family, both None unless kind is AGENT.
    """

    key: str
    kind: IdentityKind
    name: str
    agent: str | None = None
    agent_type: AgentType | None = None

    @property
    def person_id(self) -> uuid.UUID:
        """Return the id of the person behind this identity until someone merges it with another."""
        return stable_id("person", self.key)


_AGENT_ADDRESSES: dict[str, tuple[str, AgentType]] = {
    "noreply@anthropic.com": ("claude", AgentType.CLAUDE),
    "noreply@openai.com": ("codex", AgentType.CODEX),
    "gemini-cli@google.com": ("gemini", AgentType.GEMINI),
    "cursoragent@cursor.com": ("cursor", AgentType.CURSOR),
    "copilot@github.com": ("copilot", AgentType.COPILOT),
    "noreply@aider.chat": ("aider", AgentType.OTHER),
    "roomote@roocode.com": ("roo", AgentType.OTHER),
    "openhands@all-hands.dev": ("openhands", AgentType.OTHER),
    "amp@ampcode.com": ("amp", AgentType.OTHER),
}

_AGENT_LOGINS: dict[str, tuple[str, AgentType]] = {
    "claude[bot]": ("claude", AgentType.CLAUDE),
    "chatgpt-codex-connector[bot]": ("codex", AgentType.CODEX),
    "gemini-cli[bot]": ("gemini", AgentType.GEMINI),
    "gemini-code-assist[bot]": ("gemini", AgentType.GEMINI),
    "cursor[bot]": ("cursor", AgentType.CURSOR),
    "copilot": ("copilot", AgentType.COPILOT),
    "copilot-swe-agent[bot]": ("copilot", AgentType.COPILOT),
    "devin-ai-integration[bot]": ("devin", AgentType.OTHER),
    "google-labs-jules[bot]": ("jules", AgentType.OTHER),
    "codegen-sh[bot]": ("codegen", AgentType.OTHER),
}

_AUTOMATION_LOCAL_PARTS = {"action", "actions"}
_AUTOMATION_ADDRESSES = {"github-actions@github.com"}

_BRANCH_PREFIXES: dict[str, tuple[str, AgentType]] = {
    "claude/": ("claude", AgentType.CLAUDE),
    "codex/": ("codex", AgentType.CODEX),
    "cursor/": ("cursor", AgentType.CURSOR),
    "copilot/": ("copilot", AgentType.COPILOT),
}

KNOWN_AGENTS: tuple[tuple[str, AgentType], ...] = tuple(
    dict.fromkeys([*_AGENT_ADDRESSES.values(), *_AGENT_LOGINS.values()])
)
"""Every agent that git and GitHub can show, by its own name."""

_NUMERIC_PREFIX = re.compile(r"^\d+\+")
_ERASED_LOGIN = re.compile(r"erased-([0-9a-f]{16})")


def identify(name: str, email: str) -> Identity:
    """Return the identity behind a git signature; any text is accepted, git addresses need not be valid."""
    address = email.strip().casefold()
    local, _, host = address.rpartition("@")
    if host == NOREPLY_HOST:
        return identify_login(_NUMERIC_PREFIX.sub("", local), name=name)
    key = f"email:{address or name.strip().casefold()}"
    if known := _AGENT_ADDRESSES.get(address):
        return Identity(key, IdentityKind.AGENT, name, *known)
    if name.rstrip().casefold().endswith("(aider)"):
        # The e-mail of an aider commit is its user's: the suffix on the name is all that tells them apart.
        return Identity(f"{key}#aider", IdentityKind.AGENT, name, "aider", AgentType.OTHER)
    if local in _AUTOMATION_LOCAL_PARTS or address in _AUTOMATION_ADDRESSES:
        return Identity(key, IdentityKind.AUTOMATION, name)
    return Identity(key, IdentityKind.HUMAN, name)


def identify_login(login: str, *, name: str | None = None) -> Identity:
    """Return the identity behind a GitHub login."""
    folded = login.strip().casefold()
    if erased := _ERASED_LOGIN.fullmatch(folded):
        # Whatever an erased person was called, by login or by address, is one person now.
        return Identity(f"email:{erased[1]}@{ERASED_HOST}", IdentityKind.HUMAN, f"Person {erased[1]}")
    key = f"github:{folded}"
    if known := _AGENT_LOGINS.get(folded):
        return Identity(key, IdentityKind.AGENT, name or login, *known)
    kind = IdentityKind.AUTOMATION if folded.endswith("[bot]") else IdentityKind.HUMAN
    return Identity(key, kind, name or login)


def agent_of_branch(branch: str) -> tuple[str, AgentType] | None:
    """Return the agent (name, family) whose branches are named like `branch`, or None."""
    return next((agent for prefix, agent in _BRANCH_PREFIXES.items() if branch.startswith(prefix)), None)


def agent_type_of(agent_id: str, declared: str | None) -> AgentType:
    """Return the family of an agent that reports for itself: as it says, else as its name begins, else OTHER."""
    if declared is not None and declared in AgentType.__members__:
        return AgentType(declared)
    name = agent_id.casefold()
    return next((family for family in AgentType if name.startswith(family.casefold())), AgentType.OTHER)

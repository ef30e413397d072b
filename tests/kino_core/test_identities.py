"""Who is who: by address, never by display name."""

import pytest

from kino_core.identities import AgentType, IdentityKind, agent_of_branch, agent_type_of, identify, identify_login


@pytest.mark.parametrize(
    ("name", "email", "agent"),
    [
        ("Claude", "noreply@anthropic.com", "claude"),
        ("Claude Opus 4.5", "NoReply@Anthropic.com", "claude"),
        ("claude[bot]", "209825114+claude[bot]@users.noreply.github.com", "claude"),
        ("claude[bot]", "41898282+claude[bot]@users.noreply.github.com", "claude"),
        ("Codex", "noreply@openai.com", "codex"),
        ("Cursor", "cursoragent@cursor.com", "cursor"),
        ("copilot-swe-agent[bot]", "198982749+Copilot@users.noreply.github.com", "copilot"),
        ("Copilot", "175728472+Copilot@users.noreply.github.com", "copilot"),
        ("x", "158243242+devin-ai-integration[bot]@users.noreply.github.com", "devin"),
        ("x", "161369871+google-labs-jules[bot]@users.noreply.github.com", "jules"),
        ("Somebody (aider)", "somebody@example.org", "aider"),
    ],
)
def test_agents_are_known_by_address(name: str, email: str, agent: str) -> None:
    found = identify(name, email)
    assert (found.kind, found.agent) == (IdentityKind.AGENT, agent)


@pytest.mark.parametrize(
    "email",
    [
        "49699333+dependabot[bot]@users.noreply.github.com",
        "github-actions[bot]@users.noreply.github.com",
        "github-actions@github.com",
        "actions@github.com",
        "action@github.com",
    ],
)
def test_other_bots_are_automation(email: str) -> None:
    assert identify("anything", email).kind is IdentityKind.AUTOMATION


@pytest.mark.parametrize(
    ("name", "email"),
    [
        ("Claude", "claude@example.org"),
        ("Devin", "devin@example.org"),
        ("GitHub", "noreply@github.com"),
        ("Someone", "12345+someone@users.noreply.github.com"),
        ("not an address", "root@(none)"),
        ("no address at all", ""),
    ],
)
def test_names_alone_make_nobody_an_agent(name: str, email: str) -> None:
    assert identify(name, email).kind is IdentityKind.HUMAN


def test_one_login_is_one_identity_whatever_its_numeric_prefix() -> None:
    keys = {identify("a", f"{prefix}someone@users.noreply.github.com").key for prefix in ("", "1+", "99+")}
    assert keys == {identify_login("SomeOne").key} == {"github:someone"}


def test_branches_and_names_of_agents() -> None:
    assert agent_of_branch("claude/fix-1") == ("claude", AgentType.CLAUDE)
    assert agent_of_branch("feature/claude") is None
    assert agent_type_of("codex-3", None) is AgentType.CODEX
    assert agent_type_of("worker", "GEMINI") is AgentType.GEMINI
    assert agent_type_of("worker", "something new") is AgentType.OTHER

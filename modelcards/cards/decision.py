"""Who decided the weights in force: the council's vote as facts for the card."""

from governance.systems.models import AISystem
from modelcards.cards import figures


def facts(system: AISystem) -> list[list[str]]:
    """Term and text: policy, source, and the vote behind it where there was one."""
    policy = figures.general_policy(system)
    if policy is None:
        return [["Weights in force", "None yet."]]
    stated = [
        ["Policy", f"version {policy.version}, in force since {policy.in_force_from:%Y-%m-%d %H:%M} UTC"],
        ["Decision rule", str(policy.get_rule_display())],
        ["Digest (SHA-256)", policy.digest],
    ]
    if policy.set_without_vote:
        return [*stated, ["Set by", "The owner of the system. Weights set without a vote."]]
    return [*stated, ["Set by", f"Council vote on proposal {policy.source.get('proposal')}"]]

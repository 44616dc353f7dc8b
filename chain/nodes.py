"""Which nodes are asked: those of the settings, in their order."""

from django.conf import settings

from chain.client import Node, NodeFailed, Refused


def are_configured() -> bool:
    """Whether any node is named in the settings."""
    return bool(settings.TPP_RPC_URLS)


def find_node(*, chain_id: int) -> Node:
    """The first node of the settings that answers and is of the chain. Raises NodeFailed with what each one said."""
    said = []
    for url in settings.TPP_RPC_URLS:
        node = Node(url, timeout=settings.TPP_RPC_SECONDS)
        try:
            answer = node.ask("eth_chainId")
            if isinstance(answer, str) and answer.startswith("0x") and int(answer, 16) == chain_id:
                return node
            said.append(f"{node.name} is a node of another chain than {chain_id}.")
        except (NodeFailed, Refused, ValueError) as failure:
            said.append(str(failure))
    raise NodeFailed(" ".join(said) or "No node is named in TPP_RPC_URLS.")

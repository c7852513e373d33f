"""The digest of a policy document, under which it is published, and by which messages name it."""

from hashlib import sha256


def digest_of(document: str) -> str:
    """Gives the digest of a document: of its very text."""
    return f"sha256:{sha256(document.encode()).hexdigest()}"

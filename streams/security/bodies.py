"""The body of an answer over HTTP, up to a size: who answers is not always who should."""

from aiohttp import ClientPayloadError, ClientResponse

ANSWER_BYTES = 1 << 20


async def read_body(response: ClientResponse) -> bytes:
    """Reads the body of an answer.

    Raises:
        ClientPayloadError: It is larger than ANSWER_BYTES, or was cut off.
    """
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > ANSWER_BYTES:
            raise ClientPayloadError(f"an answer of more than {ANSWER_BYTES:,} bytes")
    return bytes(body)

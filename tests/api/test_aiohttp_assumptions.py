"""What streams/api/protocol.py stands on inside aiohttp. Fails after an upgrade: read what changed, then trust it."""

import inspect

import pytest
from aiohttp import web, web_protocol, web_runner
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler
from faust.web.drivers.aiohttp import Web


@pytest.mark.parametrize(
    "name", ["_handle_request", "finish_response", "handle_error", "log_exception", "data_received", "connection_lost"]
)
def test_a_method_that_is_replaced_is_called_by_aiohttp(name: str) -> None:
    source = inspect.getsource(web_protocol) + inspect.getsource(web_runner)
    assert hasattr(RequestHandler, name)
    assert f"self.{name}(" in source or name in {"data_received", "connection_lost"}  # these two are asyncio's


@pytest.mark.parametrize("name", ["_messages", "_waiter", "_request_count", "_task_handler"])
def test_a_field_that_is_used_is_there(name: str) -> None:
    assert name in RequestHandler.__slots__


def test_what_cannot_be_read_is_answered_in_its_turn() -> None:
    source = inspect.getsource(RequestHandler.start)
    assert "isinstance(message, _ErrInfo)" in source
    assert "await self._waiter" in source


def test_a_request_that_nobody_waits_for_is_given_up() -> None:
    assert "handler_cancellation and self._task_handler" in inspect.getsource(RequestHandler.connection_lost)


def test_a_line_that_is_too_long_says_the_limit() -> None:
    assert LineTooLong(b"...", 7).args[1] == 7


def test_faust_listens_by_its_runner() -> None:
    assert "self._runner" in inspect.getsource(Web._new_transport_tcp)
    assert "_make_server" in vars(web.AppRunner)

"""Runs the stand-in."""

import argparse

from aiohttp import web

from console.stand_in.server import MAY, StandIn

if __name__ == "__main__":
    options = argparse.ArgumentParser(prog="python -m console.stand_in")
    options.add_argument("--port", type=int, default=6080)
    options.add_argument("--role", choices=MAY, default="admin", help="whom everybody is who asks")
    options.add_argument("--token", help="asks for this token")
    options.add_argument("--rate", type=float, default=0.8, help="tier changes a second")
    given = options.parse_args()
    stand_in = StandIn(given.role, {given.token: given.role} if given.token else None, given.rate)
    web.run_app(stand_in.app, host="127.0.0.1", port=given.port)

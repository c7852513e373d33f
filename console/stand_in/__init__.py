"""A server with the console's API over a made-up bank: to work on the page, and to try what a real bank rarely shows.

    python -m console.stand_in --port 6080 [--role agent] [--token T] [--rate 10000]

`bank.py` makes the bank, `answers.py` its answers, `stream.py` the stream of events, `server.py` serves all of it with
the built page. The real server is `tierflow console`.
"""

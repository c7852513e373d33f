"""Histories of budgets, of the policy in force and of GET /customers, for a checker from elsewhere: `make histories`.

    clients work while faults happen -> what each did, and when (operation.py) -> a file -> checker/ (Go, Porcupine)

README.md has the form of the files and what each model says. The frame (brokers, workers, links, faults) is that of
tests/faults/schedules.
"""

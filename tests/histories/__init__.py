"""Histories of budgets, of the policy in force and of GET /customers, for a checker from elsewhere.

    what each client did, and when (operation.py) -> a file -> checker/ (Go, Porcupine)

README.md has the form of the files and what each model says.
"""

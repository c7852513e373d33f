"""This package holds the commands: `tierflow <command>`, made with typer.

    main (the app, and UsageError -> exit status 2)  ->  a module per command  ->  the room that does the work

A module here declares the options of a command, checks them against each other, reads the settings, calls the room and
prints the answer: results on standard output; progress, counts and errors on standard error. `explanation.py` and
`matrix.py` print the longer answers of `explain` and `simulate --compare`; `output.py` has what several commands print
with.

A command imports what is slow to import inside its function, so that `tierflow --help` stays quick. Its docstring is
its help text. Rules, Kafka clients and file formats do not belong here. docs/commands.md describes the commands.

May be imported here: `audit`, `bench`, `compiled`, `console`, `contracts`, `deliver`, `demo`, `engine`, `errors`,
`explain`, `export`, `grow`, `intake`, `kafka`, `languages`, `load`, `logs`, `partition`, `policy`, `registry`,
`settings`, `signals`, `simulate`, `stages`, `values`, `worker`.
"""

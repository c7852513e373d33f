"""The rights on Kafka that each role needs: the one table of them.

    programs, commands: settings -> rows, each an operation on some resources, and why -> roles: by the role's name

A role is a program, or a command of `tierflow`; roles add up. Before it begins, a program asks whether it has what
stands here (permitted.py); `tierflow acls` and deploy/kafka-acls.md are made of it (acls.py, strimzi.py). READ, WRITE
and ALTER imply DESCRIBE, so that does not stand beside them.

What may live here: which right a role needs, and why. How brokers are asked, and how rights are written for others,
belongs in the modules named above.

May be imported here: `kafka`, `settings`.
"""

r"""A bank's tier rules: the file as it is written, and the policy that the stream decides with.

    text of a TOML file -> language -> compile -> Policy -> engine
                                  \\-> check: `tierflow policy check`

In this folder itself stands the compiled policy: structs, and nothing that acts. What is done with them is done in the
engine. `language` knows the words of the file and what is wrong with one; `compile` makes a file into a policy; `check`
says more of a file than that it can be used.

May be imported here: `streams.values`. Nothing here knows of customers, messages or Kafka.
"""

"""The policy: a bank's rules as its TOML file writes them, and as the engine decides with them.

    text of the file -> language -> PolicyFile -> compile -> Policy -> engine
                                         |                     |
                                         +------> check <------+    (`tierflow policy check`)

The modules of this folder hold the compiled policy: frozen structs, and no logic but that of `day_rates`, which gives a
policy the rates of a day. `language` declares the words of the file and finds what does not fit; `compile` makes a
Policy of a file, once, so that decisions work out nothing that is the same for all customers; `check` adds warnings and
sentences for the author. The language itself: docs/policies.md.

What may live here: whatever is known from the file alone. Nothing here knows of customers, messages or Kafka, and no
decision is made here: that is the engine's.

May be imported here: `languages`, `values`.
"""

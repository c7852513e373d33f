"""The schema registry of a bank: gets the schemas that its records name, and registers those of tables.

    records -> prepare: which numbers are not known yet? -> client: GET /schemas/ids/… -> Schemas (intake/schemas.py)
    tables  -> prepare: are they registered? (subjects)  -> client: POST /subjects/…   -> numbers

A number always names the same schema, so each is asked for once. A registry that is away is waited for: a record is
never refused because of that.

What may live here: how a registry is asked. What a schema means belongs in `intake`. Nothing here may write a secret to
a log, an error or a repr.

May be imported here: `errors`, `intake`, `security`.
"""

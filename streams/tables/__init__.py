"""The outputs as tables: a row of columns for each message, for databases and lakes (docs/tables.md).

    message -> columns -> row -> connect: JSON with its schema beside it; avro: Avro with the number of its schema

`columns.py` alone says which columns a table has and what each holds of a message. `connect.py` and `avro.py` say how a
row is written for Kafka Connect; the Parquet files of `streams/export` have the same columns.

What may live here: what a table is, and its bytes. Topics and offsets belong in `partition`, `stages` and `export`; who
knows the numbers of schemas in `registry`. All is pure.

May be imported here: `contracts`.
"""

"""The formats in which sources come: a record's bytes to a row of plain values, or why that cannot be.

    bytes -> json_text             -> values
                |- connect         -> schema and payload: decimals and times by the schema's names
                |- change_events   -> Debezium: the row as it is now, or was before
                |- cloud_events    -> the data, and what its attributes say
    bytes -> wire -> avro, protobuf -> values by a schema of a registry; registered: as rows, or as change events
    rows, statements -> delimited, camt -> the fields of each row, as text

Plain values are what JSON has, with Decimals for numbers with a point, and dates and datetimes where a schema says so;
a float only where the source itself has a binary one. A datetime without a zone is local time.

A Decode raises RefusedError for what it cannot read, and nothing else, whatever a record holds.

May be imported here: `contracts`, `intake`, `intake.language`, `policy`.
"""

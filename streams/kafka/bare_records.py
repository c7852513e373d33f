"""Records as aiokafka's batch holds them, without a ConsumerRecord for each.

Who reads millions of records needs offset, key, value, headers and timestamp of each. Making a ConsumerRecord, with
eleven fields, for every record costs as much as decoding the event in it. A consumer that is made with `as_it_is` as
`value_deserializer` gets the batch's records (unpacking.py); they name no topic and no partition.
"""


def as_it_is(value: bytes | None) -> bytes | None:
    """Gives a value as it is."""
    return value

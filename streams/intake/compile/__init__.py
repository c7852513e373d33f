"""From a mapping as it is written to sources that map records; what several words mean together is looked at here.

    SourcesFile -> mapping -> a Source for each table of [sources]
                     |- tables  -> Table: the fields of one input
                     |- fields  -> FieldReader: the ways in which one field is read

What does not fit is noted in the Problems of the document, with what to write; then no Source may be used. A Source
holds functions alone, so that a record is mapped without looking at the mapping again.

May be imported here: `intake`, `intake.fields`, `intake.formats`, `intake.language`, `policy`, `values`.
"""

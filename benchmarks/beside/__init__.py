"""tierflow beside its peers: the same topics, the same cores, in turn (`make bench`, docs/performance.md).

`run` is the command. `systems` says what is measured, `ground` is the broker with the loaded topics, `tierflow` and
`peer` run one system once, `delay` and `alone` measure the rest; `results` is what is written down, and `tables`,
`pictures` and `page` show it.
"""

"""`tierflow.testing`, for authors of policies: words, tables, the fixture."""

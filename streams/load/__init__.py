"""Data sets into the input topics: files of events, and the real bank's data of PKDD'99."""

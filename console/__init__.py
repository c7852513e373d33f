"""The console's page: its sources, and what works on them. Who runs the console needs the built page alone."""

"""What tierflow offers to Python code of its users. The product itself is the package `streams` and the command."""

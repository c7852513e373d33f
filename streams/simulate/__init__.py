"""The worker's engine offline, on events from a file or from the input topics; and two policies compared on them."""

from streams.simulate.simulation import Chunk, Output, Simulation

__all__ = ["Chunk", "Output", "Simulation"]

"""The flows that are live: which version serves whom, from its saving to its last call."""

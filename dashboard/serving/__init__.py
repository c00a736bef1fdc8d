"""The server: where it listens, who may ask, and what."""

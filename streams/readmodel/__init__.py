"""The read model: a file that follows the changelog and what comes out, for whoever asks."""

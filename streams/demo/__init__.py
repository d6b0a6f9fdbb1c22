"""The demonstration: a broker, workers, a simulated bank, and a live view of what comes out."""

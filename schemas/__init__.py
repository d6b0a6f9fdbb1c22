"""What crosses the boundary: topic names, touchpoint events, outputs, and their bytes."""

"""The ground: units, scales, decay, wall and working time, and the words of figures."""

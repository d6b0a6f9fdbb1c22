"""The rules about customers: pure functions and values. No I/O, clock, Faust or Prometheus."""

"""The rules about customers: pure functions and values, no I/O, no clock, no Faust, no Prometheus."""

"""`touchline serve`: an HTTP API and pages, on the read model."""

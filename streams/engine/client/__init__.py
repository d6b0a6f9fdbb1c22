"""What aiokafka keeps to itself and the engine needs: every private name of it is in this room.

The rest of the engine calls it by names of ours. :mod:`~streams.engine.client.fits` knows all of
those names, and a worker starts only where the installed aiokafka has them as they are used here.
"""

"""``granian bench.minimal_wsgi:application``."""

from bench import minimal

application = minimal.application()

"""The test suite: unit, integration, journeys, faults, vectors."""

"""What schemathesis is taught before it asks the API: to write NDJSON."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def ndjson(_context, value):
    """One line for a record."""
    return json.dumps(value).encode() + b"\n"

"""How the API reads JSON: strictly, so that no two readers of a body see different things in it."""

import re
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from edgewise import strict_json
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

MAX_NESTING = 32
# An odd number of backslashes before it; an even number are backslashes themselves.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class StrictJSONParser(JSONParser):
    """``edgewise.strict_json``, and neither NUL nor what is nested deep.

    Other JSON passes through every check of a serializer up to what breaks at it: the answer that shows it, a field
    that compares it, PostgreSQL.
    """

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The value; ParseError, with the reason, if the body is none of these."""
        body = stream.read()
        try:
            found = strict_json.loads(body)
        except strict_json.MalformedJSONError as error:
            raise ParseError(_("The body is not JSON: %s.") % error) from None
        if strict_json.is_deeper(found, MAX_NESTING):
            raise ParseError(_("The body is nested more than %d deep.") % MAX_NESTING)
        if _NUL.search(body):
            raise ParseError(_("The body has the character NUL, which no database keeps. Leave it out."))
        return found

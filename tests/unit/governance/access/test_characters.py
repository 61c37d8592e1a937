"""What the door refuses before anything else looks at a request: charsets, and forms too long to be one."""

import json

import pytest
from django.core.files import uploadhandler
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

from governance.access import characters


def ask(kind):
    """Status and body of what the guarded application answers, which says 200 to everything."""
    started = []

    def application(_environ, start_response):
        start_response("200 OK", [])
        return [b"{}"]

    guarded = characters.refuse_charsets(application)
    answer = guarded({"CONTENT_TYPE": kind}, lambda *told: started.append(told))
    return started[0][0], json.loads(b"".join(answer))


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "text/plain; charset=utf-8",
        'a/b;charset="UTF-8"',
        "a/b; CharSet = utf8 ; c=d",
        "a/b; c",
    ],
)
def test_utf_8_passes(kind):
    assert ask(kind)[0] == "200 OK"


@pytest.mark.parametrize(
    "charset",
    ["charset=bz2", "charset=utf-7", 'charset="hex"', "charset=utf-8; CHARSET = rot13", "charset=latin-1", "charset=",
     'charset="utf-8;bz2"', 'charset="utf-8', "charset=utf-8-sig", "charset=no-codec", "x=y;charset\t=undefined"],
)  # fmt: skip
def test_any_other_charset_is_refused(charset):
    """Some of them are no codecs of texts, utf-7 hides a NUL, and names of none stay in memory."""
    status, answer = ask(f"text/plain; {charset}")
    assert (status, answer["code"]) == ("415 Unsupported Media Type", "unsupported_media_type")


@pytest.mark.parametrize("parameter", ["x*=none''a", "charset=bz2"])
def test_django_has_no_request_of_what_is_refused(parameter):
    """It raises before anything of Django's could answer, which is why the door stands before it."""
    with pytest.raises((ValueError, LookupError)):
        RequestFactory().get("/?next=/", CONTENT_TYPE=f"text/plain; {parameter}")
    assert ask(f"text/plain; {parameter}")[0].startswith("415")


@pytest.mark.parametrize("path", ["/accounts/login/", "/nothing/here/", "/api/v1/reports"])
def test_a_form_too_long_is_refused_unread_by_anybody(client, path):
    """No form of Edgewise takes a file. It was written to disk, at addresses that are nowhere as well."""
    answer = client.post(path, {"f": SimpleUploadedFile("f", b"x" * 2_700_000)})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_no_part_of_a_form_is_written_to_disk(settings):
    """Whatever its length: Django's own choice begins to write where the limit for forms ends."""
    handlers = [uploadhandler.load_handler(each, None) for each in settings.FILE_UPLOAD_HANDLERS]
    assert [type(each) for each in handlers] == [uploadhandler.MemoryFileUploadHandler]

"""The package's version, told in `User-Agent`."""

VERSION = "0.1.0"

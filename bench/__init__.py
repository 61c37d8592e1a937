"""``make bench``: how fast it is, beside a yardstick measured in the same run."""

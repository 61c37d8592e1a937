"""What a process keeps to read records fast is bounded, however many edge sets come and go."""

from audits.decisions import terms


def test_the_decoders_used_last_are_kept_and_the_others_go():
    terms._built.cache_clear()
    first = terms._built(b"k", "s0", ("safety",))
    for number in range(terms.WIRES_KEPT):
        newest = terms._built(b"k", f"s{number}", ("safety", "privacy"))
    assert terms._built.cache_info().currsize == terms.WIRES_KEPT
    assert terms._built(b"k", f"s{number}", ("safety", "privacy")) is newest
    assert terms._built(b"k", "s0", ("safety",)) is not first
    terms._built.cache_clear()

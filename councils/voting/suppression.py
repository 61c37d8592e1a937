"""Which constituencies publish no tally of their own: a count of few would tell how each of them voted."""

from collections.abc import Mapping

FEWEST = 5


def hidden(ballots: Mapping[str, int]) -> frozenset[str]:
    """The constituencies to hide, from the number of ballots cast in each.

    Those with one to four ballots, and then the next smallest too, until what is hidden together is more than one
    constituency and at least five ballots: otherwise the totals would reveal it by subtraction.
    """
    rising = sorted((count, name) for name, count in ballots.items() if count)
    few = [name for count, name in rising if count < FEWEST]
    if not few:
        return frozenset()
    chosen = len(few)
    while chosen < len(rising) and (chosen < 2 or sum(count for count, _ in rising[:chosen]) < FEWEST):
        chosen += 1
    return frozenset(name for _, name in rising[:chosen])

"""The data set in CREHate's layout: what is derived from it, and the null that is published."""

from pathlib import Path

import numpy as np
import pytest

from demo import crehate

REAL = Path(__file__).resolve().parents[4] / "shared/data/crehate"
COUNTRIES = ("Here", "There")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three posts, two countries, five raters each; one "I don't know"."""
    lines = ["ID,annotator_id,nationality,annotation"]
    hateful = {("a", "Here"): 5, ("a", "There"): 5, ("b", "Here"): 0, ("b", "There"): 4, ("c", "Here"): 1}
    for post in "abc":
        for g, country in enumerate(COUNTRIES):
            yes = hateful.get((post, country), 0)
            lines += [f"{post},{10 * g + v},{country},{int(v < yes)}" for v in range(5)]
    lines.append("a,99,Here,2")
    (tmp_path / "annotations.csv").write_text("\n".join(lines))
    (tmp_path / "posts.csv").write_text("ID,Here_Hate\na,1.0\nb,0.0\nc,0.0\n")
    return tmp_path


def test_votes_are_read_and_the_unknown_value_is_no_vote(folder: Path) -> None:
    assert crehate.recognises(folder)
    judgements = crehate.load(folder)
    assert judgements.posts == ("a", "b", "c")
    assert judgements.countries == COUNTRIES
    assert np.nansum(judgements.votes, axis=2).tolist() == [[5, 5], [0, 4], [1, 0]]


def test_scores_follow_the_shares_of_votes(folder: Path) -> None:
    """On the post both countries call hateful, removing is best on every edge; uncertainty is nil."""
    scores, sd = crehate.scores(crehate.load(folder))
    remove = crehate.OPTIONS.index("remove")
    assert scores[0, remove].tolist() == [1.0, 1.0, 1.0, 1.0]
    assert sd[0].max() == 0.0
    assert scores[1, 0].tolist() == pytest.approx([0.6, 1.0, 0.2, 0.2])
    assert ((scores >= 0) & (scores <= 1)).all()
    assert sd.max() <= 0.5


def test_a_ballot_spends_a_hundred_points() -> None:
    for rate in (0.0, 0.31, 0.5, 1.0):
        assert sum(crehate.ballot(rate).values()) == 100
    assert crehate.ballot(1.0)["safety"] == 50


def test_a_missing_vote_leaves_the_post_out_of_the_fit(folder: Path) -> None:
    text = (folder / "annotations.csv").read_text()
    (folder / "annotations.csv").write_text("\n".join(text.splitlines()[:-2]))
    judgements = crehate.load(folder)
    assert len(judgements.complete) == 2
    assert not np.isnan(crehate.scores(judgements)[0]).any()


@pytest.mark.skipif(not REAL.is_dir(), reason="the data set is not beside the project")
def test_the_null_of_the_real_data_is_found() -> None:
    """Country-fitted policies gain in sample and nothing held out."""
    votes = crehate.load(REAL).complete
    inside, outside = crehate.in_sample(votes), crehate.held_out(votes)
    assert inside["per_country"] / inside["pooled"] - 1 == pytest.approx(0.055, abs=0.001)
    assert outside["pooled"].value == pytest.approx(0.762, abs=0.002)
    assert outside["per_country"].value == pytest.approx(0.740, abs=0.002)
    assert outside["shrunk"].value == pytest.approx(0.762, abs=0.002)
    assert outside["per_country_gain"].interval[1] < 0

"""Sentences that every compliance report carries: what it does not cover, how it was made, what words mean."""

NOT_COVERED = (
    "Decisions that the system took without posting a record; the log shows what was posted, in full. Of those "
    "that were lost on the way it is stated how many the model itself reports.",
    "Whether the scores are right. They are as the model reported them; how far independent scorers agree is stated.",
    "Sealed texts (inputs, rationales, labels of options). The log holds commitments to them; the texts were not read.",
    "Controls of this and other laws that are not listed here.",
)

METHOD = (
    (
        "How this report was made",
        "Each query was answered once, at the data cut, and frozen into manifest.json together with the rows behind it "
        "(evidence.jsonl). The pages show the manifest and nothing else; the same manifest gives the same bytes.",
    ),
    (
        "How to check it",
        "Every figure in manifest.json names the query, the fields and the operation it comes from; recomputing it "
        "needs only the two attachments. The entries themselves are in the system's log, whose sealed state is "
        "quoted under the first control; manifest.json holds it as it was signed, which verify-report --vkey checks.",
    ),
    (
        "What a status means",
        "Evidence present: the query found what the control asks to be shown. Partial: it found part of it, and the "
        "sentence says what is missing. No evidence: it found nothing. Not applicable: the system record says why.",
    ),
)

GLOSSARY = (
    ("Edge", "One value the model is judged on, such as privacy or safety, scored from 0 to 1."),
    (
        "Decision record",
        "What a model posted about one decision: its options, their scores on every edge, its choice.",
    ),
    ("Policy", "The weights of the edges, the rule and the limits a model must apply, in numbered versions."),
    (
        "Followed the policy",
        "The choice recomputed from the record equals the choice made, under the policy in force.",
    ),
    ("Deciding edge", "The edge that contributed most to the chosen option beating the next best."),
    ("Hard norm", "A minimum on one edge; an option below it may not be chosen, whatever the weights."),
    ("Data cut", "The moment at which the queries were answered; nothing later is in the report."),
    (
        "Sealed state",
        "The signed size and root hash of the log; two copies of the log agree if their root hashes do.",
    ),
    ("Entry", "One record in the log. Entries are numbered without gaps and are never changed or removed."),
    ("Proportional tally", "How votes become weights: each edge gets weight in proportion to its support."),
    (
        "One edge decides",
        "How much a single edge drives the choices: 0, all in turn; 1, always the same one.",
    ),
    (
        "Whose norms go unheard",
        "The largest shortfall of any group with seats, measured by that group's own weights.",
    ),
    (
        "Answered while unsure",
        "The share of answers below the policy's confidence threshold given without asking first.",
    ),
    ("Finding", "A note that a decision did not follow the policy, with an owner and a due date."),
)


def not_covered() -> list[str]:
    """The list as it is printed on the summary page."""
    return list(NOT_COVERED)

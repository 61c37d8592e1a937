"""Public pages that explain: how votes are counted, how to verify the log, accessibility."""

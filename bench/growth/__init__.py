"""What a refresh costs in a table of ten million users, beside a table of a thousand: ``make growth``."""

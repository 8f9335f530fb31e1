"""Tables that were there before: other collations, other spellings, other types, rows without our values."""

"""Operations on sessions: start, refresh and end them, and issue their tokens."""

"""What a browser loads by itself: the pages of continue, and the client in JavaScript."""

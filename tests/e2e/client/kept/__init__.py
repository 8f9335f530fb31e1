"""Pages that the server renders, kept signed in by one script tag, and what they load later."""

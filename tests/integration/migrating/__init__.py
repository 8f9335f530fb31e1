"""Sites that move from another library, as docs/migrating.md says, with everybody signed in."""

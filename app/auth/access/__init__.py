"""Access to the views of the host: who is signed in, and who may enter."""

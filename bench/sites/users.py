"""The users of the site with Ratchet who can sign in; the others have no password, as its hash takes long."""

PASSWORD = "a password of fifteen letters and more"
SIGN_INS = 20
"""How many they are: the first ones."""

"""The pages of the reference site, and its Ratchet object."""

from app.auth import Ratchet
from app.db import db
from app.models import User

ratchet = Ratchet(db=db, user_model=User)

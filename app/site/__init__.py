"""The pages of the reference site, and the Ratchet that keeps their visitors signed in."""

from app.auth import Ratchet
from app.db import db
from app.models import User

ratchet = Ratchet(db=db, user_model=User)

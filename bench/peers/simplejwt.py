"""Django REST framework with SimpleJWT: rotation with the blacklist; views with the user's row and without.

https://django-rest-framework-simplejwt.readthedocs.io/en/latest/blacklist_app.html
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import django
from django.conf import settings

from bench.sites import ACCESS_SECONDS

SECRET = os.environ.get("BENCH_SECRET", "a secret of no site, only for imports of it")


def database(url: str) -> dict[str, Any]:
    """The database at this URL of SQLAlchemy, with connections that are kept."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        pragmas = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
        options = {"init_command": pragmas, "transaction_mode": "IMMEDIATE", "timeout": 5}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path[1:], "OPTIONS": options}
    kind, options = "postgresql", dict(parse_qsl(parts.query))
    if parts.scheme.startswith("mysql"):
        import pymysql  # noqa: PLC0415  # only for this database

        pymysql.install_as_MySQLdb()
        kind, options = "mysql", {"ssl_disabled": True}
    return {
        "ENGINE": f"django.db.backends.{kind}",
        "HOST": parts.hostname,
        "PORT": parts.port,
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        "NAME": parts.path[1:],
        "OPTIONS": options,
    }


settings.configure(
    SECRET_KEY=SECRET,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    DATABASES={"default": {**database(os.environ.get("BENCH_URL", "sqlite://")), "CONN_MAX_AGE": None}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework_simplejwt",
        "rest_framework_simplejwt.token_blacklist",
    ],
    MIDDLEWARE=["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"],
    REST_FRAMEWORK={"DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]},
    SIMPLE_JWT={
        "ACCESS_TOKEN_LIFETIME": timedelta(seconds=ACCESS_SECONDS),
        "ROTATE_REFRESH_TOKENS": True,
        "BLACKLIST_AFTER_ROTATION": True,
    },
)
django.setup()

# What knows a model can be imported only now.
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework.permissions import IsAuthenticated  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402
from rest_framework_simplejwt.authentication import (  # noqa: E402
    JWTAuthentication,
    JWTStatelessUserAuthentication,
)
from rest_framework_simplejwt.tokens import RefreshToken  # noqa: E402
from rest_framework_simplejwt.views import TokenRefreshView  # noqa: E402


class Bare(APIView):
    """A view for everybody."""

    authentication_classes = ()
    permission_classes = ()

    def get(self, _request: Any) -> Response:
        """Answer."""
        return Response("Dear Ada,")


class Guarded(Bare):
    """A view for a user, whose row is read."""

    authentication_classes = (JWTAuthentication,)
    permission_classes = (IsAuthenticated,)


class Stateless(Guarded):
    """A view for whoever has an access token."""

    authentication_classes = (JWTStatelessUserAuthentication,)


urlpatterns = [
    path("bare", Bare.as_view()),
    path("guarded", Guarded.as_view()),
    path("stateless", Stateless.as_view()),
    path("refresh", TokenRefreshView.as_view()),
]
app = get_wsgi_application()


def prepare(sessions: int, accesses: int) -> dict[str, list[str]]:
    """Users with a refresh token each, and access tokens of the first one."""
    call_command("migrate", verbosity=0, stdout=sys.stderr)
    users = [User.objects.create(username=f"ada{number}") for number in range(sessions)]
    refresh = [RefreshToken.for_user(user) for user in users]
    return {
        "access": [str(refresh[0].access_token) for _ in range(accesses)],
        "body": [str(token) for token in refresh],
    }

"""The cookies: what they are set with, what clears them, and what is read of a strange header."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from http.cookies import SimpleCookie
from typing import Any

import pytest
from flask import Flask, Response, request
from itsdangerous import Signer

from app.auth.web.cookies import CONTINUED_FOR, COOKIE_SALT, MAX_CANDIDATES, MAX_HEADER, Cookies

from ...support.samples import SECRET

SPARES = ("refreshTokenSpare", "signedInSpare")
NOW = 1_800_000_000.0
TOKEN = "head.claims.signature"
OLD_SECRET = "the secret before this one, of some length"
COOKIES = Cookies(
    secrets=(SECRET,),
    refresh_name="refreshToken",
    refresh_path="/auth",
    domain=None,
    secure=True,
    samesite="Lax",
    with_access=True,
    partitioned=False,
    clock=lambda: NOW,
)
OTHERWISE = replace(
    COOKIES, refresh_name="rt", refresh_path="/a", domain="example.org", secure=False, samesite="Strict"
)


def signed(token: str, secret: str = SECRET, digest: Any = hashlib.sha256) -> str:
    """A token as it stands in the cookie."""
    signer = Signer(secret, COOKIE_SALT, key_derivation="hmac", digest_method=digest)
    return signer.sign(token).decode()


GOOD = signed(TOKEN)


@pytest.fixture(autouse=True)
def _within_a_request() -> Iterator[None]:
    with Flask(__name__).test_request_context():
        yield


def set_by(
    cookies: Cookies, max_age: int | None = 600, session_id: str = "phone", *, spare: bool = False
) -> dict[str, dict[str, Any]]:
    """Value and attributes of the cookies that are set, by name."""
    response = Response()
    cookies.set(response, "access", TOKEN, session_id=session_id, max_age=max_age, spare=spare)
    return _parsed(response)


def cleared_by(cookies: Cookies) -> dict[str, dict[str, Any]]:
    """Value and attributes of the cookies that are cleared, by name."""
    response = Response()
    cookies.clear(response)
    return _parsed(response)


def continued_by(cookies: Cookies, page: str = "") -> dict[str, dict[str, Any]]:
    """Value and attributes of the cookie that tells of a renewal."""
    response = Response()
    cookies.set_continued(response, *([page] if page else []))
    return _parsed(response)


def was_continued(
    header: str, within: float, page: str = "", *, after: float = 0, cookies: Cookies = COOKIES
) -> bool:
    """Whether a Cookie header tells of a renewal, ``after`` seconds."""
    later = replace(cookies, clock=lambda: NOW + after)
    with Flask(__name__).test_request_context(environ_overrides={"HTTP_COOKIE": header}):
        return later.was_continued(request, within, *([page] if page else []))


def read(header: str, cookies: Cookies = COOKIES) -> list[str] | None:
    """The refresh tokens in a Cookie header of these bytes."""
    with Flask(__name__).test_request_context(environ_overrides={"HTTP_COOKIE": header}):
        return cookies.read_refresh(request)


def _set(cookies: Cookies, response: Response) -> None:
    cookies.set(response, "access", TOKEN, session_id="phone", max_age=600)


def _parsed(response: Response) -> dict[str, dict[str, Any]]:
    found = {}
    for header in response.headers.getlist("Set-Cookie"):
        for name, morsel in SimpleCookie(header).items():
            found[name] = {"value": morsel.value} | {key: value for key, value in morsel.items() if value}
    return found


def test_the_refresh_cookie_goes_to_the_routes_alone() -> None:
    """No script and no other path sees it, and no page of another site sends it along."""
    cookie = set_by(COOKIES)["refreshToken"]
    del cookie["expires"]
    assert cookie == {
        "value": GOOD,
        "path": "/auth",
        "max-age": "600",
        "secure": True,
        "httponly": True,
        "samesite": "Lax",
    }


def test_the_access_cookie_goes_to_every_page() -> None:
    """It holds the access token as it is, and no script sees it."""
    cookie = set_by(COOKIES)["accessToken"]
    assert (cookie["value"], cookie["path"], cookie["httponly"]) == ("access", "/", True)


def test_the_signed_in_cookie_is_for_script() -> None:
    """It is the only one that script can read, and goes to every page."""
    cookie = set_by(COOKIES)["signedIn"]
    assert cookie["path"] == "/"
    assert "httponly" not in cookie


def test_the_signed_in_cookie_tells_two_sessions_apart() -> None:
    """A tab notices that somebody else signed in, and learns nothing of the session."""
    first, again, other = (set_by(COOKIES, session_id=name)["signedIn"]["value"] for name in "aab")
    assert first == again != other
    assert "phone" not in set_by(COOKIES)["signedIn"]["value"]
    assert re.fullmatch(r"1\.[0-9a-f]{12}", first)


FRAMED = replace(COOKIES, samesite="None", partitioned=True)


@pytest.mark.parametrize(
    "cookies", [COOKIES, OTHERWISE, FRAMED], ids=["by default", "set otherwise", "for a frame"]
)
def test_what_is_set_is_cleared(cookies: Cookies) -> None:
    """Each cookie is cleared with the attributes it was set with, else a browser would keep it."""
    changing = {"value", "max-age", "expires"}
    were, are = (
        {name: {key: cookie[key] for key in cookie.keys() - changing} for name, cookie in found.items()}
        for found in (set_by(cookies, spare=True), cleared_by(cookies))
    )
    assert were == are
    assert all(cookie["max-age"] == "0" for cookie in cleared_by(cookies).values())


@pytest.mark.parametrize("change", [_set, Cookies.clear], ids=["set", "cleared"])
def test_cookies_for_a_frame_are_partitioned(change: Callable[[Cookies, Response], None]) -> None:
    """All of them, with SameSite=None and Secure: browsers keep them apart for each site around a frame."""
    for cookies, is_partitioned in ((FRAMED, True), (COOKIES, False)):
        change(cookies, response := Response())
        headers = response.headers.getlist("Set-Cookie")
        partitioned = [header for header in headers if "; Partitioned" in header]
        assert len(headers) >= 3
        assert partitioned == (headers if is_partitioned else [])
        assert all("; Secure" in header and "; SameSite=None" in header for header in partitioned)


@pytest.mark.parametrize(
    ("header", "ours"),
    [
        pytest.param("accessToken=a; Path=/", True, id="the access cookie"),
        pytest.param("refreshToken=; Max-Age=0", True, id="the refresh cookie, cleared"),
        pytest.param("signedIn=1", True, id="the one for script"),
        pytest.param("refreshTokenSpare=a", True, id="the spare"),
        pytest.param("signedInSpare=1", True, id="the spare of the mark"),
        pytest.param("session=accessToken", False, id="one of the host"),
        pytest.param("accessTokens=a", False, id="a name that begins alike"),
    ],
)
def test_a_reply_with_our_cookies_is_known(header: str, *, ours: bool) -> None:
    """No cache may keep it, so it is found whoever has set them."""
    response = Response(headers=[("Set-Cookie", "theme=dark"), ("Set-Cookie", header)])
    assert COOKIES.are_in(response) is ours


@pytest.mark.parametrize("name", ["rt", "rtAccess", "rtSignedIn", "rtSpare", "rtSignedInSpare"])
def test_the_settings_hold_for_every_cookie(name: str) -> None:
    """Domain, Secure and SameSite are the same for all."""
    cookie = set_by(OTHERWISE, spare=True)[name]
    assert (cookie["domain"], cookie["samesite"]) == ("example.org", "Strict")
    assert "secure" not in cookie


def test_without_max_age_the_cookies_last_until_the_browser_closes() -> None:
    """Who did not ask to be remembered is not."""
    for cookie in set_by(COOKIES, None).values():
        assert not cookie.keys() & {"max-age", "expires"}


@pytest.mark.parametrize(
    ("header", "found"),
    [
        pytest.param("theme=dark; accessToken=a.b.c", ["a.b.c"], id="as it was set"),
        pytest.param("accessToken=a; accessToken=b", ["a", "b"], id="two, of which each is tried"),
        pytest.param('accessToken="a.b.c"', ['"a.b.c"'], id="in quotes, so that it is no token"),
        pytest.param(
            'accessToken="a\\056b"; accessToken=b', ['"a\\056b"', "b"], id="in quotes before another"
        ),
        pytest.param("; ".join(f"accessToken={n}" for n in range(9)), list("012345678"), id="behind eight"),
        pytest.param("accessToken=a; accessToken=a", ["a"], id="the same twice"),
        pytest.param("accesstoken=a; xaccessToken=a", [], id="other names"),
        pytest.param("", [], id="none"),
    ],
)
def test_what_is_read_of_access_cookies(header: str, found: list[str]) -> None:
    """Each is read as it was sent."""
    with Flask(__name__).test_request_context(headers={"Cookie": header}):
        assert COOKIES.read_access(request) == found


def test_without_the_access_cookie_it_is_neither_set_nor_read_but_cleared() -> None:
    """A cookie from before the setting was changed goes away with the others."""
    without = replace(COOKIES, with_access=False)
    with Flask(__name__).test_request_context(headers={"Cookie": "accessToken=a"}):
        assert without.read_access(request) == []
        assert COOKIES.read_access(request) == ["a"]
    assert set_by(without).keys() == {"refreshToken", "signedIn"}
    assert cleared_by(without).keys() == set(COOKIES.names) - {"ratchetContinued"}


def test_below_a_path_of_a_proxy_the_cookies_live_below_it() -> None:
    """The browser knows the site by the path that the proxy takes away."""
    with Flask(__name__).test_request_context(environ_overrides={"SCRIPT_NAME": "/shop"}):
        paths = {name: cookie["path"] for name, cookie in set_by(COOKIES).items()}
    assert paths == {"refreshToken": "/shop/auth", "accessToken": "/shop", "signedIn": "/shop"}


def test_the_signature_is_sha_256() -> None:
    """43 characters of it; a cookie signed with SHA-1, the default of the library, is not read."""
    assert len(GOOD.rpartition(".")[2]) == 43
    assert read(f"refreshToken={GOOD}") == [TOKEN]
    assert read(f"refreshToken={signed(TOKEN, digest=hashlib.sha1)}") == []


def test_the_signature_is_what_it_always_was() -> None:
    """An update of the library, or another salt, would sign everybody out."""
    key = hmac.digest(SECRET.encode(), b"ratchet refresh cookie", "sha256")
    signature = urlsafe_b64encode(hmac.digest(key, TOKEN.encode(), "sha256")).decode().rstrip("=")
    assert set_by(COOKIES)["refreshToken"]["value"] == f"{TOKEN}.{signature}"


def test_a_fallback_secret_is_accepted_and_never_signs() -> None:
    """After a change of secret old cookies hold, and new ones carry the new signature."""
    both = replace(COOKIES, secrets=(SECRET, OLD_SECRET.encode()))
    assert read(f"refreshToken={signed(TOKEN, OLD_SECRET)}", both) == [TOKEN]
    assert set_by(both)["refreshToken"]["value"] == GOOD
    assert read(f"refreshToken={signed(TOKEN, OLD_SECRET)}") == []


def test_two_cookies_of_one_name_are_both_read() -> None:
    """An old path or a parent domain can leave a second one: neither hides the other."""
    other = signed("other.token.here")
    assert read(f"refreshToken={other}; refreshToken={GOOD}") == ["other.token.here", TOKEN]
    assert read(f"refreshToken=rubbish; refreshToken={GOOD}") == [TOKEN]


def test_only_so_many_cookies_of_one_name_are_tried() -> None:
    """A request cannot make the site look at rows without end; an 8 KB header has room for fewer."""
    header = "; ".join(f"refreshToken={signed(f'token.{number}.x')}" for number in range(50))
    assert len(read(header) or ()) == MAX_CANDIDATES == 32
    assert len(f"refreshToken={signed('x' * 250)}; ") * MAX_CANDIDATES > 8190


def test_junk_does_not_hide_the_good_cookie() -> None:
    """Only cookies whose signature holds are counted, however many a sibling host has set."""
    junk = "; ".join(f"refreshToken={number}.{GOOD}" for number in range(100))
    assert read(f"{junk}; refreshToken={GOOD}") == [TOKEN]


@pytest.mark.parametrize(
    ("name", "names"),
    [
        pytest.param(
            "refreshToken",
            (
                "refreshToken",
                "accessToken",
                "signedIn",
                "refreshTokenSpare",
                "signedInSpare",
                "ratchetContinued",
            ),
            id="the default",
        ),
        pytest.param(
            "shop",
            ("shop", "shopAccess", "shopSignedIn", "shopSpare", "shopSignedInSpare", "shopContinued"),
            id="another name",
        ),
        pytest.param(
            "__Host-shop",
            (
                "__Host-shop",
                "__Host-shopAccess",
                "__Host-shopSignedIn",
                "__Host-shopSpare",
                "__Host-shopSignedInSpare",
                "__Host-shopContinued",
            ),
            id="another name with a prefix",
        ),
        pytest.param(
            "__secure-refreshToken",
            (
                "__secure-refreshToken",
                "__secure-accessToken",
                "__secure-signedIn",
                "__secure-refreshTokenSpare",
                "__secure-signedInSpare",
                "__secure-ratchetContinued",
            ),
            id="the default with a prefix",
        ),
    ],
)
def test_every_name_follows_that_of_the_refresh_cookie(name: str, names: tuple[str, ...]) -> None:
    """Two sites on one host, at two ports, share no cookie once one of them has a name of its own."""
    cookies = replace(COOKIES, refresh_name=name)
    assert cookies.names == names
    assert set_by(cookies, spare=True).keys() | continued_by(cookies).keys() == set(names)


def test_host_cookies_have_the_path_of_the_site() -> None:
    """Browsers take a cookie with ``__Host-`` only with Path=/ and Secure, and without Domain."""
    cookies = replace(COOKIES, refresh_name="__Host-shop", refresh_path="/")
    for cookie in [*set_by(cookies, spare=True).values(), *continued_by(cookies).values()]:
        assert (cookie["path"], cookie["secure"], "domain" in cookie) == ("/", True, False)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        pytest.param(f"refreshTokenSpare={GOOD}", [TOKEN], id="the spare only"),
        pytest.param(
            f"refreshTokenSpare={GOOD}; refreshToken={signed('a.b.c')}", ["a.b.c", TOKEN], id="the spare last"
        ),
        pytest.param(f"refreshToken={GOOD}; refreshTokenSpare={GOOD}", [TOKEN], id="the same twice"),
        pytest.param(f"refreshToken=junk; refreshTokenSpare={GOOD}", [TOKEN], id="beside a foreign cookie"),
    ],
)
def test_the_spare_is_read_as_well(header: str, found: list[str]) -> None:
    """What a late reply has put into the refresh cookie hides no token of the newer session."""
    assert read(header) == found


@pytest.mark.parametrize(
    ("header", "cleared"),
    [
        pytest.param(f"refreshTokenSpare={GOOD}", True, id="a spare"),
        pytest.param("", False, id="no spare"),
    ],
)
def test_a_spare_that_is_not_set_anew_goes(header: str, *, cleared: bool) -> None:
    """No spare stays behind with a token that is older than the one in the refresh cookie."""
    with Flask(__name__).test_request_context("/auth/refresh", headers={"Cookie": header}):
        assert {name in set_by(COOKIES) for name in SPARES} == {cleared}


@pytest.mark.parametrize(
    ("path", "header", "cleared"),
    [
        pytest.param("/auth/logout", "", False, id="a request from before the spare was set"),
        pytest.param("/auth/logout", f"refreshTokenSpare={GOOD}", True, id="a request that presents it"),
        pytest.param("/auth/logout", "signedInSpare=1.a", True, id="one that presents the mark's alone"),
        pytest.param("/sign-out", "", True, id="a page of the host, to which it is not sent"),
    ],
)
def test_a_sign_out_clears_the_spare_that_it_knows_of(path: str, header: str, *, cleared: bool) -> None:
    """A late sign-out leaves the spare of a session that began after its request."""
    with Flask(__name__).test_request_context(path, headers={"Cookie": header}):
        assert {name in cleared_by(COOKIES) for name in SPARES} == {cleared}


def test_the_browser_says_for_half_a_minute_that_a_page_was_renewed_for() -> None:
    """On every page, and not to script; nothing of the page's address can be read in it."""
    cookie = continued_by(COOKIES, "/orders?of=ada")["ratchetContinued"]
    at, mark, signature = cookie["value"].split(".")
    assert (int(at), len(mark), len(signature)) == (NOW, 12, 43)
    assert (cookie["path"], cookie["httponly"], cookie["secure"], cookie["samesite"]) == (
        "/",
        True,
        True,
        "Lax",
    )
    assert cookie["max-age"] == str(CONTINUED_FOR) == "30"


@pytest.mark.parametrize(
    ("after", "page", "told"),
    [
        pytest.param(0, "/orders", True, id="at once"),
        pytest.param(10, "/orders", True, id="at the end of the time"),
        pytest.param(11, "/orders", False, id="later"),
        pytest.param(-1, "/orders", True, id="before, by a clock that was put back"),
        pytest.param(-60, "/orders", True, id="long before, by a clock that is far behind"),
        pytest.param(0, "/", False, id="another page"),
        pytest.param(0, "", False, id="a renewal that was only tried"),
    ],
)
def test_a_renewal_is_told_of_one_page_and_for_a_while(after: float, page: str, *, told: bool) -> None:
    """A page is not sent around twice in a row; another page, or the same one later, is."""
    value = continued_by(COOKIES, "/orders")["ratchetContinued"]["value"]
    assert was_continued(f"ratchetContinued={value}", 10, page, after=after) is told


def test_a_renewal_that_was_only_tried_is_told_too() -> None:
    """It is of no page: any page for everybody then goes on as for nobody."""
    value = continued_by(COOKIES)["ratchetContinued"]["value"]
    assert was_continued(f"ratchetContinued={value}", 30, after=30)
    assert not was_continued(f"ratchetContinued={value}", 30, "/orders")
    assert value.split(".")[1] == hashlib.sha256(b"").hexdigest()[:12]


def test_the_signature_of_a_renewal_is_of_its_own_kind() -> None:
    """Its salt is another one, so that neither cookie can be used as the other."""
    body, _, signature = continued_by(COOKIES)["ratchetContinued"]["value"].rpartition(".")
    key = hmac.digest(SECRET.encode(), b"ratchet continued cookie", "sha256")
    expected = urlsafe_b64encode(hmac.digest(key, body.encode(), "sha256")).decode().rstrip("=")
    assert signature == expected


def test_nobody_can_make_up_a_renewal() -> None:
    """Neither a sibling host nor a refresh cookie, which has a salt of its own; junk hides no good one."""
    value = continued_by(COOKIES, "/orders")["ratchetContinued"]["value"]
    body = value.rpartition(".")[0]
    forged = [f"{body}.{'A' * 43}", body, "", signed(body)]
    assert not any(was_continued(f"ratchetContinued={junk}", 10, "/orders") for junk in forged)
    header = "; ".join(f"ratchetContinued={junk}" for junk in [*forged, value])
    assert was_continued(header, 10, "/orders")
    old = continued_by(replace(COOKIES, secrets=(OLD_SECRET,)), "/orders")["ratchetContinued"]["value"]
    assert not was_continued(f"ratchetContinued={old}", 10, "/orders")
    both = replace(COOKIES, secrets=(SECRET, OLD_SECRET))
    assert was_continued(f"ratchetContinued={old}", 10, "/orders", cookies=both)


def test_a_page_whose_address_is_no_text_can_be_renewed_for() -> None:
    """Bytes that are not UTF-8 come as lone surrogates."""
    value = continued_by(COOKIES, "/\udcff")["ratchetContinued"]["value"]
    assert was_continued(f"ratchetContinued={value}", 10, "/\udcff")


@pytest.mark.parametrize(
    ("header", "there"),
    [
        pytest.param("signedIn=1.a", True, id="the mark for script"),
        pytest.param("signedInSpare=1.a", True, id="its spare"),
        pytest.param("accessToken=a", True, id="an access cookie"),
        pytest.param("refreshToken=a; theme=dark", False, id="others"),
        pytest.param("", False, id="none"),
    ],
)
def test_the_trace_of_a_session(header: str, *, there: bool) -> None:
    """A session that is over leaves one too; the refresh cookie is not sent to a page."""
    with Flask(__name__).test_request_context(headers={"Cookie": header}):
        assert COOKIES.has_trace(request) is there


@pytest.mark.parametrize(
    ("header", "there"), [("refreshTokenSpare=a", True), ("signedInSpare=a", True), ("refreshToken=a", False)]
)
def test_a_spare_is_noticed(header: str, *, there: bool) -> None:
    """It is held where the request presents one, be it good or not."""
    with Flask(__name__).test_request_context(headers={"Cookie": header}):
        assert COOKIES.holds_spare() is there


def test_a_spare_holds_the_same_token() -> None:
    """It is set only where it is asked for, beside the refresh cookie and with its attributes."""
    cookies = set_by(COOKIES, spare=True)
    assert cookies["refreshTokenSpare"] == cookies["refreshToken"]
    assert cookies["signedInSpare"] == cookies["signedIn"]
    _set(COOKIES, response := Response())
    assert _parsed(response).keys() == {"refreshToken", "accessToken", "signedIn"}


@pytest.mark.parametrize(
    ("path", "refresh_path", "cleared"),
    [
        pytest.param("/auth/logout", "/auth", False, id="below the prefix"),
        pytest.param("/auth", "/auth", False, id="the prefix itself"),
        pytest.param("/authors", "/auth", True, id="a path that only begins alike"),
        pytest.param("/sign-out", "/", False, id="everywhere, where the prefix is the root"),
    ],
)
def test_a_spare_that_would_have_been_sent_is_not_there(
    path: str, refresh_path: str, *, cleared: bool
) -> None:
    """Only a request to the path of the refresh cookie shows that its browser has no spare."""
    with Flask(__name__).test_request_context(path):
        there = "refreshTokenSpare" in cleared_by(replace(COOKIES, refresh_path=refresh_path))
    assert there is cleared


def test_cookies_that_no_secret_signed_are_explained_to_the_operator(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Once: a site whose SECRET_KEY differs between workers signs people out at random."""
    apart = Cookies(**{item.name: getattr(COOKIES, item.name) for item in fields(Cookies)[:-1]})
    for _ in range(2):
        apart.foreign.log()
    (line,) = caplog.messages
    assert "no secret of this app signed it" in line
    assert "SECRET_KEY differs between workers" in line
    assert "RATCHET_COOKIE_NAME" in line


@pytest.mark.parametrize(("room", "there"), [(0, True), (1, False)])
def test_a_header_of_many_lines_is_not_read(room: int, *, there: bool) -> None:
    """No browser and no usual proxy sends so much; a server joins as many lines as it takes."""
    header = f"accessToken=a; {'x' * (MAX_HEADER - len('accessToken=a; ') + room)}"
    with Flask(__name__).test_request_context(environ_overrides={"HTTP_COOKIE": header}):
        assert COOKIES.read_access(request) == (["a"] if there else [])
        assert COOKIES.has_trace(request) is there
    assert MAX_HEADER == 32_768

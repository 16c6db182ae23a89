"""A genuine OpenID provider for the tests: django-oauth-toolkit behind Django's sign-in form, on a loopback port.

openid_provider.py PORT PUBLIC_URL FOLDER: its issuer is http://127.0.0.1:PORT, its only client belongs to PUBLIC_URL.
PUT /control/users/NAME with JSON creates or changes a user, and answers with the user's subject.
"""

import json
import pathlib
import sys

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.conf import settings

PORT, PUBLIC_URL, FOLDER = int(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
CLIENT_ID, CLIENT_SECRET = "neuroai", "a secret: of the client/100%"
SIGN_IN_FORM = "<form method=post>{% csrf_token %}{{ form }}<button>Sign in</button></form>"

key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = key.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

settings.configure(
    SECRET_KEY="of the tests",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    USE_TZ=True,
    # Cookies have no ports: these must not meet those of the server that is tested.
    SESSION_COOKIE_NAME="provider_session",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "oauth2_provider"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"registration/login.html": SIGN_IN_FORM})]},
    }],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(FOLDER / "provider.sqlite3")}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    OAUTH2_PROVIDER={
        "OIDC_ENABLED": True,
        "OIDC_RSA_PRIVATE_KEY": PEM,
        "OIDC_ISS_ENDPOINT": f"http://127.0.0.1:{PORT}",
        "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
        "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False,
        "OIDC_RP_INITIATED_LOGOUT_STRICT_REDIRECT_URIS": False,
        "OAUTH2_VALIDATOR_CLASS": f"{__name__}.Validator",
        "SCOPES": {"openid": "sign in", "email": "email address", "profile": "names and roles"},
        "PKCE_REQUIRED": True,
        # RFC 9700: S256 alone, and `iss` in responses (RFC 9207).
        "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
        "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    })
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.contrib.auth.views import LoginView  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402
from oauth2_provider.models import get_application_model  # noqa: E402
from oauth2_provider.oauth2_validators import OAuth2Validator  # noqa: E402

# What the provider knows of its users besides their passwords.
claims_of = {}


class Validator(OAuth2Validator):
    """Claims by scope, in the ID token and the user info, or in the latter alone."""

    oidc_claim_scope = OAuth2Validator.oidc_claim_scope | {"realm_access": "profile"}

    def get_claim_dict(self, request):
        return {"sub": str(request.user.pk)} | claims_of.get(request.user.username, {}).get("claims", {})

    def get_id_token_dictionary(self, token, token_handler, request):
        claims, expiration = super().get_id_token_dictionary(token, token_handler, request)
        if claims_of.get(request.user.username, {}).get("userinfo_only"):
            for name in ("email", "email_verified", "given_name", "family_name", "realm_access"):
                claims.pop(name, None)
        return claims, expiration


@csrf_exempt
def control(request, name):
    wanted = json.loads(request.body)
    user, _ = User.objects.get_or_create(username=name)
    user.set_password(wanted["password"])
    user.save()
    claims_of[name] = wanted
    return JsonResponse({"sub": str(user.pk)})


urlpatterns = [
    path("control/users/<str:name>", control),
    path("accounts/login/", LoginView.as_view()),
    path("", include("oauth2_provider.urls", namespace="oauth2_provider")),
]


class QuietHandler(WSGIRequestHandler):
    def log_message(self, format, *args):
        pass


def main():
    call_command("migrate", verbosity=0)
    Application = get_application_model()
    Application.objects.create(
        name="NeuroAI", client_id=CLIENT_ID, client_secret=CLIENT_SECRET,
        client_type=Application.CLIENT_CONFIDENTIAL, authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        algorithm=Application.RS256_ALGORITHM, skip_authorization=True,
        redirect_uris=f"{PUBLIC_URL}/login/oidc/callback", post_logout_redirect_uris=f"{PUBLIC_URL}/login")
    server = ThreadedWSGIServer(("127.0.0.1", PORT), QuietHandler)
    server.set_app(get_wsgi_application())
    print("ready", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    # Under its own name, by which the settings find the URLs and the validator.
    sys.modules["openid_provider"] = sys.modules["__main__"]
    main()

"""Superset's settings for one home, named to it by SUPERSET_CONFIG_PATH.

Belongs here: what differs from Superset's defaults, each with its reason. Does not belong here: what is shown
(`declared.py`).
"""

from bi import bundle, state
from orchestration.settings import Settings

_state = state.of(Settings.from_environment())

SECRET_KEY = _state.secret_key
SQLALCHEMY_DATABASE_URI = f"sqlite:///{_state.database}"
# DuckDB is a file, which Superset takes for unsafe; this one is opened read-only and reaches no other file.
PREVENT_UNSAFE_DB_CONNECTIONS = False
# Figures are read anew each time: a publication shows at the next reload.
CACHE_CONFIG = DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
FILTER_STATE_CACHE_CONFIG = EXPLORE_FORM_DATA_CACHE_CONFIG = {
    "CACHE_TYPE": "SupersetMetastoreCache",
    "CACHE_DEFAULT_TIMEOUT": 86_400,
}
# One person's tool on one machine: requests are counted in memory, and one process serves.
RATELIMIT_STORAGE_URI = "memory://"
FEATURE_FLAGS = {
    # A segment is looked up inside a dataset's query.
    "ENABLE_TEMPLATE_PROCESSING": True,
    # Charts load at once, so that a long page prints whole.
    "DASHBOARD_VIRTUALIZATION": False,
    "ALERT_REPORTS": False,
}
# Pages ask nobody but this server for anything: neither telemetry's pixel nor maps nor fonts.
_OWN = "'self'"
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": [_OWN],
        "default-src": [_OWN],
        "img-src": [_OWN, "blob:", "data:"],
        "worker-src": [_OWN, "blob:"],
        "connect-src": [_OWN],
        "object-src": "'none'",
        "style-src": [_OWN, "'unsafe-inline'"],
        "font-src": [_OWN],
        "script-src": [_OWN, "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
THEME_DARK = None
APP_NAME = "E-mail micro-conversions"
# Okabe and Ito's palette, told apart by the colour-blind; its yellow and black, weak on white, stand last.
EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": bundle.COLOURS,
        "description": "Okabe and Ito: told apart with every kind of colour vision",
        "label": "Colour-blind safe",
        "isDefault": True,
        "colors": ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#666666", "#F0E442"],
    }
]
EXTRA_SEQUENTIAL_COLOR_SCHEMES = [
    {
        "id": bundle.SHADES,
        "description": "One hue from light to dark: read without colours",
        "isDiverging": False,
        "label": "Blues, light to dark",
        "isDefault": True,
        "colors": ["#EFF6FB", "#BBD9EC", "#7CB6D9", "#3A8EC0", "#0072B2"],
    }
]

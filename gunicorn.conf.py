"""How gunicorn serves the site: ``gunicorn wsgi:app``. The command line can give other values."""

import os

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
# In each worker up to ten sign-ins (MAX_HASHES) hash or wait for that, and each holds a thread. The other six
# serve refreshes and pages.
threads = 16
# The site is loaded once and the workers are forked from it, so that they share the memory of its code. The
# trade: SIGHUP replaces the workers, but a new release or a changed setting takes a restart.
preload_app = True
timeout = 30
graceful_timeout = 10
keepalive = 5
# Longer than any honest request line or header; a browser's cookies for one site stay below it.
limit_request_line = 4094
limit_request_field_size = 8190
# Cookie lines are joined, and Flask parses all of them. A browser behind two proxies sends about thirty.
limit_request_fields = 64
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108  # heartbeats off disk
control_socket_disable = True

# The audit trail goes to standard output, one JSON object a line; everything else to standard error.
logconfig_dict = {
    "formatters": {
        "generic": {"format": "%(asctime)s [%(process)d] [%(levelname)s] %(message)s"},
        "plain": {"format": "%(message)s"},
    },
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "generic", "stream": "ext://sys.stderr"},
        "audit": {"class": "logging.StreamHandler", "formatter": "plain", "stream": "ext://sys.stdout"},
    },
    "root": {"level": "WARNING", "handlers": ["console"]},
    "loggers": {
        "gunicorn.error": {"level": "INFO", "handlers": ["console"], "propagate": False},
        "gunicorn.access": {"level": "WARNING", "handlers": ["console"], "propagate": False},
        "flask_ratchet.audit": {"level": "INFO", "handlers": ["audit"], "propagate": False},
    },
}

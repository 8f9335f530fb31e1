"""How Alembic reaches the database of the site: through the app that Flask-Migrate runs in."""

from __future__ import annotations

from logging.config import fileConfig

from alembic import context
from flask import current_app

migrate = current_app.extensions["migrate"]
metadata = migrate.db.metadata

if context.config.config_file_name is not None and not current_app.testing:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)


def print_sql() -> None:
    """``flask db upgrade --sql``: write the statements down instead of running them."""
    url = migrate.db.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run() -> None:
    """Run the migrations (Flask-Migrate has SQLite rebuild a table where it cannot alter it)."""
    with migrate.db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=metadata,
            **migrate.configure_args,
        )
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    print_sql()
else:
    run()

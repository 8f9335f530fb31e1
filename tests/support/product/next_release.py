"""A next release, made from this one: a migration more, or a field more in what a session remembers."""

from __future__ import annotations

import shutil
from pathlib import Path

from alembic.script import ScriptDirectory

from tests.support import ROOT

REVISION = '''"""Add a column that this release knows nothing of."""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{head}"


def upgrade() -> None:
    op.add_column("users", sa.Column("nickname", sa.String(80), nullable=True))


def downgrade() -> None:
    op.drop_column("users", "nickname")
'''
LAST_FIELD = '    label: str = ""\n'
NEW_FIELD = "place"


def next_migrations(folder: Path) -> Path:
    """A copy of the migrations with one more, an additive one."""
    copy = folder / "migrations"
    shutil.copytree(ROOT / "migrations", copy, ignore=shutil.ignore_patterns("__pycache__"))
    head = ScriptDirectory(str(copy)).get_current_head()
    (copy / "versions" / "9999_next.py").write_text(REVISION.format(head=head))
    return copy


def next_site(folder: Path) -> Path:
    """A copy of the site whose sessions have one more field, ``place``."""
    copy = folder / "site"
    shutil.copytree(ROOT / "app", copy / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "wsgi.py", copy)
    rule = copy / "app" / "auth" / "lifecycle" / "rotation.py"
    source = rule.read_text()
    assert source.count(LAST_FIELD) == 1
    rule.write_text(source.replace(LAST_FIELD, f'{LAST_FIELD}    {NEW_FIELD}: str = "somewhere"\n'))
    return copy

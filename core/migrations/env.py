"""What Alembic runs a migration in: the connection `core.migrations.upgrade` hands it, inside its transaction."""

from alembic import context

from core.database import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()

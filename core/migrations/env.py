"""What Alembic runs a migration in: the connection `core.migrations.upgrade` hands it, inside its transaction."""

from alembic import context

from core.database import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, user_module_prefix="database.")
context.run_migrations()

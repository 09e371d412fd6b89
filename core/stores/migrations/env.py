"""How Alembic runs the migrations of a store: on the connection it is handed, inside the caller's transaction.

Logging is left alone: the daemon has set it up, and a library has no business there.
"""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    render_as_batch=True,
)
context.run_migrations()

"""The bundled plugins, each loaded through the same entry points as anybody else's."""

"""Configure every Python kernel of the image."""

c = get_config()  # noqa: F821 - given by IPython

c.InteractiveShellApp.extensions = ["myelin.charts"]

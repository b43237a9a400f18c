"""Start the notebook server of this container: `python -I -m myelin_server`."""

import os
import sys
from pathlib import Path

from myelin_server.home import fix_environment, prepare_home

HOME = Path("/home/researcher")


def main() -> None:
    """Prepare the home folder, then serve until the hub stops the container."""
    fix_environment(HOME)
    for problem in prepare_home(HOME):
        print(f"myelin: {problem}", file=sys.stderr)
    os.chdir(HOME)
    from myelin_server.app import NotebookServer  # after the environment is fixed: Jupyter reads it when imported

    NotebookServer.launch_instance()


if __name__ == "__main__":
    main()

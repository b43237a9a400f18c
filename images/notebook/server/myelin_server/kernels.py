"""The kernels of the image, and no other: the server would serve every file beside a kernel's description."""

import sys

from jupyter_client.kernelspec import KernelSpecManager
from traitlets import default


class ImageKernels(KernelSpecManager):  # type: ignore[misc]
    """Look for kernels in the image alone, not in the home folder."""

    @default("kernel_dirs")  # type: ignore[untyped-decorator]
    def _folders_of_the_image(self) -> list[str]:
        return [f"{sys.prefix}/share/jupyter/kernels"]

"""Configure the notebook server. Only root can write this file; nothing in a home folder is read after it."""

c = get_config()  # noqa: F821 - given by Jupyter

MEBIBYTE = 2**20

# Where it works: the person's home folder and the kernels of the image
c.ServerApp.root_dir = "/home/researcher"
c.ServerApp.kernel_spec_manager_class = "myelin_server.kernels.ImageKernels"

# What it does not do
c.ServerApp.terminals_enabled = False
c.ServerApp.quit_button = False
c.LabApp.extension_manager = "readonly"
c.LabApp.lock_all_plugins = True
c.LabApp.news_url = None
c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"

# How much passes through the browser
c.ServerApp.contents_manager_class = "myelin_server.contents.SizeLimitedContents"
c.SizeLimitedContents.max_read_bytes = 16 * MEBIBYTE
c.SizeLimitedContents.delete_to_trash = False
c.ServerApp.max_body_size = 32 * MEBIBYTE
c.ZMQChannelsWebsocketConnection.iopub_data_rate_limit = 1_000_000  # bytes of printed text a second

# What a page of this server may load: itself only, so that an output cannot fetch from or send to another address.
# JupyterLab compiles schemas (unsafe-eval) and draws with inline styles and scripts.
c.ServerApp.tornado_settings = {
    "headers": {
        "Content-Security-Policy": "; ".join(
            (
                "default-src 'self'",
                "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data: blob:",
                "font-src 'self' data:",
                "media-src 'self' data: blob:",
                "worker-src 'self' blob:",
                "frame-src 'self' blob:",
                "object-src 'self' blob:",
                "form-action 'self'",
                "frame-ancestors 'none'",
            )
        )
    }
}

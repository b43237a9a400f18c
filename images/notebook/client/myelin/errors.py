"""What can go wrong between a researcher, the data and the review.

MyelinError
├── DataUnavailable      the project's data are not where they should be, or not what was asked for
├── FileRefused          a file cannot be sent as it is
├── RequestRefused       the egress service said no
└── ServiceUnavailable   the egress service did not answer
"""


class MyelinError(Exception):
    """Say what is wrong and what to do next, without a traceback in a notebook."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message

    def _render_traceback_(self) -> list[str]:
        """Show these lines in place of a traceback (IPython asks for them by this name)."""
        return [f"{type(self).__name__}: {self.message}", self.hint]


class DataUnavailable(MyelinError):
    """The project's data are not where they should be, or hold nothing by the name asked for."""


class FileRefused(MyelinError):
    """A file cannot be sent as it is."""


class RequestRefused(MyelinError):
    """The egress service said no."""


class ServiceUnavailable(MyelinError):
    """The egress service did not answer."""

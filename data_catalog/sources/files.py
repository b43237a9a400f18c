"""How a mapping says that a source's file is written."""

from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class Format(StrEnum):
    """What can be read."""

    CSV = "csv"
    PARQUET = "parquet"
    XLSX = "xlsx"
    XPT = "xpt"
    SAS = "sas7bdat"
    SPSS = "sav"
    STATA = "dta"


def check_inside(path: str) -> str:
    """Return a path that stays inside the delivery and is written one way; raises ValueError for any other."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or "\0" in path or parts.as_posix() != path:
        raise ValueError("is a path inside the delivery, with one / between its parts")
    return path


_TOLD = frozenset({"path", "format", "encoding", "delimiter", "quote", "sheet"})
"""What is told from a file itself where a mapping asks for an SDTM domain."""


class FileSpec(BaseModel):
    """One file of a source, or several of one form: `path` may be a pattern, `*/dm.xpt`, inside the delivery.

    Or every file that holds one SDTM `domain`, whatever it is called and however it is written.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    path: str = Field("", max_length=400)
    domain: str = Field(
        "", pattern="^[A-Z][A-Z0-9]{1,7}$", description="an SDTM domain, found by what files hold; instead of a path"
    )
    format: Format = Field(Format.CSV, strict=False)
    encoding: str = Field("utf-8", description="of a CSV file; of others only where what they say of it is wrong")
    delimiter: str = Field(",", pattern=r"""^[^"'\r\n\x00]$""", description="of a CSV file")
    quote: Literal['"', "'"] = '"'
    decimal: Literal[".", ","] = "."
    sheet: str = Field("", max_length=100, description="of an XLSX file; the first where none is named")
    optional: bool = Field(False, description="whether a delivery may be without it")
    columns: tuple[Annotated[str, Field(max_length=200)], ...] = Field(
        (), strict=False, description="columns a delivery may be without; read as missing then"
    )
    supplemental: str = Field("", max_length=63, description="the SDTM file (SUPP--) whose qualifiers go on its rows")
    where: str = Field("", max_length=2000, description="only these rows are read")

    @field_validator("path")
    @classmethod
    def _stays_inside(cls, path: str) -> str:
        if "**" in path:
            raise ValueError("is a path inside the delivery, with one / between its parts, and at most * in it")
        return check_inside(path)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if bool(self.domain) == bool(self.path):
            raise ValueError("says either path or domain")
        if self.domain and _TOLD & self.model_fields_set:
            raise ValueError(f"{', '.join(sorted(_TOLD))} are told from the files that hold a domain")
        try:
            "é".encode(self.encoding, errors="replace")  # codecs also knows zlib and others that make no text
        except (LookupError, UnicodeError) as error:
            raise ValueError(f"{self.encoding!r} is no encoding") from error
        if self.format is not Format.CSV and self.delimiter != ",":
            raise ValueError("delimiter belongs to CSV files")
        if self.format in (Format.XLSX, Format.PARQUET) and self.encoding != "utf-8":
            raise ValueError("encoding does not belong to XLSX and Parquet files")
        return self

    def matches(self, path: str) -> bool:
        """Tell whether a path inside the delivery is one of this."""
        own, other = PurePosixPath(self.path).parts, PurePosixPath(path).parts
        literal = (part.translate({ord("["): "[[]", ord("?"): "[?]"}) for part in own)
        return len(own) == len(other) and all(map(fnmatchcase, other, literal))

    @property
    def overruled(self) -> str:
        """The encoding a file has whatever it says, nothing where its own word counts."""
        return self.encoding if "encoding" in self.model_fields_set else ""

    @property
    def is_pattern(self) -> bool:
        """Whether several files may match."""
        return "*" in self.path or bool(self.domain)

    @property
    def named(self) -> str:
        """What is read, in words."""
        return f"SDTM domain {self.domain}" if self.domain else self.path

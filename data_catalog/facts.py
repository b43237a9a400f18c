"""What is declared of a source as published, beside its data: never counted from them."""

from pydantic import BaseModel, ConfigDict, Field


class Registry(BaseModel):
    """A registry as it describes itself in public: people included, when, and how much of the disease it covers."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    country: str = Field(min_length=1, max_length=100)
    people: int = Field(gt=0)
    as_of: str = Field(min_length=1, max_length=100)
    coverage_percent: int | None = Field(None, ge=0, le=100, description="of prevalent MS; none where it varies")

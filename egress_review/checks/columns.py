"""A table of the cut as codes: each column is the list of its values and, for each row, the number of its value there.

A million rows of a column are one to four megabytes so, whatever its type. A column is read when it is first asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from egress_review.checks.cut import PSEUDONYM
from egress_review.checks.models import CutTable

Numbers = npt.NDArray[np.integer]

NULL_PEOPLE = 500_000
"""People, one row of each, from whom it is learned which values go together: shares need no more."""

_SEED = 7
_BLOCK = 1 << 20


def blocks(height: int) -> Iterator[slice]:
    """Cut rows into blocks, so that what is made of a block on the way stays small; at least one."""
    return (slice(first, first + _BLOCK) for first in range(0, max(height, 1), _BLOCK))


def counted(codes: Numbers, size: int) -> Numbers:
    """Count how often each of the codes 0 to size - 1 stands there."""
    counts = np.zeros(size, dtype=np.int64)
    for block in blocks(len(codes)):
        counts += np.bincount(codes[block], minlength=size)
    return counts


@dataclass(frozen=True)
class Column:
    """One variable: its values (None last, where rows have none) and each row's code, the number of its value."""

    variable: str
    values: pa.Array
    codes: Numbers

    @cached_property
    def counts(self) -> Numbers:
        """Count the rows of each value."""
        return counted(self.codes, len(self.values))


class CodedTable:
    """The rows of one table of the cut, column by column, and whose they are."""

    def __init__(self, table: CutTable) -> None:
        self.table = table
        self.variables = tuple(name for name in table.variables if name != PSEUDONYM)
        self.height = int(pq.read_metadata(table.path).num_rows)
        self._columns: dict[str, Column] = {}

    def column(self, variable: str) -> Column:
        """Read a variable's column, once."""
        if variable not in self._columns:
            self._columns[variable] = self._read(variable)
        return self._columns[variable]

    @cached_property
    def people(self) -> Numbers:
        """Number the person of each row; in a table without pseudonyms each row is somebody."""
        if PSEUDONYM in self.table.variables:
            return self._read(PSEUDONYM).codes
        return np.arange(self.height, dtype=np.uint32)

    @cached_property
    def people_count(self) -> int:
        return int(self.people.max()) + 1

    @cached_property
    def most_rows(self) -> int:
        """Count the rows of the person who has most."""
        return int(counted(self.people, self.people_count).max())

    @cached_property
    def one_row_each(self) -> Numbers:
        """Choose a row of each person, by chance, of at most `NULL_PEOPLE`."""
        chance = np.random.default_rng(_SEED)
        rows = chance.permutation(self.height)[: 2 * NULL_PEOPLE]
        _, first = np.unique(self.people[rows], return_index=True)
        return rows[np.sort(first)[:NULL_PEOPLE]]

    @cached_property
    def _last_rows(self) -> Numbers:
        last = np.zeros(self.people_count, dtype=np.uint32)
        last[self.people] = np.arange(self.height, dtype=np.uint32)
        return last

    def is_of_the_person(self, variable: str) -> bool:
        """Ask whether everybody has one value of a variable in all their rows, as a date of birth."""
        if variable not in self._constant:
            codes = self.column(variable).codes
            last = codes[self._last_rows]
            same = ((codes[block] == last[self.people[block]]).all() for block in blocks(self.height))
            self._constant[variable] = all(same)
        return self._constant[variable]

    @cached_property
    def _constant(self) -> dict[str, bool]:
        return {}

    def _read(self, variable: str) -> Column:
        field = pq.read_schema(self.table.path).field(variable)
        words = [variable] if pa.types.is_string(field.type) or pa.types.is_large_string(field.type) else None
        with pq.ParquetFile(self.table.path, read_dictionary=words) as file:
            read = file.read([variable], use_threads=False)[variable]
        encoded = read if pa.types.is_dictionary(read.type) else read.dictionary_encode()
        return _coded(variable, encoded.unify_dictionaries().combine_chunks())


def _coded(variable: str, encoded: pa.DictionaryArray | pa.ChunkedArray) -> Column:
    whole = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    values = whole.dictionary
    kind = np.min_scalar_type(len(values))
    codes = whole.indices.fill_null(len(values)).to_numpy(zero_copy_only=False).astype(kind)
    if whole.null_count:
        values = pa.concat_arrays([values, pa.nulls(1, values.type)])
    return Column(variable, values, codes)

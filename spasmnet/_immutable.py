"""Immutable building blocks: a mapping that cannot be changed and arrays that cannot be written."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

K = TypeVar("K")
V = TypeVar("V", covariant=True)


class FrozenMapping(Mapping[K, V]):
    """A picklable mapping without any way to change it."""

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[K, V] | None = None) -> None:
        self._items: dict[K, V] = dict(items or {})

    def __getitem__(self, key: K) -> V:
        return self._items[key]

    def __iter__(self) -> Iterator[K]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._items,)


def readonly(values: Any, dtype: type = np.float64) -> NDArray[Any]:
    """A C-contiguous copy of `values` that refuses to be written."""
    array: NDArray[Any] = np.array(values, dtype=dtype, order="C")
    array.setflags(write=False)
    return array


class Rebuilt:
    """Pickle a frozen dataclass through its constructor, so that arrays come back read-only and checks run again."""

    def __reduce__(self) -> tuple[Any, ...]:
        fields = [field for field in dataclasses.fields(self) if field.init]  # type: ignore[arg-type]  # always mixed into a dataclass
        return type(self), tuple(getattr(self, field.name) for field in fields)

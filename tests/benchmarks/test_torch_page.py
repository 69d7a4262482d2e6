"""docs/torch.md lists each layer of torch.nn as it is: read and compared, or refused with why."""

import pytest

from benchmarks import torch_page
from benchmarks.torch_layers import LAYERS, OTHERS, every_name

PAGE = torch_page.PAGE.read_text(encoding="utf-8").split(torch_page.BEGIN)[1].split(torch_page.END)[0]
NAMES = every_name()


def test_every_layer_is_tried_or_is_none():
    assert set(NAMES) == set(LAYERS) | set(OTHERS)


@pytest.mark.parametrize("part", range(8))
def test_layers_are_as_the_page_says(part):
    for name in sorted(LAYERS)[part::8]:
        row = torch_page.tried(name)
        if row.refused:
            assert f"| `{name}` | {row.refused} |" in PAGE, (name, row.refused)
        elif name in torch_page.PYTORCHS_OWN:
            assert f"`{name}` is {row.apart:.0e} off" in PAGE
        else:
            assert row.apart <= torch_page.TOLERANCE, (name, row.apart)
            assert f"`{name}`" in PAGE.split("Refused:")[0], name


def test_at_least_140_layers():
    passed = PAGE.split("Refused:")[0].split("float64:")[1].count("`") // 2
    assert passed >= 140
    assert "Wrong:" not in PAGE

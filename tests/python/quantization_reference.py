"""Writes what the `gguf` library makes of random blocks of each quantised type, for tests of our unpacking.

    quantization_reference.py OUTPUT COUNT

Makes OUTPUT/NAME.TYPE.blocks and OUTPUT/NAME.TYPE.values for every type that the library unpacks, where TYPE is the
number that files have for it: COUNT blocks of random bytes, of which only those with finite weights are taken, and
their weights as float32.

Exits with 77 and a reason if the library is not there. The same arguments give the same files.
"""

import os
import sys

try:
    import gguf
    import numpy
except ImportError as error:
    print(f"a Python library cannot be imported: {error}")
    sys.exit(77)


def unpack(blocks, kind):
    with numpy.errstate(all="ignore"):
        return gguf.dequantize(blocks, kind)


def random_blocks(rng, kind, count):
    size = gguf.GGML_QUANT_SIZES[kind][1]
    blocks = rng.integers(0, 256, (2 * count, size), dtype=numpy.uint8)
    return blocks[numpy.isfinite(unpack(blocks, kind)).all(axis=1)][:count]


def main():
    folder, count = sys.argv[1], int(sys.argv[2])
    rng = numpy.random.default_rng(20240607)
    for kind in gguf.GGMLQuantizationType:
        if gguf.GGML_QUANT_SIZES[kind][0] == 1:
            continue
        try:
            blocks = random_blocks(rng, kind, count)
        except NotImplementedError:
            print(f"{kind.name}: the library does not unpack it")
            continue
        assert len(blocks) == count, kind.name
        path = os.path.join(folder, f"{kind.name}.{kind.value}")
        blocks.tofile(path + ".blocks")
        unpack(blocks, kind).tofile(path + ".values")


main()

"""Seeds that depend on what is being done, never on the order in which it is done."""

import hashlib


def seed_for(seed: int, *names: str | int) -> int:
    """A 32-bit seed from the study's seed and the names of the run, the epoch and so on.

    Another name is another result, so names stay as they were first given: "film" and "routes", for
    instance, for what is called a radiograph and pipelines everywhere else.
    """
    text = "/".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def replicate_seed(seed: int, number: int) -> int:
    """The seed of the `number`-th training of one thing, from 1; the first has the study's own."""
    return seed if number == 1 else seed_for(seed, "replicate", number)

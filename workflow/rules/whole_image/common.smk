# What the whole-image pipeline's rules share.
WHOLE_IMAGE_WORK = WholeImageWork(WHOLE_IMAGE)


wildcard_constraints:
    replicate=f"({'|'.join(WHOLE_IMAGE.replicates)})",
    network="|".join(WHOLE_IMAGE.networks),
    stack="|".join(WHOLE_IMAGE.stacks),
    binned="|".join(WHOLE_IMAGE.binned),
    task="|".join(WHOLE_IMAGE.explained),

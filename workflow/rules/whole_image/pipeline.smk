# Bo et al.: scores from whole images. The stages in the order in which data flow. Trainings with
# further seeds lie beside the first's, whose files lie in no folder of their own: {replicate} is
# empty.
WHOLE_IMAGE_WORK = WholeImageWork(WHOLE_IMAGE)


wildcard_constraints:
    replicate=f"({'|'.join(WHOLE_IMAGE.replicates)})",
    network="|".join(WHOLE_IMAGE.networks),
    stack="|".join(WHOLE_IMAGE.stacks),
    binned="|".join(WHOLE_IMAGE.binned),
    task="|".join(WHOLE_IMAGE.explained),


include: "cohorts.smk"
include: "networks.smk"
include: "tables.smk"
include: "figures.smk"

# Bo et al.: scores from whole images. The stages in the order in which data flow. Trainings with
# further seeds lie beside the first's, whose files lie in no folder of their own: {replicate} is
# empty.
WHOLE_IMAGE_WORK = WholeImageWork(WHOLE_IMAGE)
READ_IMAGES = ImageContent(WHOLE_IMAGE.images)  # of the user's files


wildcard_constraints:
    replicate=one_of(WHOLE_IMAGE.replicates),
    network=one_of(WHOLE_IMAGE.networks),
    stack=one_of(WHOLE_IMAGE.stacks),
    binned=one_of(WHOLE_IMAGE.binned),
    task=one_of(WHOLE_IMAGE.explained),


include: "cohorts.smk"
include: "networks.smk"
include: "tables.smk"
include: "figures.smk"


if WHOLE_IMAGE.images.unscored(""):

    include: "unscored.smk"

# Tan et al.: scores joint by joint. The stages in the order in which data flow.
JOINT_WORK = JointWork(JOINTS)


wildcard_constraints:
    model=one_of(JOINTS.models),


include: "cohorts.smk"
include: "standardize.smk"
include: "masks.smk"
include: "unet.smk"
include: "weights.smk"
include: "detector.smk"
include: "scoring.smk"
include: "scores.smk"
include: "tables.smk"
include: "figures.smk"
include: "examples.smk"
include: "patients.smk"


if JOINTS.unscored:

    include: "unscored.smk"

# Tan et al.: scores joint by joint. The stages in the order in which data flow.
JOINT_WORK = JointWork(JOINTS)
READ = JointContent(JOINTS)  # of the user's files
# The scripts that make the table of radiographs from which the others begin.
CHECKS = ["joints/check_radiographs"]
CHECKS += ["joints/check_cohort"] * (study.checks.on_problem == "set_aside")


wildcard_constraints:
    model=one_of(JOINTS.models),


include: "cohorts.smk"
include: "standardize.smk"
include: "masks.smk"
include: "unet.smk"
include: "weights.smk"
include: "detector.smk"
include: "scoring.smk"
include: "calibration.smk"
include: "scores.smk"
include: "tables.smk"
include: "figures.smk"
include: "examples.smk"
include: "patients.smk"


if JOINTS.unscored:

    include: "unscored.smk"

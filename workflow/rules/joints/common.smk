# What the joint pipeline's rules share.
JOINT_WORK = JointWork(JOINTS)


wildcard_constraints:
    model="|".join(JOINTS.models),

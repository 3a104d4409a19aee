"""How tests look at an observation."""


def kinds(observation, task=0):
    """What a task did, kinds by resource, without commands and temporary files."""
    accesses = observation.accesses
    own = accesses[(accesses["task"] == task) & (accesses["kind"] != "command")]
    found = {}
    for row in own[~own["how"].str.endswith("temporary")].itertuples():
        found.setdefault(row.resource, []).append(row.kind)
    return found


def pairs(observation):
    """Conflicts as (name, name, resource)."""
    frame = observation.conflicts
    return list(zip(frame["a_name"], frame["b_name"], frame["resource"], strict=True))


def words(observation):
    """The page, whatever the width of its lines."""
    return " ".join(observation.to_text().split())

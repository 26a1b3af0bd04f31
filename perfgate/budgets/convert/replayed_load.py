"""`load: {replay: ...}` -> LoadProfile: the recorded arrivals, and their mean as its one stage."""

from __future__ import annotations

from perfgate.budgets.convert.draft import Draft
from perfgate.budgets.shape.load_shape import LoadShape
from perfgate.model.budget_file import Abort, LoadProfile
from perfgate.model.budget_file.activity import Replay
from perfgate.model.budget_file.arrivals import due_before, mean_stage


def replayed(load: LoadShape, draft: Draft) -> LoadProfile:
    """The warm-up is the beginning of the recording; without `duration` all of it is sent."""
    traffic, speed, warmup = draft.traffic, load.speed or Replay.speed, load.warmup or LoadProfile.warmup
    assert traffic is not None
    arrivals = tuple(arrival._replace(due=arrival.due / speed) for arrival in traffic.arrivals)
    if load.duration:
        arrivals = due_before(arrivals, warmup + load.duration[0])
    return LoadProfile(
        model="open",
        stages=(mean_stage(arrivals, warmup, load.duration[0] if load.duration else None),),
        warmup=warmup,
        max_users=LoadProfile.max_users if load.max_users is None else load.max_users,
        session=load.session or LoadProfile.session,
        abort=Abort(errors=load.abort.errors, duration=load.abort.for_) if load.abort else None,
        replay=Replay(file=load.replay or "", speed=speed, arrivals=arrivals, left_out=traffic.left_out),
    )

"""A plan is applied in order, undone field by field, and says what it is."""

import dataclasses

import pytest

from byheart.base.errors import UsageError
from byheart.controls.drop import Drop
from byheart.controls.methods import Methods
from byheart.controls.plan import Plan, alike, back
from byheart.controls.relabel import Relabel
from byheart.controls.reweight import Reweight
from byheart.controls.stop import Stop


def with_recipe(task, **changes):
    return dataclasses.replace(task, recipe=dataclasses.replace(task.recipe, **changes))


def test_undo_leaves_what_somebody_else_changed(table):
    plan = Plan((Drop((0,)), Methods(("dropout=0.5",))))
    later = dataclasses.replace(with_recipe(plan.apply(table), epochs=9), name="renamed")
    undone = plan.undo(later, table)
    assert undone.train.ids.tolist() == table.train.ids.tolist() and undone.recipe.methods == ()
    assert undone.recipe.epochs == 9 and undone.name == "renamed"


def test_two_plans_are_undone_in_the_other_order(table):
    first, second = Plan((Relabel((0,), ("cat",), ("dog",)),)), Plan((Drop((3,)),))
    one = first.apply(table)
    two = second.apply(one)
    assert first.undo(second.undo(two, one), table).digest == table.digest
    with pytest.raises(UsageError, match="train is not what the plan made of it") as error:
        first.undo(two, table)
    assert error.value.do == "undo the later change first"


def test_a_field_of_the_recipe_that_was_changed_twice(table):
    plan = Plan((Methods(("dropout=0.5",)),))
    later = with_recipe(plan.apply(table), methods=("dropout=0.2",))
    with pytest.raises(UsageError, match=r"recipe\.methods is not what the plan made of it"):
        plan.undo(later, table)


def test_undoing_what_was_never_done_is_refused(table):
    with pytest.raises(UsageError, match=r"recipe\.methods") as error:
        Plan((Stop(2),)).undo(table, table)
    assert "not the task that the plan was applied to" in error.value.why


def test_back_field_by_field():
    assert back("x", 2, 2, 1) == 1  # the plan set it
    assert back("x", 1, 5, 1) == 5  # somebody else did
    with pytest.raises(UsageError, match=r"^x is not"):
        back("x", 2, 5, 1)
    make = lambda: None  # noqa: E731
    assert alike(make, make) and not alike(make, lambda: None) and alike([1.0], [1.0])


def test_an_error_names_its_action(table):
    with pytest.raises(UsageError, match=r"^drop: 1 of 2 ids are not among the training examples of table: 77"):
        Plan((Stop(2), Drop((1, 77)))).apply(table)


def test_order_decides(table):
    drop, reweight = Drop((0,)), Reweight((0, 1), (2.0, 3.0))
    after = Plan((reweight, drop)).apply(table)
    assert after.recipe.methods[0].weights.tolist() == [3.0] + [1.0] * 8
    with pytest.raises(UsageError, match=r"^reweight: 1 of 2 ids"):
        Plan((drop, reweight)).apply(table)


def test_what_is_no_plan():
    with pytest.raises(UsageError, match="changes nothing"):
        Plan(())
    with pytest.raises(UsageError, match="two actions called 'drop'"):
        Plan((Drop((1,)), Drop((2,))))


def test_ids_names_and_words():
    plan = Plan((Drop((3, 1), "why"), Reweight((1, 2, 4, 5, 6, 7), (0.5,) * 6)), "table", notes=("mind",))
    assert plan.ids == (3, 1, 2, 4, 5, 6, 7)
    assert str(plan) == (
        "drop: leave 2 examples out (3, 1); why\n"
        "reweight: weigh 6 examples 0.5, others 1 (1, 2, 4, 5, 6, ...)\nnote: mind"
    )
    assert plan.name.startswith("drop-reweight-") and plan.name == dataclasses.replace(plan, task="other").name
    assert plan.name != Plan((Drop((3, 2)), plan.actions[1])).name

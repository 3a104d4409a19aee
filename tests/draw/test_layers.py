"""Layout of a graph: columns as told, rows apart, few bends, few crossings."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_nb.draw.layers import Layers


def layers(column, edges=(), most_rows=64):
    return Layers(
        column, np.array(edges, dtype=int).reshape(-1, 2), most_rows=most_rows
    )


def n_crossings(layout, edges):
    """Pairs of straight lines between neighbouring columns that cross."""
    y = layout.y
    return sum(
        (y[a] - y[c]) * (y[b] - y[d]) < 0
        for (a, b), (c, d) in itertools.combinations(edges, 2)
    )


def test_columns_are_as_told():
    assert layers([0, 1, 0, 2]).x.tolist() == [0, 1, 0, 2]


def test_independent_tasks_stand_in_their_order_around_the_middle():
    assert layers([0, 0, 0]).y.tolist() == [-1, 0, 1]


def test_a_chain_is_a_straight_line():
    assert layers([0, 1, 2], [(1, 0), (2, 1)]).y.tolist() == [0, 0, 0]


def test_lines_that_need_not_cross_do_not():
    edges = [(3, 2), (4, 1), (5, 0)]
    assert n_crossings(layers([0, 0, 0, 1, 1, 1], edges), edges) == 0


def test_a_long_edge_bends_around_the_tasks_in_its_way():
    layout = layers([0, 1, 2], [(1, 0), (2, 1), (2, 0)])
    ways = {(way[0], way[-1]): way for way in layout.ways}
    (long,) = [way for way in ways.values() if len(way) == 3]
    assert [x for x, _ in long] == [0, 1, 2]
    assert abs(long[1][1] - layout.y[1]) >= 0.5


def test_edges_from_one_task_share_their_bends():
    layout = layers([0, 2, 2], [(1, 0), (2, 0)])
    assert layout.ways[0][1] == layout.ways[1][1]


def test_very_many_long_edges_go_straight():
    n = 200
    edges = [(n - 1, at) for at in range(n - 1)]
    assert {len(way) for way in layers(list(range(n)), edges).ways} == {2}


def test_a_column_that_is_too_long_is_folded():
    layout = layers([0] * 10 + [1], most_rows=4)
    assert layout.n_folds == 3
    assert len(set(layout.y[:10].tolist())) == 4
    assert np.abs(layout.x[:10]).max() < 0.5
    places = set(zip(layout.x.tolist(), layout.y.tolist(), strict=True))
    assert len(places) == 11


def test_no_tasks_have_no_places():
    layout = layers([])
    assert len(layout.x) == len(layout.y) == len(layout.ways) == 0


@st.composite
def graphs(draw):
    column = draw(st.lists(st.integers(0, 4), min_size=1, max_size=15))
    number = {each: at for at, each in enumerate(sorted(set(column)))}
    column = [number[each] for each in column]
    pairs = [
        (task, after)
        for task, after in itertools.product(range(len(column)), repeat=2)
        if column[after] < column[task]
    ]
    chosen = st.sets(st.sampled_from(pairs), max_size=20) if pairs else st.just(set())
    return column, sorted(draw(chosen))


@settings(deadline=None)
@given(graphs())
def test_tasks_of_a_column_have_room(graph):
    column, edges = graph
    layout = layers(column, edges)
    for number in set(column):
        rows = np.sort(layout.y[np.array(column) == number])
        assert (np.diff(rows) >= 1 - 1e-9).all()


@settings(deadline=None)
@given(graphs())
def test_every_edge_goes_from_its_task_to_the_one_that_waits(graph):
    column, edges = graph
    layout = layers(column, edges)
    places = np.column_stack([layout.x, layout.y])
    for way, (task, after) in zip(layout.ways, edges, strict=True):
        assert way[0] == pytest.approx(places[after])
        assert way[-1] == pytest.approx(places[task])
        assert (np.diff([x for x, _ in way]) > 0).all()

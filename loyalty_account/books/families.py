"""Which documents belong to one sale: what is linked, directly or through others. No ORM.

>>> sorted(map(sorted, families([("note", "invoice"), ("note", "order"), ("b", "a")])))
[['a', 'b'], ['invoice', 'note', 'order']]
"""


def families(links):
    """Return the connected groups of ``links``, pairs of hashable nodes, as lists."""
    parents = {}

    def root(node):
        parents.setdefault(node, node)
        while parents[node] != node:
            parents[node] = parents[parents[node]]
            node = parents[node]
        return node

    for one, other in links:
        parents[root(one)] = root(other)
    groups = {}
    for node in list(parents):
        groups.setdefault(root(node), []).append(node)
    return list(groups.values())

"""Make chain_ladder.json: what the package *chainladder* says about the purchases of CDNOW and about 50 random triangles.

    pip install chainladder==0.10.1 lifetimes==0.11.3      (half a gigabyte: not installed where the tests run)
    python make_chain_ladder.py

CDNOW: a dollar is a point, a cohort is the month of a customer's first purchase; the triangle is what the later purchases
of these customers make together, as if they redeemed a point for each dollar.
"""

import importlib.metadata
import json
import random
import warnings
from collections import defaultdict
from pathlib import Path

import chainladder
import pandas

warnings.filterwarnings("ignore")


def cdnow():
    files = importlib.metadata.files("lifetimes")
    (path,) = [file.locate() for file in files if file.name == "CDNOW_master.txt"]
    first, totals, last = {}, defaultdict(float), 0
    rows = []
    with open(path) as lines:
        next(lines)
        for line in lines:
            customer, day, __, dollars = line.split()
            month = (int(day[:4]) - 1997) * 12 + int(day[4:6]) - 1
            rows.append((customer, month, float(dollars)))
            first[customer] = min(month, first.get(customer, month))
            last = max(last, month)
    for customer, month, dollars in rows:
        totals[first[customer], month - first[customer]] += dollars
    triangle = []
    for cohort in sorted(set(first.values())):
        row, total = [], 0.0
        for age in range(last - cohort + 1):
            total += totals[cohort, age]
            row.append(round(total, 2))
        triangle.append(row)
    return triangle


def random_triangle(chance, number):
    size = chance.randint(2, 18)
    triangle = []
    for cohort in range(size):
        issued = chance.choice([0, chance.randint(1, 50), chance.randint(100, 10**6)])
        row, total = [], 0.0
        for age in range(size - cohort):
            if chance.random() < 0.85:
                total += chance.random() * issued * 0.6**age
            row.append(round(total, 4))
        triangle.append(row)
    if number % 5 == 0:
        triangle[chance.randrange(size)] = [0.0] * len(triangle[chance.randrange(size)])
        triangle = [
            row if len(row) == size - position else [0.0] * (size - position) for position, row in enumerate(triangle)
        ]
    if number % 7 == 0:
        triangle.append([])  # a cohort that has not begun
    return triangle


def number_of(value):
    """Return None where the package has no answer (NaN): nothing is known of the cohort, or of the step."""
    return None if pandas.isna(value) else float(value)


def by_package(triangle):
    """Return the factors and ultimates of chainladder: volume average, no tail."""
    rows = [row for row in triangle if row]
    size = max(len(row) for row in rows)
    records = []
    for cohort, row in enumerate(rows):
        start = pandas.Period("2000-01", "M") + cohort
        for age, value in enumerate(row):
            records.append(
                {"origin": start.to_timestamp(), "development": (start + age).to_timestamp(), "value": value}
            )
    data = chainladder.Triangle(
        pandas.DataFrame(records), origin="origin", development="development", columns="value", cumulative=True
    )
    model = chainladder.Chainladder().fit(
        chainladder.Development(average="volume", drop_high=False).fit_transform(data)
    )
    ends = model.ultimate_.to_frame(origin_as_datetime=True).iloc[:, 0]
    by_origin = {stamp.to_period("M").ordinal: float(value) for stamp, value in ends.items()}
    first = pandas.Period("2000-01", "M").ordinal
    steps = model.X_.ldf_.to_frame(origin_as_datetime=True).iloc[0].tolist()
    return {
        "factors": [number_of(step) for step in steps][: size - 1],
        "ultimates": [number_of(by_origin[first + number]) for number in range(len(rows))],
    }


if __name__ == "__main__":
    chance = random.Random(52)
    triangles = [cdnow(), *(random_triangle(chance, number) for number in range(50))]
    cases = []
    for triangle in triangles:
        case = {"triangle": triangle}
        cases.append({**case, **by_package(triangle)})
    lines = ",\n".join(json.dumps(case) for case in cases)
    text = f'{{"package": "chainladder {chainladder.__version__}", "cases": [\n{lines}\n]}}\n'
    Path(__file__).with_name("chain_ladder.json").write_text(text)

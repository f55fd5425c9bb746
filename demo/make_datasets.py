"""Writes datasets/arithmetic.jsonl: 72 word problems with worked answers, from 18 plots.

    python make_datasets.py --out datasets

Each text is a question, the working line by line, and `#### answer`. Every line of working holds
sums that `work` checks with exact fractions, so no text can be written with a wrong one.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

Plot = Callable[[random.Random, str, str], tuple[str, list[str], int]]

NAMES = [
    "Amara", "Bilal", "Chiara", "Dmitri", "Esperanza", "Farid", "Greta", "Hiroshi", "Ingrid",
    "Jomo", "Katya", "Leandro", "Mei", "Nadia", "Olivier", "Priya", "Quentin", "Rosa", "Sven",
    "Tariq", "Ursula", "Viktor", "Wanjiru", "Xavier", "Yusuf", "Zofia", "Anouk", "Bruno", "Cosima",
    "Darya", "Emeka", "Fiona", "Gabriel", "Hana", "Ivo", "Jasmine",
]  # fmt: skip
PLOTS: list[Plot] = []


def plot(function: Plot) -> Plot:
    PLOTS.append(function)
    return function


def value(expression: str) -> Fraction:
    """The exact value of a sum written with + - x / and brackets."""
    bare = re.sub(r"[$%,]", "", expression).replace("x", "*")
    if not re.fullmatch(r"[\d.+*/() -]+", bare):
        raise ValueError(f"not a sum: {expression}")
    exact = re.sub(r"\d+(?:\.\d+)?", lambda m: f"Fraction('{m.group()}')", bare)
    return Fraction(eval(exact, {"__builtins__": {}, "Fraction": Fraction}))


def check(text: str) -> None:
    """Asserts every `sum = number` in a text; raises where a line of working holds none."""
    question, *lines, last = text.split("\n")
    results: list[Fraction] = []
    for line in lines:
        sums = re.findall(r"((?:\$?[\d.]+%?|[-+x/()]| )+?) = (\$?\d+(?:\.\d+)?)", line)
        if not sums:
            raise ValueError(f"no sum in: {line}")
        for left, right in sums:
            results.append(value(right))
            assert value(left) == results[-1], line
    assert "?" in question and results[-1] == int(last.removeprefix("#### ")), text


@plot
def bakery(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    trays, each = r.randint(6, 14), r.choice([12, 15, 18, 24])
    price, left = r.randint(2, 4), r.randint(3, 11)
    made, sold = trays * each, trays * each - left
    return (
        f"{a}'s bakery fills {trays} trays with {each} rolls each before it opens. By closing "
        f"time only {left} rolls remain on the shelf. If a roll costs ${price}, how many "
        "dollars did the bakery take?",
        [
            f"The bakery made {trays} x {each} = {made} rolls.",
            f"It sold {made} - {left} = {sold} of them.",
            f"So it took {sold} x {price} = {sold * price} dollars.",
        ],
        sold * price,
    )


@plot
def train_ride(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    speed, hours = r.choice([60, 70, 80, 90]), r.randint(2, 4)
    later, more = r.choice([100, 110, 120]), r.randint(2, 3)
    first, second = speed * hours, later * more
    return (
        f"A train carrying {a} climbs through the mountains at {speed} kilometres an hour for "
        f"{hours} hours, then crosses the plain at {later} kilometres an hour for {more} more. "
        "How long is the journey in kilometres?",
        [
            f"In the mountains the train covers {speed} x {hours} = {first} kilometres.",
            f"On the plain it covers {later} x {more} = {second} kilometres.",
            f"The journey is {first} + {second} = {first + second} kilometres long.",
        ],
        first + second,
    )


@plot
def library_fine(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    books, days, extra = r.randint(3, 6), r.randint(5, 12), r.randint(2, 4)
    late, cents = days + extra, r.choice([10, 20, 25])
    return (
        f"{a} returned {books} library books {days} days late, and {b} returned the same "
        f"number {extra} days after that. The library charges {cents} cents per book for every "
        "day. How many cents do they owe together?",
        [
            f"{a} owes {books} x {days} x {cents} = {books * days * cents} cents.",
            f"{b} was {days} + {extra} = {late} days late.",
            f"{b} owes {books} x {late} x {cents} = {books * late * cents} cents.",
            f"Together they owe {books * days * cents} + {books * late * cents} = {books * (days + late) * cents} cents.",
        ],
        books * (days + late) * cents,
    )


@plot
def garden_fence(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    width, extra, gate, price = r.randint(6, 15), r.randint(3, 9), r.randint(2, 3), r.randint(7, 12)
    length = width + extra
    around = 2 * (width + length)
    return (
        f"{a} wants to fence a rectangular garden that is {width} metres wide and {extra} "
        f"metres longer than it is wide, leaving a gap of {gate} metres for a gate. Fencing "
        f"costs ${price} a metre. What does the fence cost in dollars?",
        [
            f"The garden is {width} + {extra} = {length} metres long.",
            f"Its perimeter is 2 x ({width} + {length}) = {around} metres.",
            f"Without the gate, {around} - {gate} = {around - gate} metres need fencing.",
            f"That costs {around - gate} x {price} = {(around - gate) * price} dollars.",
        ],
        (around - gate) * price,
    )


@plot
def marbles(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    small, times, given = r.randint(12, 30), r.randint(3, 5), r.randint(5, 11)
    many = small * times
    return (
        f"{b} owns {small} marbles. {a} owns {times} times as many, but gives {given} of them "
        f"to {b}. How many more marbles than {b} does {a} have now?",
        [
            f"At first {a} has {small} x {times} = {many} marbles.",
            f"After the gift {a} has {many} - {given} = {many - given}.",
            f"{b} then has {small} + {given} = {small + given}.",
            f"The difference is {many - given} - {small + given} = {many - small - 2 * given} marbles.",
        ],
        many - small - 2 * given,
    )


@plot
def discount(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    price, delivery = r.choice([80, 120, 160, 240, 300]), r.randint(4, 9)
    percent = r.choice([5, 10, 15, 20, 25])
    off = price * percent // 100
    return (
        f"A desk is priced at ${price}. {a} has a voucher for {percent}% off and must pay "
        f"${delivery} for delivery. How many dollars does {a} pay in all?",
        [
            f"The voucher saves {price} x {percent} / 100 = {off} dollars.",
            f"The desk then costs {price} - {off} = {price - off} dollars.",
            f"With delivery it comes to {price - off} + {delivery} = {price - off + delivery} dollars.",
        ],
        price - off + delivery,
    )


@plot
def orchard(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    rows, trees, box = r.randint(4, 9), r.randint(5, 8), r.choice([10, 20, 25])
    boxes_each = r.randint(2, 5)
    total = rows * trees
    fruit = total * boxes_each * box
    return (
        f"In {a}'s orchard there are {rows} rows of {trees} pear trees. This autumn every tree "
        f"gave {box * boxes_each} pears, and pears are packed {box} to a box. How many boxes "
        f"does {a} fill?",
        [
            f"There are {rows} x {trees} = {total} trees.",
            f"They gave {total} x {box * boxes_each} = {fruit} pears.",
            f"That fills {fruit} / {box} = {fruit // box} boxes.",
        ],
        fruit // box,
    )


@plot
def reading(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    daily, days, rate = r.randint(14, 28), r.randint(4, 8), r.randint(5, 9)
    rest = rate * r.randint(6, 14)
    pages, read = daily * days + rest, daily * days
    return (
        f"{a} is reading a novel of {pages} pages. For the first {days} days {a} reads {daily} "
        f"pages a day, and from then on only {rate} pages a day. How many days does the whole "
        "novel take?",
        [
            f"In the first {days} days {a} reads {daily} x {days} = {read} pages.",
            f"That leaves {pages} - {read} = {rest} pages.",
            f"They take {rest} / {rate} = {rest // rate} days.",
            f"Altogether the novel takes {days} + {rest // rate} = {days + rest // rate} days.",
        ],
        days + rest // rate,
    )


@plot
def water_tank(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    into, out, minutes = r.randint(14, 22), r.randint(4, 9), r.randint(15, 40)
    start = r.randint(30, 90)
    full = start + (into - out) * minutes
    return (
        f"A tank on {a}'s farm already holds {start} litres. A pump adds {into} litres a "
        f"minute while a leak lets out {out} litres a minute, and the tank can hold {full} "
        "litres. After how many minutes is it full?",
        [
            f"The tank needs {full} - {start} = {full - start} more litres.",
            f"Each minute it gains {into} - {out} = {into - out} litres.",
            f"It is full after {full - start} / {into - out} = {minutes} minutes.",
        ],
        minutes,
    )


@plot
def ages(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    child, times, years = r.randint(6, 11), r.randint(4, 5), r.randint(5, 12)
    parent = child * times
    return (
        f"{a} is {child} years old, and {b}, who teaches the violin, is {times} times as old. "
        f"What will the sum of their ages be in {years} years?",
        [
            f"{b} is {child} x {times} = {parent} years old now.",
            f"In {years} years {a} will be {child} + {years} = {child + years}.",
            f"By then {b} will be {parent} + {years} = {parent + years}.",
            f"The sum will be {child + years} + {parent + years} = {child + parent + 2 * years}.",
        ],
        child + parent + 2 * years,
    )


@plot
def wages(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    hourly, normal, extra = r.choice([12, 14, 16, 18]), r.choice([30, 35, 40]), r.randint(3, 8)
    over = hourly * 3 // 2
    return (
        f"At the harbour {a} earns ${hourly} an hour for the first {normal} hours of a week "
        f"and one and a half times as much for every hour beyond. Last week {a} worked "
        f"{normal + extra} hours. How many dollars was that worth?",
        [
            f"The first {normal} hours bring {hourly} x {normal} = {hourly * normal} dollars.",
            f"There were {normal + extra} - {normal} = {extra} hours of overtime.",
            f"An hour of overtime is paid {hourly} x 1.5 = {over} dollars.",
            f"Overtime brings {over} x {extra} = {over * extra} dollars.",
            f"In all {a} earned {hourly * normal} + {over * extra} = {hourly * normal + over * extra} dollars.",
        ],
        hourly * normal + over * extra,
    )


@plot
def school_bus(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    seats, buses = r.choice([32, 40, 48]), r.randint(3, 6)
    teachers, empty = r.randint(6, 12), r.randint(2, 7)
    places = seats * buses
    pupils = places - teachers - empty
    return (
        f"For a trip to the planetarium {a}'s school hires {buses} buses with {seats} seats "
        f"each. With {teachers} teachers and all of the pupils aboard, {empty} seats stay "
        "empty. How many pupils go?",
        [
            f"The buses have {buses} x {seats} = {places} seats.",
            f"{places} - {empty} = {places - empty} seats are taken.",
            f"So {places - empty} - {teachers} = {pupils} pupils go.",
        ],
        pupils,
    )


@plot
def soup(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    serves, factor = r.choice([4, 6]), r.randint(5, 9)
    lentils, have = r.choice([150, 200, 250]), r.randint(3, 14) * 50
    need = lentils * factor
    return (
        f"{a}'s soup recipe feeds {serves} people and needs {lentils} grams of lentils. {a} is "
        f"cooking for {serves * factor} guests and already has {have} grams in the cupboard. "
        f"How many more grams of lentils must {a} buy?",
        [
            f"The recipe must be made {serves * factor} / {serves} = {factor} times.",
            f"That takes {lentils} x {factor} = {need} grams of lentils.",
            f"{a} must buy {need} - {have} = {need - have} grams.",
        ],
        need - have,
    )


@plot
def savings(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    weekly, weeks = r.randint(6, 15), r.randint(6, 12)
    gift, spent = r.randint(20, 45), r.randint(9, 18)
    saved = weekly * weeks
    short = r.randint(11, 60)
    goal = saved + gift - spent + short
    return (
        f"{a} is saving for a telescope that costs ${goal}. {a} put aside ${weekly} a week for "
        f"{weeks} weeks, was given ${gift} by an aunt, and then spent ${spent} on a star "
        "atlas. How many dollars are still missing?",
        [
            f"The weekly savings come to {weekly} x {weeks} = {saved} dollars.",
            f"With the gift that is {saved} + {gift} = {saved + gift} dollars.",
            f"After the atlas {saved + gift} - {spent} = {saved + gift - spent} dollars are left.",
            f"Still missing are {goal} - {saved + gift - spent} = {short} dollars.",
        ],
        short,
    )


@plot
def tiles(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    long, wide, per = r.randint(4, 8), r.randint(3, 5), 4
    area = long * wide
    pieces = area * per
    pack = r.choice([p for p in (7, 9, 10, 11) if pieces % p])
    packs = pieces // pack + 1
    spare = packs * pack - pieces
    return (
        f"{a} is tiling a floor {long} metres long and {wide} metres wide with square tiles "
        f"half a metre on a side. Tiles come in packs of {pack}, and {a} buys {packs} packs. "
        "How many tiles are left over?",
        [
            f"The floor measures {long} x {wide} = {area} square metres.",
            f"A square metre takes 2 x 2 = {per} tiles.",
            f"The floor takes {area} x {per} = {pieces} tiles.",
            f"{a} has {packs} x {pack} = {packs * pack} tiles.",
            f"The number left over is {packs * pack} - {pieces} = {spare}.",
        ],
        spare,
    )


@plot
def eggs(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    hens, cooked, days = r.randint(17, 29), r.randint(3, 5), r.choice([6, 12])
    daily = hens - cooked
    weekly = daily * days
    price = r.randint(3, 5)
    return (
        f"Each of {a}'s {hens} hens lays one egg a day. The family eats {cooked} eggs a day "
        f"and sells the rest by the half dozen at ${price}. How many dollars do the eggs of "
        f"{days} days bring?",
        [
            f"Every day {hens} - {cooked} = {daily} eggs are left to sell.",
            f"In {days} days that is {daily} x {days} = {weekly} eggs.",
            f"They make {weekly} / 6 = {weekly // 6} half dozens.",
            f"Those bring {weekly // 6} x {price} = {weekly // 6 * price} dollars.",
        ],
        weekly // 6 * price,
    )


@plot
def averages(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    marks = [r.randint(68, 97) for _ in range(3)]
    have = sum(marks)
    target = (have + r.randint(74, 96)) // 4
    need = 4 * target
    return (
        f"In three geography tests {a} scored {marks[0]}, {marks[1]} and {marks[2]} points. "
        f"What must {a} score in the fourth for the average of all four to be {target}?",
        [
            f"An average of {target} over four tests means {target} x 4 = {need} points.",
            f"So far {a} has {marks[0]} + {marks[1]} + {marks[2]} = {have} points.",
            f"The fourth test must bring {need} - {have} = {need - have} points.",
        ],
        need - have,
    )


@plot
def fractions(r: random.Random, a: str, b: str) -> tuple[str, list[str], int]:
    parts, unit = r.choice([3, 4, 5]), r.randint(3, 9)
    total = parts * unit * 4
    first = total // parts
    rest = total - first
    second = rest // 4
    return (
        f"{a} picked {total} shells on the beach. One out of every {parts} was broken and "
        f"thrown back. {a} gave a quarter of the good ones to {b}. How many shells did {a} "
        "keep?",
        [
            f"{total} / {parts} = {first} shells were broken.",
            f"{total} - {first} = {rest} shells were good.",
            f"{b} received {rest} / 4 = {second} shells.",
            f"{a} kept {rest} - {second} = {rest - second} shells.",
        ],
        rest - second,
    )


def texts(rounds: int, seed: int) -> list[str]:
    """Every plot once a round, in an order of its own, with names not seen twice in a text."""
    r = random.Random(seed)
    written: list[str] = []
    for _ in range(rounds):
        for tell in r.sample(PLOTS, len(PLOTS)):
            first, second = r.sample(NAMES, 2)
            question, working, answer = tell(r, first, second)
            text = "\n".join([question, *working, f"#### {answer}"])
            check(text)
            assert answer > 0, text
            written.append(text)
    assert len(set(written)) == len(written)
    return written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=2)
    arguments = parser.parse_args()
    written = texts(arguments.rounds, arguments.seed)
    lines = [json.dumps({"text": t}, ensure_ascii=False) for t in written]
    (arguments.out / "arithmetic.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(lines)} texts")


if __name__ == "__main__":
    main()

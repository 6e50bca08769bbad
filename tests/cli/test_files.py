"""What comes in and goes out: odd files, bad rows, hostile models, closed pipes."""

from __future__ import annotations

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from conftest import binary

SMALL = "id,x,c,y\n" + "".join(f"{i:03},{i * 0.5},{'ab'[i % 2]},{i + 0.25}\n" for i in range(40))
TRAIN = ("train", "t.csv", "--target", "y", "--model", "ridge")


@pytest.fixture
def small(shell):
    shell.write("t.csv", SMALL)
    shell(*TRAIN, "--drop", "id", "--out", "model")
    return shell


def test_a_bad_row_is_told_by_file_line_and_column_or_skipped(shell):
    lines = SMALL.splitlines()
    lines[5] += ",more"
    lines[9] = lines[9].rsplit(",", 1)[0] + ",much"
    shell.write("t.csv", "\n".join(lines))
    message = shell.error(*TRAIN, "--type", "y=number")
    assert message.startswith("t.csv, line 6: 5 fields where 4 are expected"), message
    run = shell(*TRAIN, "--type", "y=number", "--skip-bad-rows", "--json")
    assert json.loads(run.stdout)["rows"]["unreadable"] == 2
    assert "2 rows skipped that cannot be read (the first: t.csv, line 6" in run.stderr
    del lines[5]
    shell.write("t.csv", "\n".join(lines))
    message = shell.error(*TRAIN, "--type", "y=number")
    assert message == 't.csv, line 9, column 4 (y): "much" is not a number'


def test_missing_markers_blanks_and_delimiters(shell):
    rows = "x, c, y\n" + "".join(f"{'?' if i == 3 else i}, k{i % 2}, {'-1' if i % 5 == 0 else i}\n" for i in range(40))
    shell.write("t.csv", rows)
    run = shell(*TRAIN, "--missing", "-1", "--json")
    assert json.loads(run.stdout)["rows"]["without_target"] == 8
    types = {column["name"]: column["type"] for column in json.loads(run.stdout)["columns"]}
    assert types == {"x": "number", "c": "text"}
    assert json.loads(shell(*TRAIN, "--no-default-missing", "--json").stdout)["columns"][0]["type"] == "text"
    # The model remembers how its file spells a missing entry.
    shell(*TRAIN, "--missing", "-9", "--out", "model")
    shell.write("new.csv", "x,c\n-9,k1\n,k1\n")
    _, one, other = shell("predict", "model", "new.csv").stdout.splitlines()
    assert one == other != shell("predict", "model", "new.csv", "--missing", "x").stdout.splitlines()[1]
    assert '"-9"' in shell("inspect", "model").stdout
    shell.write("t.csv", rows.replace(",", "|"))
    assert json.loads(shell(*TRAIN, "--delimiter", "|", "--json").stdout)["columns"][1]["name"] == "c"
    assert "one character" in shell.error(*TRAIN, "--delimiter", "||", code=2)


def test_column_types_can_be_given_and_columns_left_out(small):
    run = small(*TRAIN, "--type", "x=text", "--drop", "id", "--json")
    assert json.loads(run.stdout)["columns"] == [{"name": "x", "type": "text"}, {"name": "c", "type": "text"}]
    assert 'no column "z"' in small.error(*TRAIN, "--type", "z=text")
    assert "there is no such column; there are id, x, c" in small.error(*TRAIN, "--drop", "z")
    assert "cannot be left out" in small.error(*TRAIN, "--drop", "y", code=2)
    assert "number, text or time" in small.error(*TRAIN, "--type", "x=integer", code=2)


def test_identifiers_keep_their_spelling(small):
    run = small("predict", "model", "t.csv", "--id", "id")
    assert [line.split(",")[0] for line in run.stdout.splitlines()[:3]] == ["id", "000", "001"]
    assert "no column" in small.error("predict", "model", "t.csv", "--id", "nr")


def test_columns_may_be_more_and_in_another_order(small):
    lines = [line.split(",") for line in SMALL.splitlines()]
    swapped = "\n".join(",".join([cells[2], "0" if i else "new", cells[1]]) for i, cells in enumerate(lines)) + "\n"
    small.write("swapped.csv", swapped)
    assert small("predict", "model", "swapped.csv").stdout == small("predict", "model", "t.csv").stdout
    small.write("less.csv", "x,y\n1,2\n")
    message = small.error("predict", "model", "less.csv")
    assert message == "less.csv lacks columns that the model needs: c; it has x, y"
    small.write("other.csv", "x,c\nfast,a\n")
    assert small.error("predict", "model", "other.csv") == 'other.csv, line 2, column 1 (x): "fast" is not a number'


def test_new_levels_and_missing_entries_are_predicted(small):
    small.write("new.csv", "x,c\n,a\n1,\n1,never seen\n")
    assert len(small("predict", "model", "new.csv").stdout.splitlines()) == 4


def test_odd_names_and_no_header(shell):
    rows = '"a ""b"", c","größe ☃","y\nz"\n' + "".join(f"{i},{i % 3},{2 * i}\n" for i in range(30))
    shell.write("odd.csv", rows)
    shell("train", "odd.csv", "--target", "y\nz", "--model", "ridge", "--out", "model", "--holdout", "held.csv")
    shell("evaluate", "model", "held.csv")
    assert "größe ☃" in shell("inspect", "model").stdout
    shell.write("bare.csv", "\n".join(rows.splitlines()[2:]))
    run = shell("train", "bare.csv", "--no-header", "--target", "x2", "--model", "ridge", "--json")
    assert [column["name"] for column in json.loads(run.stdout)["columns"]] == ["x0", "x1"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"x,y\n", "no rows"),
        (b"x,y\n1,2\n", "too few"),
        (b"y\n" + b"1\n2\n" * 9, "no column besides the target"),
        (b"x,y\n" + b"1,\n" * 9, "no row of t.csv has a 'y'"),
        (b"x,x,y\n1,2,3\n", "two columns are named"),
        (b"\xff\xfex\x00", "UTF-16"),
        (b"PAR1xxxx", "Parquet"),
        (b"x,y\n\xe9,1\n", "UTF-8"),
        (b'x,y\n"1,2\n', "never closed"),
        (b"x,y\n" + b"1,a\n2,b\n" * 9, "holds text"),
        (b"x,y\n" + b"1,inf\n2,1\n" * 9, "infinite"),
        (b"\x1f\x8b\x08\x00garbage", "cannot read"),
    ],
)
def test_files_that_cannot_be_used(shell, content, said):
    shell.write("t.csv", content)
    message = shell.error(*TRAIN)
    assert said in message, message
    assert not (shell.folder / "model").exists()


def test_what_a_file_holds_cannot_steer_the_terminal(shell):
    shell.write("t.csv", "x,c\x1b[2J,y\n" + "1,\x1b[31mred,2\n3,b,4\n" * 9)
    run = shell(*TRAIN, "--out", "model")
    assert "\x1b" not in run.stderr and "\x1b" not in shell("inspect", "model").stdout
    assert "\x1b" not in shell.error(*TRAIN, "--type", "c\x1b[2J=number")


def test_wrong_usage_is_told_in_one_line(small):
    wrong = {
        (): "requires a subcommand",
        ("tran",): "unrecognized subcommand 'tran'",
        ("train",): "--model <NAME>",
        ("train", "t.csv", "--model", "rigde"): "there is no model 'rigde'; there are",
        ("train", "t.csv", "--model", "ridge"): "--target COL",
        (*TRAIN, "--param", "alpha"): "expected NAME=VALUE",
        (*TRAIN, "--param", "alpha=x"): "'alpha' parameter",
        (*TRAIN, "--param", "alpha=-1"): "'alpha' parameter of Ridge must be a float",
        (*TRAIN, "--param", "beta=1"): "no parameter 'beta'",
        (*TRAIN, "--test-size", "1"): "from 0 to below 1",
        (*TRAIN, "--threads", "0"): "'0'",
        (*TRAIN, "--device", "gpu"): "there is no device 'gpu'",
        (*TRAIN, "--weights", "y"): "the same column",
        ("predict", "-", "-"): "cannot both be standard input",
        ("models", "rigde"): "there is no model",
    }
    for words, said in wrong.items():
        message = small.error(*words, code=2)
        assert said in message, (words, message)
    assert "weights are numbers from 0" in small.error("train", "t.csv", "--target", "x", "--model", "ridge",
                                                        "--missing", "5.25", "--weights", "y")  # fmt: skip
    assert "cannot write no/such: " in small.error(*TRAIN, "--out", "no/such")
    assert "no such file" in small.error("train", "none.csv", "--target", "y", "--model", "ridge").lower()


def test_cuda_trains_or_says_why_not(small):
    run = subprocess.run([binary(), *TRAIN, "--device", "cuda"], cwd=small.folder, capture_output=True, check=False)
    assert run.returncode == 0 or (run.returncode == 1 and run.stderr.startswith(b"error: no CUDA device: "))


def test_hostile_models_are_errors_and_nothing_else(small):
    good = (small.folder / "model").read_bytes()
    draw = random.Random(5)
    cases = [b"", b"ironlrn\n", good[:-1], good + b"x", b"x" * 1000]
    for _ in range(60):
        bad = bytearray(good)
        for _ in range(draw.randint(1, 4)):
            bad[draw.randrange(len(bad))] = draw.randrange(256)
        cases.append(bytes(bad))
    for case in cases:
        if case != good:
            small.write("bad", case)
            assert "not a usable ironlearn model" in small.error("predict", "bad", "t.csv")
    # The checksum made right again: what gets past it is validated or harmless.
    import zlib

    for _ in range(200):
        body = bytearray(good[16:])
        body[draw.randrange(len(body))] = draw.randrange(256)
        small.write("bad", good[:12] + zlib.crc32(body).to_bytes(4, "little") + bytes(body))
        for words in (("predict", "bad", "t.csv"), ("inspect", "bad")):
            run = subprocess.run([binary(), *words], cwd=small.folder, capture_output=True, timeout=60, check=False)
            assert run.returncode in (0, 1), (words, run)
            assert b"internal error" not in run.stderr and run.stderr.count(b"\n") <= 1, run.stderr
    assert "cannot read" in small.error("inspect", "no-such-model")
    assert "does not start as one" in small.error("inspect", "/dev/zero")
    assert "does not start as one" in small.error("inspect", "t.csv")


def test_models_go_through_pipes_and_links(small):
    run = subprocess.run([binary(), *TRAIN, "--drop", "id", "--out", "-"], cwd=small.folder, capture_output=True,
                         check=True)  # fmt: skip
    assert run.stdout == (small.folder / "model").read_bytes()
    assert b"RMSE" in run.stderr
    (small.folder / "link").symlink_to("model")
    small(*TRAIN, "--out", "link")
    assert (small.folder / "link").is_symlink()
    assert (small.folder / "model").read_bytes() != run.stdout
    assert not list(small.folder.glob("*.part"))


def test_a_closed_pipe_is_no_error(small):
    small.write("long.csv", "x,c\n" + "1,a\n" * 200_000)
    command = f"'{binary()}' predict model long.csv | head -n 2; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(["bash", "-c", command], cwd=small.folder, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "0" and run.stderr == ""


def test_ctrl_c_ends_a_fit_cleanly(small):
    import signal
    import time

    rows = 200_000
    draw = random.Random(1)
    small.write("big.csv", "a,b,c,d\n" + "".join(f"{draw.random()},{draw.random()},{draw.random()},{draw.random()}\n"
                                                  for _ in range(rows)))  # fmt: skip
    words = [
        "train",
        "big.csv",
        "--model",
        "kmeans",
        "--param",
        "n_clusters=200",
        "--param",
        "n_init=1000",
        "--out",
        "m",
    ]
    process = subprocess.Popen([binary(), *words], cwd=small.folder, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    time.sleep(2)
    assert process.poll() is None, process.communicate()
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130 and err.endswith(b"error: interrupted\n") and out == b""
    assert time.monotonic() - began < 1.0
    assert not list(small.folder.glob("m*.part")) and not (small.folder / "m").exists()


def test_quiet_help_and_lists(small):
    assert small("predict", "model", "t.csv", "--quiet").stderr == ""
    assert "Exit codes: 0 done" in small("train", "--help").stdout
    assert small("--version").stdout.startswith("ironlearn ")
    text = small("models").stdout
    assert all(name in text for name in ("ridge: Ridge, regression", "linear-regression", "alpha"))
    listed = json.loads(small("models", "ridge", "--json").stdout)
    assert listed[0]["params"]["alpha"] == 1.0
    assert Path(binary()).name.startswith("ironlearn") or "IRONLEARN_BIN" in os.environ


def test_refit_uses_all_rows(small):
    run = small(*TRAIN, "--drop", "id", "--refit", "--out", "all", "--json")
    result = json.loads(run.stdout)
    assert result["rows"]["fitted_to"] == 40 and result["rows"]["held_out"] == 10
    assert (small.folder / "all").read_bytes() != (small.folder / "model").read_bytes()
    assert "fitted to all (--refit) 40 rows" in small(*TRAIN, "--refit").stdout
    nothing = small(*TRAIN, "--test-size", "0")
    assert "scores" not in nothing.stdout and "fitted to all 40 rows" in nothing.stdout


def test_the_seed_draws_the_rows(small):
    def scores(seed: int) -> dict:
        return json.loads(small(*TRAIN, "--seed", seed, "--json").stdout)["scores"]

    assert scores(1) == scores(1) != scores(2)

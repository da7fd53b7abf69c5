# SPDX-License-Identifier: BSD-3-Clause
"""What the benches share: conditions, cores' time, rounds, ratios, RFC 9411's rule, tables and JSON.

A bench makes a claim: a dict of JSON in which a reader finds all that the table says and all that it was made from.

    claim        its name
    title        the table's heading
    notes        lines below the table
    conditions   where and when, with load and steal before and after
    rows         [{"case", "metric": median of the valid rounds ..., "rounds": [what each gave], "valid", "why"}]
    columns      [[heading, metric, format]]
    base         how the cases begin whose best the ratios are to

A round is one try of one case: a dict of numbers. Cases go by turns, so that what the machine does meanwhile meets all of them.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("PENSTOCK_BUILD", os.path.join(ROOT, "build"))
RESULTS = os.path.join(ROOT, "doc", "bench")
FAILED_AT_MOST = 1e-5  # RFC 9411 7.1.3 and on: failed transactions, unexpected resets: under 0.001 %


class Failure(Exception):
    """A case that could not be measured: said in its row, the others go on."""


# --- cores ---

def ticks(core, text=None):
    """{"user", "system", "softirq", "steal", "idle"} of a core since boot, in ticks, of /proc/stat."""
    if text is None:
        with open("/proc/stat") as f:
            text = f.read()
    for line in text.splitlines():
        words = line.split()
        if words and words[0] == "cpu%d" % core:
            user, nice, system, idle, wait, irq, softirq, steal = map(int, words[1:9])
            return {"user": user + nice, "system": system, "softirq": irq + softirq, "steal": steal, "idle": idle + wait}
    raise Failure("no core %d" % core)


def use(before, after):
    """Shares of the time between two ticks(). `busy` has the kernel's softirq in it, and not what was stolen."""
    took = {name: after[name] - before[name] for name in before}
    total = sum(took.values()) or 1
    shares = {name: took[name] / total for name in took}
    shares["busy"] = (took["user"] + took["system"] + took["softirq"]) / total
    return shares


def process_ticks(pids):
    """Of these processes, user and system."""
    total = 0
    for pid in pids:
        try:
            with open("/proc/%s/stat" % pid) as f:
                total += sum(map(int, f.read().rpartition(")")[2].split()[11:13]))
        except OSError:
            pass  # it has ended
    return total


def per_core(value, busy):
    """What a core would do if it were as busy as it can be. Below a tenth that is no measurement."""
    return value / busy if busy >= 0.1 else None


# --- rounds ---

def fault(sample, stolen=1.0):
    """Why a round does not count, or "": by RFC 9411, and when others had more than STOLEN of a core's time."""
    tried = sample.get("done", 0) + sample.get("failed", 0)
    if not sample.get("done"):
        return "nothing was done"
    if sample.get("failed", 0) > FAILED_AT_MOST * tried:
        return "%d of %d failed" % (sample["failed"], tried)
    for whose in ("load", "proxy"):
        if sample.get(whose + "_stolen", 0) > stolen:
            return "others had the %s's core for %.0f %% of the time" % (whose, 100 * sample[whose + "_stolen"])
    return ""


def median(samples, metric):
    """Of the rounds that have it; None when none has."""
    values = [s[metric] for s in samples if s.get(metric) is not None]
    return statistics.median(values) if values else None


def ratio(value, base):
    return value / base if value is not None and base else None


def summary(case, samples, errors=(), stolen=1.0):
    """The row of a case: medians of its rounds. One that does not count is said, and leaves the row without figures."""
    why = list(errors) + [text for text in (fault(sample, stolen) for sample in samples) if text] + ["not run"] * (not samples)
    row = {"case": case, "rounds": samples, "valid": not why, "why": why[0] if why else ""}
    for metric in sorted({m for s in samples for m in s}) if row["valid"] else ():
        row[metric] = median(samples, metric)
    return row


def in_turns(cases, rounds, stolen=1.0, log=sys.stderr):
    """Rows of [(name, function that returns a round)], each case once a round."""
    samples, errors = {name: [] for name, _ in cases}, {name: [] for name, _ in cases}
    for r in range(rounds):
        for name, measure in cases:
            try:
                samples[name].append(measure())
                said = "%d done, %d failed" % (samples[name][-1].get("done", 0), samples[name][-1].get("failed", 0))
            except Failure as failure:
                errors[name].append(str(failure).strip().splitlines()[-1] if str(failure) else "failed")
                said = str(failure)
            print("%d/%d %s: %s" % (r + 1, rounds, name, said), file=log, flush=True)
    return [summary(name, samples[name], errors[name], stolen) for name, _ in cases]


def best(rows, metric, base):
    """The most of the rows whose case begins so; None when none counts."""
    return max((row[metric] for row in rows if row["case"].startswith(base) and row.get(metric) is not None), default=None)


def compare(rows, metric, base):
    """Each row's ratio to the best of the base's, as the metric METRIC_ratio."""
    bottom = best(rows, metric, base)
    for row in rows:
        row[metric + "_ratio"] = ratio(row.get(metric), bottom)
    return rows


# --- conditions ---

def said(*words):
    """The first line that a program says, or ''."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0] if lines else ""


def program(path):
    return os.path.join(BUILD, "app", path)


def built(name):
    """A benchmark of tests/bench, which no other build makes."""
    path = os.path.join(BUILD, "tests/bench", name)
    if not os.path.exists(path):
        raise Failure("%s is not built: ninja -C %s tests/bench/%s" % (name, BUILD, name))
    return path


def state():
    """What else the machine does: load, and the share of its time since boot that was stolen, as ticks."""
    n = os.cpu_count()
    all_ticks = [ticks(core) for core in range(n)]
    return {"load": os.getloadavg()[0], "ticks": {k: sum(t[k] for t in all_ticks) for k in all_ticks[0]}}


def conditions(before, after, **more):
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), platform.machine())
    return {
        "date": time.strftime("%Y-%m-%d"), "commit": said("git", "-C", ROOT, "describe", "--always", "--dirty"),
        "machine": "%d x %s, kernel %s" % (os.cpu_count(), model, platform.release()),
        "versions": [v for v in (said(program("penstock/penstock"), "--version"), " ".join(said("haproxy", "-v").split()[:3]),
                                 said("nginx", "-v"), "DPDK " + said("pkg-config", "--modversion", "libdpdk")) if v],
        "load_before": before["load"], "load_after": after["load"], "steal": use(before["ticks"], after["ticks"])["steal"],
        **more}


def conditions_line(c):
    words = [c["date"], "commit " + c["commit"], c["machine"], "; ".join(c["versions"]),
             "load %.1f before, %.1f after, steal %.1f %%" % (c["load_before"], c["load_after"], 100 * c["steal"])]
    words += ["%s %s" % (name, c[name]) for name in ("wire", "mtu", "seconds", "rounds") if name in c]
    return ", ".join(words)


# --- tables ---

def cell(value, form):
    return "" if value is None else form % value


def table(columns, rows):
    """Markdown. A row that does not count says why instead."""
    lines = ["| " + " | ".join(["", *(column[0] for column in columns)]) + " |", "|" + " --- |" * (len(columns) + 1)]
    for row in rows:
        cells = [cell(row.get(metric), form) for _, metric, form in columns]
        if not row["valid"]:
            cells = ["not valid: " + row["why"].replace("|", "/")] + [""] * (len(columns) - 1)
        lines.append("| " + " | ".join([row["case"], *cells]) + " |")
    return "\n".join(lines)


def markdown(claim):
    parts = ["### " + claim["title"], conditions_line(claim["conditions"]) + ".", table(claim["columns"], claim["rows"])]
    return "\n\n".join(parts + ["\n".join("- " + note for note in claim["notes"])] * bool(claim["notes"])) + "\n"


def replace_generated(page, text, begin="<!-- generated: tests/bench/all -->", end="<!-- end of generated -->"):
    """The page with what is between the markers replaced; they are put at its end where there are none."""
    head, found, rest = page.partition(begin)
    if not found:
        return page.rstrip() + "\n\n" + begin + "\n" + text + end + "\n"
    return head + begin + "\n" + text + end + rest.partition(end)[2]


# --- a bench's command line ---

def arguments(doc, seconds=5, rounds=3, stolen=5):
    p = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--quick", action="store_true", help="one round of two seconds")
    p.add_argument("--seconds", type=int, help="of a measurement (%d)" % seconds)
    p.add_argument("--rounds", type=int, help="of which the median is taken (%d)" % rounds)
    p.add_argument("--cases", help="only those that have one of these words, by comma, in their name")
    p.add_argument("--stolen", type=float, default=stolen, metavar="PERCENT", help="of the time that others may have a core (%g)" % stolen)
    p.add_argument("--json", default="", metavar="FILE", help="write the claim here too")
    args = p.parse_args()
    args.seconds = args.seconds or (2 if args.quick else seconds)
    args.rounds = args.rounds or (1 if args.quick else rounds)
    if os.geteuid() != 0:
        sys.exit("%s: must run as root" % p.prog)
    return args


def chosen(cases, args):
    words = args.cases.split(",") if args.cases else [""]
    return [case for case in cases if any(word in case[0] for word in words)]


def run(args, claim, cases, **more):
    """Measures, prints the table, writes the JSON; the claim. The exit code is 1 when a row does not count."""
    before = state()
    claim["rows"] = in_turns(chosen(cases, args), args.rounds, args.stolen / 100)
    claim.pop("compare", lambda rows: None)(claim["rows"])
    for metric in claim.get("ratios", ()):
        compare(claim["rows"], metric, claim["base"])
    claim["conditions"] = conditions(before, state(), seconds=args.seconds, rounds=args.rounds, **more)
    print(markdown(claim))
    if args.json:
        with open(args.json, "w") as f:
            json.dump(claim, f, indent=1)
            f.write("\n")
    sys.exit(not all(row["valid"] for row in claim["rows"]))

# SPDX-License-Identifier: BSD-3-Clause
"""Active checks and [route]s against real nodes: the appliance's file is changed and reloaded while it runs."""
import os

from lab import DIR, KEYS, NODES, REGION, S3Case, ctl, nodes, penstock_only, show, wait_for

INI = os.path.join(DIR, "penstock.ini")
SECRET = os.path.join(DIR, "check.secret")


def reload():
    done = ctl("reload")
    if done.returncode != 0:
        raise AssertionError("reload: exit code %d: %s" % (done.returncode, done.stderr))


def states():
    """{member: state} of the pool of all nodes."""
    return {m["name"]: m["state"] for m in show("pool rgw")["members"]}


def total(name):
    return sum(c["value"] for c in show("counters")["counters"] if c["lib"] == "lb" and c["counter"] == name)


@penstock_only
class Reloaded(S3Case):
    """The lab's file, with something added to its pool and behind it."""

    def setUp(self):
        super().setUp()
        with open(INI) as file:
            self.before = file.read()
        self.counts = {name: total(name) for name in ("checks_good", "checks_bad")}
        self.addCleanup(self.put_back)

    def counted(self, name):
        """In this test: a reload keeps what its members counted before."""
        return total(name) - self.counts[name]

    def put_back(self):
        for n in NODES:
            nodes("ensure", n)
        with open(INI, "w") as file:
            file.write(self.before)
        reload()
        wait_for(lambda: set(states().values()) == {"up"}, "all members up")

    def add(self, to_pool="", sections=""):
        text = self.before.replace("[pool rgw]\n", "[pool rgw]\n" + to_pool, 1)
        with open(INI, "w") as file:
            file.write(text + "\n" + sections)
        reload()


class Checks(Reloaded):
    def test_hung_and_dead_nodes_are_found_without_a_client(self):
        self.add("check = quick\n", "[check quick]\nkind = s3\ninterval = 200ms\ntimeout = 200ms\n")
        wait_for(lambda: self.counted("checks_good") >= 6, "two rounds of checks")
        self.assertEqual(set(states().values()), {"up"})
        for signal in ("STOP", "KILL"):
            nodes("signal", 2, signal)
            wait_for(lambda: states()["b"] == "down", "b is found down after SIG" + signal)
            self.assertEqual({states()["a"], states()["c"]}, {"up"})
            path = self.put("while-down-" + signal, b"x" * 1000)
            self.assertEqual({self.call("GET", path).status for _ in range(12)}, {200})
            nodes("ensure", 2)
            wait_for(lambda: states()["b"] == "up", "b comes back after SIG" + signal)
        changes = [e["to"] for e in show("events")["events"] if e["of"] == "rgw/b"]
        self.assertEqual(changes[-4:], ["down", "up", "down", "up"])

    def canary(self, secret):
        with open(SECRET, "w") as file:
            file.write(secret + "\n")
        self.addCleanup(os.unlink, SECRET)
        self.add("check = canary\n", "[check canary]\nkind = canary\ninterval = 300ms\ntimeout = 300ms\nbucket = %s\n"
                 "access-key = %s\nsecret-file = check.secret\nregion = %s\n" % (self.bucket, KEYS.access_key, REGION))

    def test_canary_writes_reads_and_deletes(self):
        """Signed by the appliance, verified by the nodes; no object of it stays longer than a check."""
        self.canary(KEYS.secret_key)
        wait_for(lambda: self.counted("checks_good") >= 9, "three rounds of checks")
        self.assertEqual(set(states().values()), {"up"})
        self.assertEqual(self.counted("checks_bad"), 0)
        names = {o["Key"] for o in self.s3.list_objects_v2(Bucket=self.bucket, Prefix="penstock-").get("Contents", ())}
        self.assertLessEqual(names, {"penstock-canary/rgw.%s" % m for m in "abc"})

    def test_canary_that_may_not_write(self):
        """A wrong key: reads go on, and a bad check alone never takes the pool away."""
        self.canary("wrong")
        wait_for(lambda: set(states().values()) == {"wedged"}, "nobody takes the canary's writes")
        path = self.put("still", b"there")
        self.assertEqual(self.call("GET", path).body, b"there")


class Routes(Reloaded):
    def test_routes(self):
        self.add(sections="[route no-delete]\nbucket = %s\noperation = DeleteBucket\nerror = 403\n"
                 "[route elsewhere]\nbucket = %s-moved\nredirect = 307 http://other.test:81\n"
                 "[pool one]\nmember = b 10.20.0.12:7480\n"
                 "[route writes]\nclass = write\nlistener = s3\nkey = to-b/*\npool = one\n" % (self.bucket, self.bucket))
        refused = self.call("DELETE", "/" + self.bucket)
        self.assertEqual(refused.status, 403)
        self.assertIn(b"<Code>AccessDenied</Code>", refused.body)
        moved = self.call("GET", "/%s-moved/a%%20b?versionId=1" % self.bucket)
        self.assertEqual(moved.status, 307)
        self.assertEqual(moved.headers["location"], "http://other.test:81/%s-moved/a%%20b?versionId=1" % self.bucket)
        for i in range(6):
            self.put("to-b/%d" % i, b"x")
        [member] = show("pool one")["members"]
        self.assertEqual(member["requests"], 6)
        path = self.put("anywhere", b"y")
        self.assertEqual(self.call("GET", path).status, 200)
        self.assertEqual(show("pool one")["members"][0]["requests"], 6)

    def test_unknown_operation_changes_nothing(self):
        with self.assertRaisesRegex(AssertionError, r"\[route typo\] operation: GetObjekt"):
            self.add(sections="[route typo]\noperation = GetObjekt\nerror = 403\n")
        self.assertEqual(self.call("GET", self.put("fine", b"z")).body, b"z")

import { spawnSync } from "node:child_process";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { watchedLine } from "../../src/core/ledger/ledger-lines.js";
import type { AllocationLine, GapLine } from "../../src/core/ledger/line.js";
import { formatTime, parseTime } from "../../src/core/time.js";
import { cli, PROJECT } from "../support/cli.js";
import { expectGolden } from "../support/golden.js";
import { workspace } from "../support/workspace.js";

const time = (text: string) => parseTime(`2026-11-${text}Z`)!;

/** `24T12:00:03` means November 2026. */
function line(event: AllocationLine["event"], at: string, pod: string, ip = "10.6.124.10"): AllocationLine {
  const when = formatTime(time(at));
  const where = { pool: "app", pod: `default/${pod}`, uid: `uid-${pod}`, nic: "net1", node: "node-a" };
  const rest = { owner: "default/Deployment/web/net1/app-v4", revision: "3f2c9d1", install: "default" };
  const [from, to] = event === "released" ? [null, when] : [when, null];
  return { v: 1, event, ip, ...where, ...rest, from, to };
}
function gap(reason: GapLine["reason"], from: string | null, to: string): GapLine {
  const since = from === null ? null : formatTime(time(from));
  return { v: 1, event: "gap", reason, from: since, to: formatTime(time(to)), install: "default" };
}
const watched = (from: string, to: string) => watchedLine(time(from), time(to), "default");
const file = (...lines: readonly (object | string)[]) =>
  lines.map((one) => `${typeof one === "string" ? one : JSON.stringify(one)}\n`).join("");

/** Three days: a quiet one, one with a gap of each kind and a torn line, and one after a night without an operator. */
const LEDGER = {
  "ledger/2026-11-23.jsonl": file(
    gap("started", null, "23T09:00:00"),
    line("seen", "23T09:00:00", "old", "10.6.124.11"),
    watched("23T09:00:00", "23T20:00:00"),
  ),
  "ledger/2026-11-24.jsonl": file(
    line("allocated", "24T12:00:03", "web-1"),
    line("allocated", "24T12:00:05", "other", "10.6.124.99"),
    line("released", "24T13:10:44", "web-1"),
    line("allocated", "24T13:20:00", "web-2"),
    '{"v":1,"event":"alloc',
    gap("started", "24T15:00:00", "24T15:20:00"),
    line("seen", "24T15:20:00", "web-2"),
    line("seen", "24T15:20:00", "new", "10.6.124.12"),
    gap("missed", "24T18:00:00", "24T18:10:00"),
    line("released", "24T18:10:00", "web-2"),
    line("allocated", "24T18:10:00", "web-3"),
    watched("24T18:10:00", "24T23:00:00"),
  ),
  "ledger/2026-11-25.jsonl": file(
    gap("started", "24T23:00:00", "25T08:00:00"),
    line("seen", "25T08:00:00", "web-9"),
    watched("25T08:00:00", "25T08:05:00"),
  ),
};
const ask = (argv: string[], files: Record<string, string> = LEDGER, env = {}) =>
  cli(["who-had", ...argv], { cwd: workspace(files), env });

interface Answer {
  readonly known: boolean;
  readonly holders: { readonly certainty: string; readonly pod: string }[];
  readonly statements: { readonly certainty: string; readonly says: string }[];
  readonly ledger: { readonly days: string[]; readonly lines: number; readonly unreadLines: number };
}
async function answer(address: string, at: string, files?: Record<string, string>) {
  const { code, stdout } = await ask([address, "--at", at, "--ledger", "ledger", "-o", "json"], files);
  return { code, ...(JSON.parse(stdout) as Answer) };
}

describe("who-had", () => {
  it.each([
    ["text", "2026-11-24T12:30:00Z"],
    ["json", "2026-11-24T12:30:00Z"],
    ["gap", "2026-11-24T18:05:00Z"],
    ["day", "2026-11-24"],
  ])("as people and programs see it: %s", async (name, at) => {
    const format = name === "json" ? "json" : "text";
    const { stdout } = await ask(["10.6.124.10", "--at", at, "--ledger", "ledger", "-o", format]);
    expectGolden(`who-had.${name}.txt`, stdout);
  });

  it.each<[string, string, string, number, string[], RegExp]>([
    [
      "proved",
      "10.6.124.10",
      "24T12:30:00Z",
      0,
      ["proved default/web-1"],
      /allocated 2026-11-24T12:00:03Z, released 2026-11-24T13:10:44Z; the operator watched without a gap/,
    ],
    ["from its first moment", "10.6.124.10", "24T12:00:03Z", 0, ["proved default/web-1"], /had it/],
    [
      "free from the moment of the release",
      "10.6.124.10",
      "24T13:10:44Z",
      0,
      [],
      /proved nobody had it, and the operator watched; default\/web-1 had it last, until 2026-11-24T13:10:44Z/,
    ],
    ["free before the first", "10.6.124.10", "24T11:00:00Z", 0, [], /nobody had it/],
    ["never held, never told of", "10.6.124.77", "24T12:30:00Z", 0, [], /nobody had it/],
    [
      "seen at start-up",
      "10.6.124.11",
      "23T12:00:00Z",
      0,
      ["proved default/old"],
      /not known when it was given: before 2026-11-23T09:00:00Z/,
    ],
    [
      "before the ledger",
      "10.6.124.11",
      "23T08:00:00Z",
      1,
      ["possible default/old"],
      /not known who had it before 2026-11-23T09:00:00Z/,
    ],
    [
      "held over a gap",
      "10.6.124.10",
      "24T15:10:00Z",
      0,
      ["likely default/web-2"],
      /likely default\/web-2 kept it between 2026-11-24T15:00:00Z and 2026-11-24T15:20:00Z/,
    ],
    [
      "first seen after a gap",
      "10.6.124.12",
      "24T15:10:00Z",
      1,
      ["possible default/new"],
      /not known who else had it between .*15:00:00Z and .*15:20:00Z: the operator was not looking/,
    ],
    ["gone after a gap", "10.6.124.11", "24T16:00:00Z", 0, [], /nobody had it/],
    [
      "changed in a gap",
      "10.6.124.10",
      "24T18:05:00Z",
      1,
      ["possible default/web-2", "possible default/web-3"],
      /not known whether default\/web-2 had it then/,
    ],
    [
      "held where a gap begins",
      "10.6.124.10",
      "24T18:00:00Z",
      0,
      ["proved default/web-2"],
      /released between .*18:00:00Z and .*18:10:00Z/,
    ],
    [
      "in a night without an operator",
      "10.6.124.10",
      "25T02:00:00Z",
      1,
      ["possible default/web-3", "possible default/web-9"],
      /not known/,
    ],
    [
      "after the ledger's end",
      "10.6.124.10",
      "25T09:00:00Z",
      0,
      ["likely default/web-9"],
      /not known who had it after 2026-11-25T08:05:00Z, where the ledger ends/,
    ],
    [
      "all of a date",
      "10.6.124.10",
      "24",
      0,
      ["proved default/web-1", "proved default/web-2", "proved default/web-3", "possible default/web-9"],
      /proved/,
    ],
    ["in another zone", "10.6.124.10", "24T13:30:00+01:00", 0, ["proved default/web-1"], /proved/],
    ["without a zone, which is UTC", "10.6.124.10", "24T12:30:00", 0, ["proved default/web-1"], /proved/],
  ])("%s: %s at %s", async (_what, address, at, code, holders, says) => {
    const found = await answer(address, `2026-11-${at}`);
    expect(found.holders.map(({ certainty, pod }) => `${certainty} ${pod}`)).toEqual(holders);
    expect(found.statements.map((one) => `${one.certainty} ${one.says}`).join("\n")).toMatch(says);
    expect([found.code, found.known]).toEqual([code, code === 0]);
  });

  it.each<[string, string, string, string[]]>([
    ["the day of the change, as far as the release", "10.6.124.10", "2026-11-24T12:30:00Z", ["2026-11-24"]],
    ["from the last start on for one that nobody has", "10.6.124.77", "2026-11-25T08:01:00Z", ["2026-11-25"]],
    ["back to where it was given", "10.6.124.10", "2026-11-25T08:01:00Z", ["2026-11-24", "2026-11-25"]],
  ])("reads only what matters: %s", async (_what, address, at, days) => {
    expect((await answer(address, at)).ledger.days).toEqual(days);
  });

  it("torn and foreign lines are counted and told, and stop nothing", async () => {
    const files = { ...LEDGER, "ledger/2026-11-24.jsonl": `not ours\n{"v":2}\n${LEDGER["ledger/2026-11-24.jsonl"]}` };
    const { stdout, code } = await ask(["10.6.124.10", "--at", "2026-11-24T16:00:00Z", "--ledger", "ledger"], files);
    expect(code).toBe(0);
    expect(stdout).toMatch(/3 lines torn or of another format, not read/);
  });

  it("a ledger whose first files are gone does not take silence for proof", async () => {
    const files = { "ledger/2026-11-24.jsonl": file(line("allocated", "24T12:00:05", "other", "10.6.124.99")) };
    expect(await answer("10.6.124.10", "2026-11-24T12:00:05Z", files)).toMatchObject({ code: 1, known: false });
  });

  it("a hold keeps the revision it was given in and the owner it had then, whatever is told of it later", async () => {
    const given = { ...line("allocated", "24T12:00:00", "web-1"), nic: "", node: "", owner: "default/Deployment/a" };
    const told = { ...line("seen", "24T13:00:00", "web-1"), revision: "later", owner: "default/Deployment/b" };
    const files = { "ledger/2026-11-24.jsonl": file(gap("started", null, "24T11:00:00"), given, told) };
    const at = async (moment: string) => (await answer("10.6.124.10", `2026-11-24T${moment}Z`, files)).holders[0];
    const known = { revision: "3f2c9d1", nic: "net1", node: "node-a" };
    expect(await at("12:30:00")).toMatchObject({ ...known, owner: "default/Deployment/a" });
    expect(await at("13:00:00")).toMatchObject({ ...known, owner: "default/Deployment/b" });
  });

  it("an empty ledger knows nothing", async () => {
    const found = await answer("10.6.124.10", "2026-11-24", { "ledger/notes.txt": "" });
    expect(found).toMatchObject({ code: 1, known: false, statements: [{ says: "the ledger is empty" }] });
  });

  it("text of a ledger cannot repaint the terminal", async () => {
    const bad = { ...line("allocated", "24T12:00:03", "web-1"), owner: "\u001b[2Jgone" };
    const { stdout } = await ask(["10.6.124.10", "--at", "2026-11-24", "--ledger", "ledger"], {
      "ledger/2026-11-24.jsonl": file(gap("started", null, "24T12:00:00"), bad),
    });
    expect(stdout).toContain("\\u001b[2Jgone");
  });

  it("options come from the environment too", async () => {
    const env = { SPIDERPLAN_AT: "2026-11-24T12:30:00Z", SPIDERPLAN_LEDGER: "ledger" };
    expect(await ask(["10.6.124.10"], LEDGER, env)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("web-1"),
    });
  });

  it("an IPv6 address is asked for however it is written", async () => {
    const files = { "ledger/2026-11-24.jsonl": file(line("allocated", "24T12:00:03", "six", "fd00::10")) };
    const found = await answer("FD00:0:0::0010", "2026-11-24T12:00:03Z", files);
    expect(found.holders).toEqual([expect.objectContaining({ pod: "default/six" })]);
  });

  it.each<[string[], RegExp]>([
    [["10.6.124", "--at", "2026-11-24", "--ledger", "ledger"], /10\.6\.124 is no IP address/],
    [["10.6.124.10", "--ledger", "ledger"], /give --at/],
    [["10.6.124.10", "--at", "2026-11-24"], /give --ledger/],
    [["10.6.124.10", "--at", "noon", "--ledger", "ledger"], /--at noon: give a time/],
    [["10.6.124.10", "--at", "2026-02-30", "--ledger", "ledger"], /--at 2026-02-30: give a time/],
    [["10.6.124.10", "--at", "2026-11-24", "--ledger", "nowhere"], /there is no folder nowhere/],
    [[], /missing required argument/],
  ])("refuses %j", async (argv, message) => {
    const { code, stdout, stderr } = await ask(argv);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
  });

  it("a ledger larger than the memory it may use", () => {
    const cwd = workspace({ "ledger/2026-11-23.jsonl": LEDGER["ledger/2026-11-23.jsonl"] });
    const to = openSync(join(cwd, "ledger/2026-11-24.jsonl"), "w");
    writeSync(to, file(line("allocated", "24T00:00:01", "web-1")));
    const others = Array.from({ length: 1_000 }, (_, i) =>
      line("allocated", "24T00:00:02", `p${i}`, `10.7.${i >> 8}.${i & 255}`),
    );
    const crowd = file(...others);
    for (let n = 0; n < 250; n++) writeSync(to, crowd);
    writeSync(to, file(line("released", "24T00:00:03", "web-1")));
    closeSync(to);
    const args = ["who-had", "10.6.124.10", "--at", "2026-11-24T00:00:02Z", "--ledger", "ledger", "-o", "json"];
    const tsx = join(PROJECT, "node_modules/tsx/dist/loader.mjs");
    const limits = ["--max-old-space-size=40", "--max-semi-space-size=4"];
    const child = spawnSync(process.execPath, [...limits, "--import", tsx, join(PROJECT, "src/cli/main.ts"), ...args], {
      cwd,
      encoding: "utf8",
    });
    expect(child.stderr).toBe("");
    const found = JSON.parse(child.stdout) as Answer;
    expect(found.ledger.lines).toBe(250_002);
    expect(found.holders).toEqual([expect.objectContaining({ certainty: "proved", pod: "default/web-1" })]);
  }, 120_000);
});

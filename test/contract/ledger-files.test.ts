import { spawn, spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { openLedgerFiles } from "../../src/adapters/ledger/ledger-files.js";
import { readLedger } from "../../src/adapters/ledger/ledger-folder.js";
import { openLedgerStream } from "../../src/adapters/ledger/ledger-stream.js";
import { watchedLine } from "../../src/core/ledger/ledger-lines.js";
import { type AllocationLine, parseLine } from "../../src/core/ledger/line.js";
import { formatTime } from "../../src/core/time.js";
import { PROJECT } from "../support/cli.js";
import { keptTelemetry } from "../support/kept-telemetry.js";
import { workspace } from "../support/workspace.js";

const NOON = Date.UTC(2026, 10, 24, 12);
const DAY = 86_400_000;
const FILE = "2026-11-24.jsonl";

function allocated(number: number, at = NOON + number): AllocationLine {
  const where = {
    pool: "app",
    pod: `d/app-${number}`,
    uid: `u${number}`,
    nic: "eth0",
    node: "node-a",
    owner: "d/Deployment/app",
  };
  const ip = `10.6.${number >> 8}.${number & 255}`;
  return { v: 1, event: "allocated", ip, ...where, from: formatTime(at), to: null, revision: "r1", install: "default" };
}
const many = (count: number) => Array.from({ length: count }, (_, index) => allocated(index));

async function opened(folder: string) {
  const telemetry = keptTelemetry();
  const { logger, metrics } = telemetry;
  const ledger = await openLedgerFiles({ folder, sync: "each", logger, metrics });
  onTestFinished(() => ledger.close());
  return { ...telemetry, ledger };
}

async function linesIn(folder: string): Promise<string[]> {
  const reader = readLedger(folder);
  const lines: string[] = [];
  for (const day of await reader.days()) for await (const piece of reader.lines(day)) lines.push(...piece);
  return lines;
}

describe("a ledger of files", () => {
  it("one file a day by the time of its lines, in order, and nobody else's to read", async () => {
    const folder = join(workspace(), "ledger");
    const { ledger, value } = await opened(folder);
    expect(ledger.lastTime).toBeUndefined();
    const lines = [allocated(1), allocated(2, NOON + DAY), watchedLine(NOON + DAY, NOON + 2 * DAY, "default")];
    expect(await ledger.append(lines)).toBe(true);
    expect(readdirSync(folder)).toEqual([FILE, "2026-11-25.jsonl", "2026-11-26.jsonl"]);
    expect((await linesIn(folder)).map(parseLine)).toEqual(lines);
    expect(statSync(join(folder, FILE)).mode & 0o137).toBe(0);
    expect(await value('ledger_lines_total{event="allocated"}')).toBe(2);
    expect((await opened(folder)).ledger.lastTime).toBe(NOON + 2 * DAY);
  });

  it("appends to what is there, whatever the order of appends", async () => {
    const folder = workspace({ [FILE]: `${JSON.stringify(allocated(0))}\n` });
    const { ledger } = await opened(folder);
    expect(ledger.lastTime).toBe(NOON);
    await Promise.all(many(50).map((line) => ledger.append([line])));
    expect((await linesIn(folder)).map(parseLine)).toEqual([allocated(0), ...many(50)]);
  });

  it("writes whole lines, and many at once", async () => {
    const folder = workspace();
    const { ledger } = await opened(folder);
    const lines = many(20_000);
    expect(await ledger.append(lines)).toBe(true);
    expect((await linesIn(folder)).map(parseLine)).toEqual(lines);
  });

  it.each([
    ["half a line", JSON.stringify(allocated(1)).slice(0, 60)],
    ["a whole line without its end", JSON.stringify(allocated(1))],
  ])("%s that a crash left is ended, kept, counted and told", async (_what, torn) => {
    const folder = workspace({ [FILE]: `${JSON.stringify(allocated(0))}\n${torn}` });
    const { ledger, said, value } = await opened(folder);
    await ledger.append([allocated(2)]);
    await ledger.append([allocated(3)]);
    expect(readFileSync(join(folder, FILE), "utf8")).toBe(
      [allocated(0), torn, allocated(2), allocated(3)]
        .map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`)
        .join(""),
    );
    expect(await value("ledger_torn_lines_total")).toBe(1);
    expect(said()).toEqual([expect.stringMatching(/^warn: .*torn/)]);
  });

  it("killed by SIGKILL in the middle of appends: at most the last line is torn, and the next writer goes on", async () => {
    const folder = workspace();
    const program = `
      import { openLedgerFiles } from ${JSON.stringify(join(PROJECT, "src/adapters/ledger/ledger-files.ts"))};
      const quiet = { debug() {}, info() {}, warn() {}, error() {}, with: () => quiet, count() {}, set() {}, observe() {}, forget() {} };
      const ledger = await openLedgerFiles({ folder: ${JSON.stringify(folder)}, sync: "rotate", logger: quiet, metrics: quiet });
      const one = ${JSON.stringify(allocated(0))};
      for (let n = 0; ; n += 50) await ledger.append(Array.from({ length: 50 }, (_, i) => ({ ...one, uid: "n" + (n + i), node: "x".repeat(3000) })));`;
    for (let round = 1; round <= 3; round++) {
      const from = existsSync(join(folder, FILE)) ? statSync(join(folder, FILE)).size : 0;
      const tsx = join(PROJECT, "node_modules/tsx/dist/loader.mjs");
      const child = spawn(process.execPath, ["--import", tsx, "--input-type=module", "-e", program], {
        stdio: "inherit",
      });
      const ended = new Promise<string | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)));
      while (!existsSync(join(folder, FILE)) || statSync(join(folder, FILE)).size < from + 2_000_000) {
        expect(child.exitCode).toBeNull();
        await wait(2);
      }
      child.kill("SIGKILL");
      expect(await ended).toBe("SIGKILL");

      const { ledger, value } = await opened(folder);
      expect(await ledger.append([allocated(1_000 + round)])).toBe(true);
      await ledger.close();
      const lines = (await linesIn(folder)).map(parseLine);
      expect(lines.at(-1)).toEqual(allocated(1_000 + round));
      expect(lines.filter((line) => line === undefined).length).toBeLessThanOrEqual(round);
      expect(await value("ledger_torn_lines_total")).toBeLessThanOrEqual(1);
      // What was stored before the kill has no hole: the numbers of the round run on.
      const numbers = lines.flatMap((line) =>
        line && "uid" in line && line.uid.startsWith("n") ? [Number(line.uid.slice(1))] : [],
      );
      const mine = numbers.slice(numbers.lastIndexOf(0));
      expect(mine).toEqual(mine.map((_, index) => index));
      expect(mine.length).toBeGreaterThan(300);
    }
  }, 90_000);

  it.each([
    ["a link, which is not followed", (path: string) => symlinkSync("/dev/null", path), /is a symbolic link/],
    ["a pipe, which nobody reads", (path: string) => void spawnSync("mkfifo", [path]), /is not a regular file/],
  ])("a day's file that is %s: told and counted, it stops nothing, and the next day goes on", async (_, plant, why) => {
    const folder = workspace();
    plant(join(folder, FILE));
    const { ledger, said, logged, value } = await opened(folder);
    expect(await ledger.append([allocated(1)])).toBe(false);
    expect(await ledger.append([allocated(2)])).toBe(false);
    expect(await value("ledger_failures_total")).toBe(2);
    expect(await value('ledger_lines_total{event="allocated"}')).toBe(0);
    expect(said()).toEqual(Array(2).fill(expect.stringMatching(/^error: the ledger cannot be written/)));
    expect(logged()).toMatch(why);
    expect(await ledger.append([allocated(3, NOON + DAY)])).toBe(true);
    expect(readdirSync(folder)).toEqual([FILE, "2026-11-25.jsonl"]);
  });

  it("a disk that is full in the middle of a line: the rest is ended, and nothing is lost that was said to be stored", async (test) => {
    const folder = workspace();
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).status === 0;
    if (!mounted) test.skip("mounting a small disk needs more rights than this user has");
    onTestFinished(() => void spawnSync("umount", ["-l", folder]));
    const { ledger, logged, value } = await opened(folder);
    const stored: AllocationLine[] = [];
    let full = false;
    for (let n = 0; !full; n++) {
      const lines = [allocated(2 * n), allocated(2 * n + 1)];
      if (await ledger.append(lines)) stored.push(...lines);
      else full = true;
    }
    expect(stored.length).toBeGreaterThan(100);
    expect(await ledger.append([allocated(5_000)])).toBe(false);
    expect(logged()).toContain("ENOSPC");
    expect(await value("ledger_failures_total")).toBe(2);
    spawnSync("mount", ["-o", "remount,size=1m", folder]);
    expect(await ledger.append([allocated(5_001)])).toBe(true);
    const lines = (await linesIn(folder)).map(parseLine);
    expect(lines.slice(0, stored.length)).toEqual(stored);
    expect(lines.at(-1)).toEqual(allocated(5_001));
    expect(lines.filter((line) => line === undefined)).toHaveLength(await value("ledger_torn_lines_total"));
    expect(await value("ledger_torn_lines_total")).toBe(1);
  });

  it("a folder that is a file is refused at once", async () => {
    await expect(opened(join(workspace({ ledger: "" }), "ledger"))).rejects.toThrow(/EEXIST/);
  });

  it("a pipe in the folder stops nobody", async () => {
    const folder = workspace();
    spawnSync("mkfifo", [join(folder, FILE)]);
    expect((await opened(folder)).ledger.lastTime).toBeUndefined();
  });

  it("what others keep in the folder is left alone", async () => {
    const folder = workspace({ "notes.txt": "mine", "2026-11-24.jsonl.gz": "old" });
    const { ledger } = await opened(folder);
    await ledger.append([allocated(1)]);
    expect(readFileSync(join(folder, "notes.txt"), "utf8")).toBe("mine");
    expect(await readLedger(folder).days()).toEqual(["2026-11-24"]);
  });
});

describe("reading", () => {
  it("a line of any length takes no more memory than a piece, and those after it are read", async () => {
    const folder = workspace();
    const path = join(folder, FILE);
    writeFileSync(path, `${JSON.stringify(allocated(1))}\n`);
    for (let n = 0; n < 40; n++) appendFileSync(path, "x".repeat(1 << 20));
    appendFileSync(path, `\n${JSON.stringify(allocated(2))}\n`);
    const lines = await linesIn(folder);
    expect(lines.map(parseLine)).toEqual([allocated(1), undefined, allocated(2)]);
    expect(lines[1]!.length).toBeLessThan(1 << 20);
  });

  it("a letter of several bytes survives the edge of a piece", async () => {
    const text = "é".repeat(200_001);
    const folder = workspace({ [FILE]: `x${text}`.match(/.{1,30000}/g)!.join("\n") });
    expect((await linesIn(folder)).join("")).toBe(`x${text}`);
  });
});

describe("a ledger on stdout", () => {
  it("is the same lines, and knows nothing of before", async () => {
    const { metrics, value } = keptTelemetry();
    let text = "";
    const ledger = openLedgerStream((line) => (text += line), metrics);
    expect(ledger.lastTime).toBeUndefined();
    expect(await ledger.append(many(3))).toBe(true);
    await ledger.close();
    expect(text.trimEnd().split("\n").map(parseLine)).toEqual(many(3));
    expect(await value('ledger_lines_total{event="allocated"}')).toBe(3);
  });
});

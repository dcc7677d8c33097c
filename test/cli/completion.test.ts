import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { run } from "../../src/cli/main.js";
import { buildProgram } from "../../src/cli/program.js";
import { cli } from "../support/cli.js";
import { workspace } from "../support/workspace.js";

const io = { stdout: { write: () => {} }, stderr: { write: () => {} }, env: {}, isTTY: false, cwd: "/" };
const commands = buildProgram(io, run).command.commands;

describe("completion", () => {
  it.each(["bash", "zsh", "fish"])("%s knows every command and every flag", async (shell) => {
    const { code, stdout } = await cli(["completion", shell]);
    expect(code).toBe(0);
    for (const command of commands) {
      const lines = stdout
        .split("\n")
        .filter((line) => new RegExp(`(^|[ '])${command.name()}\\b`).test(line))
        .join("\n");
      for (const option of command.options) {
        const flag = shell === "fish" ? `-l ${option.long!.slice(2)}` : option.long!;
        expect(lines, `${command.name()} ${option.long}`).toContain(flag);
      }
    }
  });

  it("bash completes commands, flags and values", async () => {
    const folder = workspace();
    const script = join(folder, "completion.bash");
    writeFileSync(script, (await cli(["completion", "bash"])).stdout);
    const complete = (...words: string[]) => {
      const program = `source '${script}'; COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _spiderplan; echo "\${COMPREPLY[@]}"`;
      const { stdout, status } = spawnSync("bash", ["-c", program], { encoding: "utf8" });
      expect(status).toBe(0);
      return stdout.trim().split(" ");
    };
    expect(complete("spiderplan", "va")).toEqual(["validate"]);
    expect(complete("spiderplan", "plan", "--det")).toEqual(["--detailed-exitcode"]);
    expect(complete("spiderplan", "plan", "--output", "m")).toEqual(["markdown", "manifests"]);
    expect(complete("spiderplan", "completion", "z")).toEqual(["zsh"]);
  });

  it("refuses another shell", async () => {
    const { code, stderr } = await cli(["completion", "tcsh"]);
    expect(code).toBe(1);
    expect(stderr).toContain("bash, zsh or fish");
  });
});

import { readFileSync } from "node:fs";
import { judgeCases } from "./cases.js";

/** `npm run cases -- FILE.jsonl...`: 0 all agree, 1 one differs, 2 unreadable. */
function main(files: readonly string[]): number {
  if (files.length === 0) {
    console.error("usage: npm run cases -- FILE.jsonl...");
    return 2;
  }
  let agree = 0;
  let disagree = 0;
  for (const file of files) {
    try {
      const result = judgeCases(readFileSync(file, "utf8"));
      agree += result.agree;
      disagree += result.disagreements.length;
      for (const line of result.disagreements) console.log(line);
    } catch (error) {
      console.error(`${file}: ${error instanceof Error ? error.message : String(error)}`);
      return 2;
    }
  }
  console.log(`${agree} agree, ${disagree} disagree`);
  return disagree === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));

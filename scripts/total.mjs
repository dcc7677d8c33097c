// Adds up vitest's JSON reports: names the tests that failed, then prints the one line a machine reads: `N passed, N failed`.
// Usage: total.mjs FAILED_STEPS REPORT.json...   Exits 1 if a step or a test failed.
import { readFileSync } from "node:fs";
import { relative } from "node:path";

const [steps, ...reports] = process.argv.slice(2);
let passed = 0;
let failed = 0;
let skipped = 0;
for (const report of reports) {
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  passed += numPassedTests;
  failed += numFailedTests;
  skipped += numPendingTests + numTodoTests;
  for (const { name: file, message, assertionResults } of testResults.filter(({ status }) => status === "failed")) {
    const tests = assertionResults.filter(({ status }) => status === "failed");
    console.log(`failed: ${relative(process.cwd(), file)}${tests.length === 0 ? `: ${message}` : ""}`);
    for (const { fullName, failureMessages } of tests)
      console.log(`  ${fullName}\n    ${failureMessages.join("\n").slice(0, 1000).replaceAll("\n", "\n    ")}`);
  }
}
// A step that failed without a failed test (a check, a crash, no report at all) still counts.
const failures = Math.max(failed, Number(steps), reports.length === 0 ? 1 : 0);
console.log(`${passed} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exit(failures > 0 ? 1 : 0);

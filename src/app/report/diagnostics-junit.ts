import type { LocatedDiagnostic } from "../../core/diagnostics.js";
import { xmlText } from "./media.js";

/**
 * Findings as JUnit XML: one case a plan file, failed when it has an error; warnings go to its system-out.
 * Findings without a file make a case named `plan`; without any finding it is the only case, and passes.
 */
export function junit(diagnostics: readonly LocatedDiagnostic[]): string {
  const byFile = new Map<string, LocatedDiagnostic[]>();
  for (const one of diagnostics) {
    const file = one.file ?? "plan";
    byFile.set(file, [...(byFile.get(file) ?? []), one]);
  }
  if (byFile.size === 0) byFile.set("plan", []);
  const cases = [...byFile].sort(([a], [b]) => (a < b ? -1 : 1)).map(([file, found]) => testCase(file, found));
  const failures = cases.filter((text) => text.includes("<failure")).length;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="spiderplan validate" tests="${cases.length}" failures="${failures}">`,
    `  <testsuite name="spiderplan validate" tests="${cases.length}" failures="${failures}">`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testCase(file: string, found: readonly LocatedDiagnostic[]): string {
  const errors = found.filter((one) => one.severity === "error");
  const rest = found.filter((one) => one.severity !== "error");
  const head = `    <testcase classname="spiderplan" name="${xmlText(file)}"`;
  if (found.length === 0) return `${head}/>`;
  const failure =
    errors.length === 0
      ? []
      : [
          `      <failure type="${xmlText(errors[0]!.code)}" message="${xmlText(errors[0]!.message)}">${errors.map(line).map(xmlText).join("\n")}</failure>`,
        ];
  const output = rest.length === 0 ? [] : [`      <system-out>${rest.map(line).map(xmlText).join("\n")}</system-out>`];
  return [`${head}>`, ...failure, ...output, "    </testcase>"].join("\n");
}

function line(one: LocatedDiagnostic): string {
  const place = [one.file, one.line, one.column].filter((part) => part !== undefined).join(":");
  const hint = one.hint === undefined ? "" : ` (${one.hint})`;
  return `${place === "" ? "" : `${place} `}${one.severity} ${one.code} ${one.message}${hint}`;
}

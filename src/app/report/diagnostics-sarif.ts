import type { LocatedDiagnostic } from "../../core/diagnostics.js";
import { sarifText, uriSegment } from "./media.js";

const LEVELS = { error: "error", warning: "warning", info: "note" } as const;

/**
 * Findings as SARIF 2.1.0, for code-scanning pages.
 * @param showFile name of a plan file relative to the repository the scan is shown in
 */
export function sarif(
  diagnostics: readonly LocatedDiagnostic[],
  version: string,
  showFile: (file: string) => string,
): object {
  const codes = [...new Set(diagnostics.map((one) => one.code))].sort();
  return {
    $schema: "https://json.schemastore.org/sarif-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: { driver: { name: "spiderplan", version, rules: codes.map((id) => ({ id })) } },
        results: diagnostics.map((one) => ({
          ruleId: one.code,
          ruleIndex: codes.indexOf(one.code),
          level: LEVELS[one.severity],
          message: { text: sarifText(one.hint === undefined ? one.message : `${one.message}. ${one.hint}`) },
          locations: one.file === undefined ? [] : [location(one, showFile)],
        })),
      },
    ],
  };
}

function location(one: LocatedDiagnostic, showFile: (file: string) => string): object {
  const path = showFile(one.file!).split("/").map(uriSegment).join("/");
  const uri = path.startsWith("/") ? `file://${path}` : path;
  const region =
    one.line === undefined
      ? {}
      : {
          region: {
            startLine: one.line,
            ...(one.column === undefined ? {} : { startColumn: one.column }),
            ...(one.endColumn === undefined ? {} : { endColumn: one.endColumn }),
          },
        };
  return { physicalLocation: { artifactLocation: { uri }, ...region } };
}

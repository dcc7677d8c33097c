import { readFileSync } from "node:fs";
import { describe, expect, it, test } from "vitest";
import { parse } from "yaml";
import { METRICS } from "../../../src/adapters/telemetry/metrics-table.js";

const deploy = (file: string) => readFileSync(new URL(`../../../deploy/${file}`, import.meta.url), "utf8");

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

const RULES = (parse(deploy("alerts.yaml")) as { spec: { groups: { rules: Rule[] }[] } }).spec.groups.flatMap(
  ({ rules }) => rules,
);
const DASHBOARD = JSON.parse(deploy("grafana-dashboard.json")) as {
  panels: Panel[];
  annotations: { list: { expr: string }[] };
  templating: { list: { query: string | { query: string } }[] };
};
const EXPRESSIONS: readonly (readonly [string, string])[] = [
  ...RULES.map(({ alert, expr }) => [alert, expr] as const),
  ...DASHBOARD.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
  ...DASHBOARD.annotations.list.map(({ expr }) => ["annotation", expr] as const),
];

/** Names of ours in an expression as the table has them: a histogram is read by its parts. */
function metricsIn(text: string): string[] {
  return [...text.matchAll(/\bspiderplan_([a-z_]+)/g)].map(([, name]) => {
    const base = name!.replace(/_(bucket|sum|count)$/, "");
    return METRICS[base]?.type === "histogram" && base !== name ? base : name!;
  });
}

/** Labels that an expression takes for granted, which its metrics must carry. */
function labelsIn(expression: string): string[] {
  const selected = [...expression.matchAll(/\{([^}]*)\}/g)].flatMap(([, inside]) =>
    [...inside!.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map((match) => match[1]!),
  );
  const grouped = [...expression.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].flatMap(([, inside]) =>
    inside!.split(/[\s,]+/),
  );
  return [...selected, ...grouped].filter((label) => !["", "le", "instance", "job"].includes(label));
}

/** Why an expression cannot be PromQL; nothing more than brackets, quotes and what stands between operands. */
function fault(expression: string): string | undefined {
  const bare = expression.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const open: string[] = [];
  for (const sign of bare) {
    if ("({[".includes(sign)) open.push(sign);
    if (")}]".includes(sign) && open.pop() !== "({["[")}]".indexOf(sign)]) return `${sign} closes nothing`;
  }
  if (open.length > 0) return `${open.join("")} is never closed`;
  if ((bare.match(/"/g)?.length ?? 0) % 2 !== 0) return "a quote is never closed";
  if (/(?:[-+*/<>=]|\b(?:and|or|unless))\s*(?:\)|$)/.test(bare)) return "an operand is missing";
  if (/\b(?:rate|increase)\((?![^()]*\[[^\]]+\]\))/.test(bare)) return "a rate wants a range";
  return undefined;
}

describe("the check of expressions", () => {
  it.each(["sum(a", "sum(a))", 'a{b="c}', "a{b=", "(a > )", "a and", "rate(a)", "sum by (plan] (a)"])(
    "finds what is wrong with %s",
    (expression) => {
      expect(fault(expression)).toBeDefined();
    },
  );

  it("knows a histogram by its parts, and nothing else", () => {
    expect(metricsIn("rate(spiderplan_reconcile_duration_seconds_bucket[5m]) + spiderplan_leader_count")).toEqual([
      "reconcile_duration_seconds",
      "leader_count",
    ]);
  });
});

describe.each(EXPRESSIONS)("%s: %s", (_what, expression) => {
  it("is sound and speaks only of metrics and labels that exist", () => {
    expect(fault(expression)).toBeUndefined();
    const names = metricsIn(expression);
    expect(names.filter((name) => !(name in METRICS))).toEqual([]);
    const carried = new Set(names.flatMap((name) => METRICS[name]!.labels));
    expect(labelsIn(expression).filter((label) => !carried.has(label))).toEqual([]);
  });
});

describe("the alerts", () => {
  it("have names of their own, a severity, what is wrong and what to do", () => {
    expect(new Set(RULES.map(({ alert }) => alert)).size).toBe(RULES.length);
    for (const { alert, labels, annotations } of RULES) {
      expect(alert).toMatch(/^Spiderplan[A-Z]\w+$/);
      expect(["warning", "critical"]).toContain(labels.severity);
      expect(annotations.summary.length, alert).toBeLessThanOrEqual(100);
      expect(annotations.description, alert).toMatch(/^.{30,}\.$/);
    }
  });

  it.each<[string, string]>([
    ["an address changed its owner", "ip_owner_changes_total"],
    ["Git is silent", "source_last_success_timestamp_seconds"],
    ["a plan is blocked", "condition"],
    ["drift", "drift_objects"],
    ["fights", "resource_fights_total"],
    ["no room", "subnet_ips"],
    ["nobody leads", "leader"],
    ["reconciles fail", "reconcile_total"],
    ["watches restart", "watch_restarts_total"],
    ["the ledger has a hole", "ledger_failures_total"],
  ])("tell when %s", (_what, metric) => {
    expect(RULES.some(({ expr }) => metricsIn(expr).includes(metric))).toBe(true);
  });
});

describe("the dashboard", () => {
  it("shows every metric there is", () => {
    const shown = new Set(EXPRESSIONS.flatMap(([, expression]) => metricsIn(expression)));
    expect(Object.keys(METRICS).filter((name) => !shown.has(name))).toEqual([]);
    for (const { query } of DASHBOARD.templating.list) {
      const text = typeof query === "string" ? query : query.query;
      expect(metricsIn(text).filter((name) => !(name in METRICS))).toEqual([]);
    }
  });

  it("has panels that are told apart, explained, and do not cover each other", () => {
    const { panels } = DASHBOARD;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)}/${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    for (const { type, title, description } of panels) {
      if (type !== "row") expect(description, title).toMatch(/\.$/);
    }
  });
});

test("docs/observability.md tells of every metric as the table has it, and of no other", () => {
  const text = readFileSync(new URL("../../../docs/observability.md", import.meta.url), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("| `spiderplan_"));
  expect(rows).toEqual(
    Object.entries(METRICS).map(
      ([name, { type, labels, help }]) => `| \`spiderplan_${name}\` | ${type} | ${labels.join(", ")} | ${help}. |`,
    ),
  );
});

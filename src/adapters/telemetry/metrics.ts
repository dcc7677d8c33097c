import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Labels, Metrics } from "../../ports/telemetry.js";
import { METRICS, type MetricDeclaration } from "./metrics-table.js";

const PREFIX = "spiderplan_";

/** Metrics that can be read in Prometheus' text format. */
export interface ReadableMetrics extends Metrics {
  text(): Promise<string>;
  readonly contentType: string;
}

/**
 * Metrics in a registry of their own: those of the table, and the process' under their usual names.
 * A name or a label that the table does not have is a bug and throws.
 */
export function openMetrics(): ReadableMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counters = new Map(
    declared("counter").map(([name, one]) => [name, counter(settings(name, one, registry), one)]),
  );
  const gauges = new Map(declared("gauge").map(([name, one]) => [name, new Series(settings(name, one, registry))]));
  const histograms = new Map(
    declared("histogram").map(([name, one]) => [
      name,
      new Histogram({ ...settings(name, one, registry), buckets: [...one.buckets!] }),
    ]),
  );
  return {
    count: (name, labels = {}, by = 1) => named(counters, name).inc(labels, by),
    set: (name, value, labels = {}) => named(gauges, name).set(value, labels),
    observe: (name, seconds, labels = {}) => named(histograms, name).observe(labels, seconds),
    forget: (name, labels) => named(gauges, name).forget(labels),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

function declared(type: MetricDeclaration["type"]): [string, MetricDeclaration][] {
  return Object.entries(METRICS).filter(([, one]) => one.type === type);
}

function settings(name: string, { help, labels }: MetricDeclaration, registry: Registry) {
  return { name: PREFIX + name, help, labelNames: [...labels], registers: [registry] };
}

function counter(config: ReturnType<typeof settings>, { zero = [] }: MetricDeclaration): Counter {
  const made = new Counter(config);
  for (const series of zero) made.inc(series, 0);
  return made;
}

function named<T>(all: ReadonlyMap<string, T>, name: string): T {
  const found = all.get(name);
  if (found === undefined) throw new Error(`the table of metrics has no ${name} of this type`);
  return found;
}

/** A gauge that knows its series: prom-client removes one by all its labels, and lists them only through a promise. */
class Series {
  private readonly known = new Map<string, Labels>();

  private readonly gauge: Gauge;

  constructor(config: ReturnType<typeof settings>) {
    this.gauge = new Gauge(config);
  }

  set(value: number, labels: Labels): void {
    this.gauge.set(labels, value);
    this.known.set(JSON.stringify(Object.entries(labels).sort()), labels);
  }

  /** Removes the series that carry these labels, whatever else they carry. */
  forget(labels: Labels): void {
    const wanted = Object.entries(labels);
    for (const [key, series] of this.known) {
      if (!wanted.every(([label, value]) => series[label] === value)) continue;
      this.gauge.remove(series);
      this.known.delete(key);
    }
  }
}

/** One reading of a process. */
export interface Sample {
  /** Minutes since the soak began. */
  readonly minute: number;
  readonly rss: number;
  /** Used heap. */
  readonly heap: number;
  readonly sockets: number;
}

/** A straight line through samples by least squares. */
export interface Trend {
  readonly mean: number;
  /** By minute. */
  readonly slope: number;
  /** From the first sample to the last, along the line. */
  readonly rise: number;
}

export function trendOf(samples: readonly Sample[], value: (sample: Sample) => number): Trend {
  const mean = (of: (sample: Sample) => number) =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / Math.max(1, samples.length);
  const [minutes, values] = [mean(({ minute }) => minute), mean(value)];
  const spread = samples.reduce((sum, { minute }) => sum + (minute - minutes) ** 2, 0);
  const together = samples.reduce((sum, sample) => sum + (sample.minute - minutes) * (value(sample) - values), 0);
  const slope = spread === 0 ? 0 : together / spread;
  const length = (samples.at(-1)?.minute ?? 0) - (samples[0]?.minute ?? 0);
  return { mean: values, slope, rise: slope * length };
}

/** One value of an answer of /metrics (Prometheus text format 0.0.4): its name, its labels as they are written, and the number. */
const SAMPLE = /^([a-z_:][a-z0-9_:]*)(?:\{([^}]*)\})? (\S+)$/i;

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** @throws Error at a line that is none of the format, or whose metric has no HELP and TYPE before it */
export function samplesIn(text: string): Sample[] {
  const told = new Map<string, Set<string>>();
  return text
    .trimEnd()
    .split('\n')
    .filter((line) => line !== '')
    .flatMap((line): Sample[] => {
      const [, kind, metric] = /^# (HELP|TYPE) (\S+) \S/.exec(line) ?? [];
      if (kind !== undefined && metric !== undefined) {
        told.set(metric, new Set([...(told.get(metric) ?? []), kind]));
        return [];
      }
      const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
      if (name === undefined) throw new Error(`Not in the text format: ${line}`);
      const family = [name, name.replace(/_(bucket|sum|count)$/, '')].find((one) => told.get(one)?.size === 2);
      if (family === undefined) throw new Error(`No HELP and TYPE before: ${line}`);
      const pairs = [...labels.matchAll(/([a-z_]+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text] as const);
      return [{ name, labels: Object.fromEntries(pairs), value: Number(value) }];
    });
}

/** The value under exactly these of its labels, whatever others it has; undefined where there is none. */
export function metric(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  return samplesIn(text).find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value;
}

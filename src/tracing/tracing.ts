import type { Settings } from '../config/settings.js';
import { type Facts, kindOf, type SpanStart, type Tracer, type TracingLog } from './span.js';

// Of the process, like the context that spans are found by: code between two spans needs to know nothing of either.
let active: Tracer | undefined;

/** The tracer, if there is one: for code that does more than open a span. */
export function activeTracer(): Tracer | undefined {
  return active;
}

export function isTraced(settings: Pick<Settings, 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_SDK_DISABLED'>): boolean {
  return settings.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined && !settings.OTEL_SDK_DISABLED;
}

/** Starts sending traces where the settings name a collector. @returns what stops it; never throws */
export async function startTracing(settings: Settings, log: TracingLog): Promise<() => Promise<void>> {
  if (!isTraced(settings)) return () => Promise.resolve();
  // Only where it is used: loading it takes time and memory.
  const { OtelTracer } = await import('./otel-tracer.js');
  const tracer = (active = new OtelTracer(settings, log));
  return async () => {
    if (active === tracer) active = undefined;
    await tracer.stop();
  };
}

/** Runs `work` in a span, where there is a cause to belong to. @param work may note facts that are known only later */
export async function inSpan<T>(start: SpanStart, work: (note: (facts: Facts) => void) => Promise<T>): Promise<T> {
  const span = active?.open(start);
  if (!span) return work(() => undefined);
  try {
    const result = await span.run(() => work((facts) => span.note(facts)));
    span.end();
    return result;
  } catch (error) {
    span.end(kindOf(error));
    throw error;
  }
}

/** The `traceparent` for what is done later because of what is being done now; undefined where nothing is traced. */
export function currentTraceparent(): string | undefined {
  return active?.current();
}

import { kindOf } from '../tracing/span.js';
import { activeTracer } from '../tracing/tracing.js';
import type { OutgoingEvent } from './event-sink.js';

/** Publishes a batch in a span for each of its events, below that of the event. */
export async function inPublishSpans<T>(
  sink: string,
  batch: readonly OutgoingEvent[],
  publish: () => Promise<T>,
): Promise<T> {
  const tracer = activeTracer();
  // Webhooks are only queued here; each delivery has a span of its own.
  if (!tracer || sink === 'webhooks') return publish();
  const spans = batch.map(({ event: { traceparent }, type, id }) =>
    tracer.open({
      name: `publish ${type}`,
      kind: 'producer',
      parent: traceparent,
      facts: { 'messaging.system': sink, 'messaging.operation.type': 'send', 'roster.event.id': id },
    }),
  );
  try {
    const result = await publish();
    for (const span of spans) span?.end();
    return result;
  } catch (error) {
    for (const span of spans) span?.end(kindOf(error));
    throw error;
  }
}

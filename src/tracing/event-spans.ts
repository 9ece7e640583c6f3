import { w3cTraceId } from '../config/trace-id.js';
import { type OpenSpan, spanIdOf } from './span.js';
import { activeTracer } from './tracing.js';

interface TracedEvent {
  readonly id: string;
  readonly type: string;
  readonly traceId: string;
}

/**
 * Opens the span of an event that is being written; to be ended once it is committed. Its id is that of the event, so every server
 * that sends the event on later knows its cause, and the log needs no column for it.
 */
export function openEventSpan({ id, type, traceId }: TracedEvent): OpenSpan | undefined {
  const facts = { 'roster.event.id': id, 'roster.event.type': type };
  return activeTracer()?.open({ name: type, kind: 'producer', trace: traceId, id, facts });
}

/** Runs `work` as caused by the event. */
export function causedByEvent<T>(event: TracedEvent, work: () => T): T {
  const tracer = activeTracer();
  if (!tracer) return work();
  return tracer.within(traceparentOf(event, isRecorded(tracer.current())), work);
}

/** The `traceparent` of an event that was read from the log; undefined where nothing is traced. */
export function traceparentOfEvent(event: Pick<TracedEvent, 'id' | 'traceId'>): string | undefined {
  const tracer = activeTracer();
  return tracer && traceparentOf(event, tracer.isSampled(w3cTraceId(event.traceId)));
}

function traceparentOf({ id, traceId }: Pick<TracedEvent, 'id' | 'traceId'>, sampled: boolean): string {
  return `00-${w3cTraceId(traceId)}-${spanIdOf(id)}-0${Number(sampled)}`;
}

function isRecorded(traceparent: string | undefined): boolean {
  return traceparent?.endsWith('1') ?? true;
}

import { AsyncLocalStorage } from 'node:async_hooks';
import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, SamplingDecision, TracerProvider } from '@opentelemetry/sdk-trace';
import { waitAtMost } from '../async/pause.js';
import type { Settings } from '../config/settings.js';
import { w3cTraceId } from '../config/trace-id.js';
import { GivenIds } from './given-ids.js';
import { NotedExporter } from './noted-exporter.js';
import { resourceOf } from './resource.js';
import { rootSamplerOf, samplerOf } from './sampler.js';
import { type Facts, type OpenSpan, spanIdOf, type SpanStart, type Tracer, type TracingLog } from './span.js';

/** A batch that takes longer is given up; meanwhile others wait, up to `MOST_WAITING` spans. */
const SEND_WITHIN_MS = 5000;
const MOST_WAITING = 4096;
const SEND_EVERY_MS = 2000;
const END_WITHIN_MS = 1000;
/** Of one span, so that an import of a million users is no trace of millions of statements. */
const MOST_DETAILS = 200;

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

/** What is open around the code that runs: the span, and how many details it may still have. */
interface Scope {
  readonly context: Context;
  detailsLeft: number;
}

/**
 * Spans by OpenTelemetry's SDK, sent by OTLP over HTTP. Nothing of it is global: an application around Roster keeps its own. Spans wait
 * in a bounded queue and are dropped when it is full, so that a collector that is away costs nothing else.
 */
export class OtelTracer implements Tracer {
  private readonly scopes = new AsyncLocalStorage<Scope>();
  private readonly ids = new GivenIds();
  private readonly rootSampler;
  private readonly provider: TracerProvider;
  private readonly tracer;

  constructor(settings: Settings, log: TracingLog) {
    const exporter = new OTLPTraceExporter({
      url: `${(settings.OTEL_EXPORTER_OTLP_ENDPOINT ?? '').replace(/\/+$/, '')}/v1/traces`,
      headers: { ...settings.OTEL_EXPORTER_OTLP_HEADERS },
      timeoutMillis: SEND_WITHIN_MS,
      concurrencyLimit: 2,
    });
    this.rootSampler = rootSamplerOf(settings);
    this.provider = new TracerProvider({
      resource: resourceOf(settings),
      sampler: samplerOf(settings),
      idGenerator: this.ids,
      spanProcessors: [
        new BatchSpanProcessor({
          exporter: new NotedExporter(exporter, log),
          maxQueueSize: MOST_WAITING,
          scheduledDelayMillis: SEND_EVERY_MS,
          exportTimeoutMillis: SEND_WITHIN_MS,
        }),
      ],
    });
    this.tracer = this.provider.getTracer('roster');
  }

  open(start: SpanStart): OpenSpan | undefined {
    const cause = this.causeOf(start);
    if (!cause) return undefined;
    const { name, kind, facts = {}, trace: traceId, id } = start;
    const span = this.ids.using({ trace: traceId && w3cTraceId(traceId), span: id && spanIdOf(id) }, () =>
      this.tracer.startSpan(name, { ...(kind && { kind: KINDS[kind] }), attributes: { ...facts } }, cause),
    );
    return this.opened(span, cause);
  }

  openDetail(start: SpanStart): OpenSpan | undefined {
    const scope = this.scopes.getStore();
    if (!scope || scope.detailsLeft === 0 || !isRecording(scope.context)) return undefined;
    scope.detailsLeft--;
    return this.open(start);
  }

  current(): string | undefined {
    const scope = this.scopes.getStore();
    const context = scope && trace.getSpanContext(scope.context);
    return context && traceparentOf(context);
  }

  within<T>(traceparent: string, work: () => T): T {
    const context = contextOf(traceparent);
    return context ? this.scopes.run({ context, detailsLeft: MOST_DETAILS }, work) : work();
  }

  isSampled(traceId: string): boolean {
    const { decision } = this.rootSampler.shouldSample(ROOT_CONTEXT, traceId, '', SpanKind.INTERNAL, {}, []);
    return decision === SamplingDecision.RECORD_AND_SAMPLED;
  }

  async stop(): Promise<void> {
    await waitAtMost(
      END_WITHIN_MS,
      this.provider.shutdown().catch(() => undefined),
    );
  }

  /** The parent, else the span around it if that is of the same trace, else the beginning of the trace. */
  private causeOf({ parent, trace: traceId }: SpanStart): Context | undefined {
    const given = parent === undefined ? undefined : contextOf(parent);
    if (given) return given;
    const around = this.scopes.getStore()?.context;
    if (traceId === undefined) return around;
    return around && trace.getSpanContext(around)?.traceId === w3cTraceId(traceId) ? around : ROOT_CONTEXT;
  }

  private opened(span: Span, cause: Context): OpenSpan {
    const scope = { context: trace.setSpan(cause, span), detailsLeft: MOST_DETAILS };
    return {
      traceparent: traceparentOf(span.spanContext()),
      run: (work) => this.scopes.run(scope, work),
      note: (facts: Facts) => {
        span.setAttributes({ ...facts });
        if (facts['error.type'] !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
      },
      end: (failure) => {
        if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', failure);
        span.end();
      },
    };
  }
}

function isRecording(context: Context): boolean {
  return ((trace.getSpanContext(context)?.traceFlags ?? 0) & TraceFlags.SAMPLED) !== 0;
}

function traceparentOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`;
}

function contextOf(traceparent: string): Context | undefined {
  const [, traceId, spanId, flags] = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/.exec(traceparent) ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags: parseInt(flags, 16) & 1, isRemote: true });
}

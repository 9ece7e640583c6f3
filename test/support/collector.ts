import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { eventually } from './eventually.js';

export interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty where there is none. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly failed: boolean;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly nanoseconds: number;
}

type Answering = (response: ServerResponse) => void;
export const taken: Answering = (response) => void response.writeHead(200).end();

/** A receiver of traces by OTLP over HTTP, in protobuf. */
export class Collector {
  readonly spans: SentSpan[] = [];
  readonly resources: Readonly<Record<string, unknown>>[] = [];
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly bytes: Buffer }[] = [];
  /** May be changed at any time. */
  answer: Answering = taken;

  private constructor(private readonly server: Server) {}

  static async start(): Promise<Collector> {
    const server = createServer();
    const collector = new Collector(server);
    server.on('request', (request, response) => {
      void buffer(request).then((body) => {
        const bytes = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
        collector.requests.push({ path: request.url ?? '', headers: request.headers, bytes });
        collector.take(bytes);
        collector.answer(response);
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return collector;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The spans of one trace, once there is one that matches each of these names. */
  async traceWith(traceId: string, ...names: (string | RegExp)[]): Promise<SentSpan[]> {
    const spans = () => this.spans.filter((span) => span.traceId === traceId);
    await eventually(() => names.every((name) => spans().some((span) => matches(span, name))));
    return spans();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private take(bytes: Buffer): void {
    const { resourceSpans } = REQUEST.toObject(REQUEST.decode(bytes), { longs: Number, arrays: true }) as Sent;
    for (const { resource, scopeSpans } of resourceSpans) {
      this.resources.push(factsOf(resource.attributes));
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) this.spans.push(spanOf(span));
    }
  }
}

/** The one span whose name matches. */
export function spanNamed(spans: readonly SentSpan[], name: string | RegExp): SentSpan {
  const found = spans.filter((span) => matches(span, name));
  if (found.length !== 1)
    throw new Error(`${found.length} spans ${String(name)} of ${spans.map((one) => one.name).join(', ')}`);
  return found[0]!;
}

/** Whether `span` has this ancestor. */
export function isBelow(span: SentSpan, ancestor: SentSpan, spans: readonly SentSpan[]): boolean {
  if (span.parentSpanId === ancestor.spanId) return true;
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return parent !== undefined && isBelow(parent, ancestor, spans);
}

function matches({ name }: SentSpan, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? name === wanted : wanted.test(name);
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}
interface WireSpan {
  readonly traceId: Buffer;
  readonly spanId: Buffer;
  readonly parentSpanId?: Buffer;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: number;
  readonly endTimeUnixNano: number;
  readonly attributes: Attribute[];
  readonly status?: { readonly code?: number };
}
interface Sent {
  readonly resourceSpans: {
    readonly resource: { readonly attributes: Attribute[] };
    readonly scopeSpans: { readonly spans: WireSpan[] }[];
  }[];
}

function spanOf(span: WireSpan): SentSpan {
  const hex = (bytes: Buffer | undefined) => Buffer.from(bytes ?? []).toString('hex');
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    name: span.name,
    kind: span.kind,
    failed: span.status?.code === 2,
    facts: factsOf(span.attributes),
    nanoseconds: span.endTimeUnixNano - span.startTimeUnixNano,
  };
}

function factsOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}

// What is read here of opentelemetry/proto/collector/trace/v1/trace_service.proto and the files that it imports.
const REQUEST = protobuf
  .parse(
    `syntax = "proto3";
    message Request { repeated ResourceSpans resource_spans = 1; }
    message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
    message Resource { repeated KeyValue attributes = 1; }
    message ScopeSpans { repeated Span spans = 2; }
    message KeyValue { string key = 1; AnyValue value = 2; }
    message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
    message Status { string message = 2; int32 code = 3; }
    message Span {
      bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
      fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8; repeated KeyValue attributes = 9; Status status = 15;
    }`,
  )
  .root.lookupType('Request');

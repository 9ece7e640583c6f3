import * as parse from './parsers.js';
import { optional, required, secret } from './setting.js';

const SAMPLERS = ['always_on', 'always_off', 'traceidratio'] as const;

/**
 * The settings of traces, by the names and in the formats of OpenTelemetry: "Environment Variable Specification" and "OpenTelemetry
 * Protocol Exporter" of its specification.
 */
export const TRACING_TABLE = {
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(
    parse.url('http:', 'https:'),
    'collector of OpenTelemetry that traces are sent to, e.g. http://localhost:4318; /v1/traces is added; when unset, nothing is traced',
  ),
  OTEL_EXPORTER_OTLP_HEADERS: secret(
    pairs,
    'headers for the collector: <name>=<value>, separated by commas, values percent-encoded',
  ),
  OTEL_EXPORTER_OTLP_PROTOCOL: required(
    protocol,
    'http/protobuf',
    'protocol of the collector; only http/protobuf, which collectors expect at port 4318',
  ),
  OTEL_SERVICE_NAME: required(parse.text, 'roster', 'name of this service in traces'),
  OTEL_RESOURCE_ATTRIBUTES: optional(
    pairs,
    'what else traces say about this server, e.g. deployment.environment.name=production; in the format of the headers',
  ),
  OTEL_TRACES_SAMPLER: required(
    parse.oneOf(...SAMPLERS, ...SAMPLERS.map((sampler) => `parentbased_${sampler}` as const)),
    'parentbased_always_on',
    'which requests are traced; parentbased_* do as the caller who sends traceparent says',
  ),
  OTEL_TRACES_SAMPLER_ARG: optional(ratio, 'share of the requests for traceidratio, 0 to 1; all when unset'),
  OTEL_SDK_DISABLED: required(parse.flag, 'false', 'true stops traces, whatever the other settings say'),
};

function pairs(text: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const pair of parse.list(text)) {
    const [, name, value] = /^([^=\s]+)\s*=\s*(.*)$/.exec(pair) ?? [];
    if (name === undefined || value === undefined) throw new Error('expected <name>=<value>, separated by commas');
    found[decoded(name)] = decoded(value);
  }
  return found;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('expected percent-encoded values: % is written as %25');
  }
}

function protocol(text: string): 'http/protobuf' {
  if (text === 'http/protobuf') return text;
  throw new Error('expected http/protobuf: Roster sends no grpc and no http/json. Collectors take it at port 4318');
}

function ratio(text: string): number {
  const share = Number(text);
  if (!(share >= 0 && share <= 1)) throw new Error('expected a number from 0 to 1');
  return share;
}

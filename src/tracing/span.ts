/** What a span says about itself: kinds, counts and outcomes. Never who it is about: no address, name, token, query or user id. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>;

/** A span to be opened. Without a cause (`parent`, `trace`, or a span that is open around it) there is none. */
export interface SpanStart {
  readonly name: string;
  readonly kind?: 'server' | 'client' | 'producer' | 'consumer';
  readonly facts?: Facts | undefined;
  /** The `traceparent` of its cause, where that is not the span around it. */
  readonly parent?: string | undefined;
  /** The trace id of ours that it belongs to, where it has no parent. */
  readonly trace?: string | undefined;
  /** A UUID whose last 16 digits become the id of the span, so that others can name it without knowing it. */
  readonly id?: string;
}

export interface OpenSpan {
  /** W3C Trace Context. */
  readonly traceparent: string;
  /** Runs `work` in the span: what it opens belongs below. */
  run<T>(work: () => T): T;
  note(facts: Facts): void;
  /** @param failure a kind of error such as `SmtpFault`, not its message, which may quote somebody */
  end(failure?: string): void;
}

/** The work behind the functions below; loaded only where traces are sent. */
export interface Tracer {
  open(start: SpanStart): OpenSpan | undefined;
  /** Of a statement: only below a span that is recorded, and only so many of them. */
  openDetail(start: SpanStart): OpenSpan | undefined;
  /** The `traceparent` of the span that is open around the caller. */
  current(): string | undefined;
  /** Runs `work` as caused by what this `traceparent` names. */
  within<T>(traceparent: string, work: () => T): T;
  /** Whether the trace is recorded, by its id alone: for what is read back from the log, which keeps no other mark. */
  isSampled(w3cTraceId: string): boolean;
  /** Sends what is left, for a second at most. */
  stop(): Promise<void>;
}

export interface TracingLog {
  warn(about: object, message: string): void;
  info(about: object, message: string): void;
}

/** The name of an error's class, or its code: messages may quote addresses. */
export function kindOf(error: unknown): string {
  const { code, name } = (error ?? {}) as { readonly code?: unknown; readonly name?: unknown };
  const kind = typeof code === 'string' && /^[\w-]{1,60}$/.test(code) ? code : name;
  return typeof kind === 'string' && /^[\w-]{1,60}$/.test(kind) ? kind : 'error';
}

/** The span id of an event: the last 16 digits of a UUIDv7 begin with its variant, so they are never all zero. */
export function spanIdOf(eventId: string): string {
  return eventId.replaceAll('-', '').slice(16);
}

import { RandomIdGenerator, type IdGenerator } from '@opentelemetry/sdk-trace';

interface Ids {
  readonly trace?: string | undefined;
  readonly span?: string | undefined;
}

/** Random ids, unless some are given: a trace has the id that answers and logs show, and the span of an event that of the event. */
export class GivenIds implements IdGenerator {
  private readonly random = new RandomIdGenerator();
  private given: Ids = {};

  /** @param start starts one span, at once: the SDK asks for ids while it does */
  using<T>(ids: Ids, start: () => T): T {
    this.given = ids;
    try {
      return start();
    } finally {
      this.given = {};
    }
  }

  generateTraceId(): string {
    return this.given.trace ?? this.random.generateTraceId();
  }

  generateSpanId(): string {
    return this.given.span ?? this.random.generateSpanId();
  }
}

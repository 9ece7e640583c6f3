import { ExportResultCode } from '@opentelemetry/core';
import type { ReadableSpan, SpanExporter } from '@opentelemetry/sdk-trace';
import { kindOf, type TracingLog } from './span.js';

type Done = Parameters<SpanExporter['export']>[1];

/** Logs when the collector stops taking traces and when it takes them again, rather than at every batch. */
export class NotedExporter implements SpanExporter {
  private lost = 0;

  constructor(
    private readonly exporter: SpanExporter,
    private readonly log: TracingLog,
  ) {}

  export(spans: ReadableSpan[], done: Done): void {
    this.exporter.export(spans, (result) => {
      if (result.code === ExportResultCode.SUCCESS) this.taken();
      else this.refused(spans.length, result.error);
      // Told as sent: the SDK would only report it once more.
      done({ code: ExportResultCode.SUCCESS });
    });
  }

  forceFlush(): Promise<void> {
    return this.exporter.forceFlush?.() ?? Promise.resolve();
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  private taken(): void {
    if (this.lost > 0) this.log.info({ lostSpans: this.lost }, 'the collector takes traces again');
    this.lost = 0;
  }

  private refused(count: number, error: Error | undefined): void {
    if (this.lost === 0) {
      const reason = error?.message.slice(0, 300) ?? kindOf(error);
      this.log.warn({ reason }, 'traces cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT, and are dropped meanwhile');
    }
    this.lost += count;
  }
}

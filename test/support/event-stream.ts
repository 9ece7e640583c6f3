import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface StreamedEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

interface Reading {
  readonly token?: string;
  /** Of a browser session, instead of a token. */
  readonly cookie?: string;
  readonly path?: string;
  readonly lastEventId?: string;
}

/** A reader of server-sent events. */
export class EventReader {
  readonly events: StreamedEvent[] = [];
  /** The last id that came, with or without an event. */
  lastId = '';
  ended = false;

  private constructor(
    readonly response: IncomingMessage,
    private readonly hangUp: () => void,
  ) {
    let text = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const frames = (text + chunk).split('\n\n');
      text = frames.pop() ?? '';
      for (const frame of frames) this.take(frame);
    });
    response.on('close', () => (this.ended = true));
    response.on('error', () => undefined);
  }

  static async open(url: string, { token, cookie, path = '/events', lastEventId }: Reading): Promise<EventReader> {
    const call = request(`${url}${path}`, {
      agent: false,
      headers: {
        accept: 'text/event-stream',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(cookie !== undefined && { cookie }),
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
      },
    });
    call.on('error', () => undefined);
    call.end();
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    return new EventReader(response, () => call.destroy());
  }

  /** As soon as it is so; within ten seconds. */
  async until(what: string, condition: (reader: this) => boolean): Promise<void> {
    const giveUpAt = Date.now() + 60_000;
    while (!condition(this)) {
      if (Date.now() > giveUpAt) throw new Error(`${what}: not within ten seconds; ${this.events.length} events came`);
      await sleep(10);
    }
  }

  leave(): void {
    this.hangUp();
  }

  private take(frame: string): void {
    const lines = frame.split('\n').map((line) => /^(\w*): ?(.*)$/.exec(line) ?? []);
    const field = (name: string) => lines.find(([, key]) => key === name)?.[2];
    this.lastId = field('id') ?? this.lastId;
    const data = field('data');
    if (data === undefined) return;
    this.events.push({ id: this.lastId, event: field('event') ?? '', data: JSON.parse(data) as StreamedEvent['data'] });
  }
}

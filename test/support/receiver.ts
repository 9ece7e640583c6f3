import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { eventually } from './eventually.js';

export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: Record<string, unknown> & { readonly id: string; readonly type: string; readonly data: object };
}

/** How a receiver answers; one that returns nothing has answered itself, or leaves the sender without an answer. */
type Answering = (received: Received, response: ServerResponse) => number | undefined;

/** A real HTTP server that webhooks are posted to. */
export class Receiver {
  readonly received: Received[] = [];
  readonly held: ServerResponse[] = [];

  private constructor(
    private readonly server: Server,
    /** May be changed at any time. */
    public answer: Answering,
  ) {}

  static async start(answer: Answering = () => 204, tls?: { cert: string; key: string }): Promise<Receiver> {
    const server = tls ? createSecureServer(tls) : createServer();
    const receiver = new Receiver(server, answer);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const received = { headers: request.headers, body, event: JSON.parse(body) as Received['event'] };
        receiver.received.push(received);
        const status = receiver.answer(received, response);
        if (status !== undefined) response.writeHead(status).end();
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return receiver;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/hook`;
  }

  /** What came about one user, in the order in which it came. */
  about(userId: string): Received[] {
    return this.received.filter(({ event }) => event['subject'] === userId);
  }

  types(userId: string): string[] {
    return this.about(userId).map(({ event }) => event.type);
  }

  async waitFor(count: number): Promise<void> {
    await eventually(() => this.received.length >= count);
  }

  /** Takes everything and answers nothing, until `release`. */
  readonly hold: Answering = (_, response) => {
    this.held.push(response);
    return undefined;
  };

  release(status = 204): void {
    for (const response of this.held.splice(0)) response.writeHead(status).end();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}

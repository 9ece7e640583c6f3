import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** What was sent to an application, and what it said to that. */
export interface Relayed {
  readonly path: string;
  readonly logoutToken: string;
  readonly status: number;
}

/** Hands logout tokens on to applications, and remembers what they answered. */
export class LogoutRelay {
  readonly relayed: Relayed[] = [];

  private constructor(private readonly server: Server) {}

  static async start(): Promise<LogoutRelay> {
    const server = createServer();
    const relay = new LogoutRelay(server);
    server.on('request', (request, response) => {
      void (async () => {
        const body = await text(request);
        const path = request.url ?? '';
        const headers = { 'content-type': request.headers['content-type'] ?? '' };
        const target = decodeURIComponent(path.slice(1));
        const { status } = await fetch(target, { method: 'POST', headers, body });
        const logoutToken = new URLSearchParams(body).get('logout_token') ?? '';
        relay.relayed.push({ path: target, logoutToken, status });
        response.writeHead(status).end();
      })().catch(() => response.destroy());
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    return relay;
  }

  /** The address to give to Roster for this one of an application. */
  for(target: string): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${encodeURIComponent(target)}`;
  }

  to(target: string): Relayed[] {
    return this.relayed.filter(({ path }) => path === target);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }
}

import { readFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { SMTPServer } from 'smtp-server';
import { PACKAGE_ROOT } from '../../src/config/package-root.js';

const TLS = join(PACKAGE_ROOT, 'test/fixtures/tls');
/** The authority that signed the good certificate. */
export const CA_FILE = join(TLS, 'ca.pem');

/** What the server does other than a good one would. */
export interface Ways {
  /** The code that it answers to a RCPT, by the address and how often it was tried; 250 when undefined. */
  readonly refuse?: (address: string, tries: number) => number | undefined;
  /** How long it keeps its greeting, and its answer to a mail, to itself. */
  readonly tarpitMs?: number;
  /** Whether it hangs up instead of answering a mail that it has, by how often it got it. */
  readonly hangUp?: (times: number) => boolean;
  /** TLS at once or by STARTTLS, with a certificate that nobody signed, or with the good one; none when undefined. */
  readonly tls?: { readonly at: 'once' | 'STARTTLS'; readonly certificate: 'bad' | 'good' };
}

/** A mail that the server had as a whole, answered or not. */
export interface Delivered {
  readonly recipients: readonly string[];
  readonly messageId: string;
  readonly wasAnswered: boolean;
  readonly wasEncrypted: boolean;
}

/** A real SMTP server that misbehaves. */
export class WaywardSmtp {
  readonly delivered: Delivered[] = [];
  readonly recipientTries = new Map<string, number>();
  private readonly sockets = new Map<number, Socket>();
  private server: SMTPServer | undefined;
  private port = 0;

  static async start(ways: Ways = {}): Promise<WaywardSmtp> {
    const server = new WaywardSmtp();
    await server.up(ways);
    return server;
  }

  url(protocol: 'smtp' | 'smtps' = 'smtp', host = '127.0.0.1'): string {
    return `${protocol}://${host}:${this.port}`;
  }

  /** Listens (again), on the same port as before. */
  async up({ refuse, tarpitMs = 0, hangUp, tls }: Ways = {}): Promise<void> {
    await this.down();
    const later = (action: () => void): void => void setTimeout(action, tarpitMs);
    const owner = tls?.certificate === 'bad' ? 'stranger' : 'localhost';
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: tls?.at === 'STARTTLS' ? ['AUTH'] : ['STARTTLS', 'AUTH'],
      disableReverseLookup: true,
      closeTimeout: 20,
      // It is the one that keeps others waiting.
      socketTimeout: 600_000,
      secure: tls?.at === 'once',
      key: readFileSync(join(TLS, `${owner}-key.pem`)),
      cert: readFileSync(join(TLS, `${owner}.pem`)),
      onConnect: (_session, callback) => later(callback),
      onRcptTo: ({ address }, _session, callback) => {
        const tries = (this.recipientTries.get(address) ?? 0) + 1;
        this.recipientTries.set(address, tries);
        const responseCode = refuse?.(address, tries);
        if (responseCode === undefined) callback();
        else callback(Object.assign(new Error(`not now, or never: ${responseCode}`), { responseCode }));
      },
      onData: (stream, session, callback) => {
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        stream.on('end', () => {
          const raw = Buffer.concat(chunks).toString();
          const messageId = /^message-id: *(\S+)/im.exec(raw)?.[1] ?? '';
          const times = this.delivered.filter((mail) => mail.messageId === messageId).length + 1;
          const wasAnswered = !hangUp?.(times);
          const recipients = session.envelope.rcptTo.map(({ address }) => address);
          this.delivered.push({ recipients, messageId, wasAnswered, wasEncrypted: session.secure });
          if (wasAnswered) later(() => callback(null, `2.0.0 Ok: queued as ${this.delivered.length}`));
          else this.sockets.get(session.remotePort)?.destroy();
        });
      },
    });
    server.on('error', () => undefined);
    server.server.on('connection', (socket: Socket) => {
      const { remotePort } = socket;
      if (remotePort === undefined) return;
      this.sockets.set(remotePort, socket);
      socket.once('close', () => this.sockets.delete(remotePort));
    });
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.server.address() as AddressInfo).port;
    this.server = server;
  }

  /** Refuses connections, and ends those that there are. */
  async down(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    await new Promise<void>((resolve) => (server ? server.close(resolve) : resolve()));
  }

  /** How often the server had each mail to these addresses beyond the first time. */
  duplicates(addresses: readonly string[]): number {
    const theirs = this.delivered.filter(({ recipients }) => recipients.some((address) => addresses.includes(address)));
    return theirs.length - new Set(theirs.map(({ messageId }) => messageId)).size;
  }
}

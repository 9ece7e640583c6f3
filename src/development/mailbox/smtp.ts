import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { MailStore } from './mail-store.js';

const LARGEST_MAIL = 10 * 1024 * 1024;
const STOP_GRACE = 500;

/** An SMTP server (RFC 5321) that takes every mail, up to 10 MiB, from anybody to anybody and answers 250 once it is kept. */
export async function startSmtp(store: MailStore, host: string): Promise<{ port: number; stop(): Promise<void> }> {
  const { SMTPServer } = await import('smtp-server');
  const sockets = new Set<Socket>();
  const saving = new Set<Promise<void>>();

  const server = new SMTPServer({
    name: 'localhost',
    banner: 'Roster development mailbox',
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: LARGEST_MAIL,
    rejectOversized: true,
    logger: false,
    onData(stream, { envelope }, callback) {
      const chunks: Buffer[] = [];
      const to = envelope.rcptTo.map(({ address }) => address);
      const returnPath = envelope.mailFrom ? envelope.mailFrom.address : '';
      stream.on('data', (chunk: Buffer) => {
        if (!stream.sizeExceeded) chunks.push(chunk);
      });
      stream.once('end', () => {
        // `rejectOversized` has the answer: 552.
        if (stream.sizeExceeded) {
          callback();
          return;
        }
        const saved = store.add({ returnPath, to }, Buffer.concat(chunks)).then(
          () => callback(),
          (error: unknown) => callback(error as Error),
        );
        saving.add(saved);
        void saved.finally(() => saving.delete(saved));
      });
    },
  });
  server.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  // A client that hangs up in the middle is its own affair.
  server.on('error', () => undefined);

  return {
    port: (server.server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise<void>((resolve) => server.server.close(() => resolve()));
      // A mail that is being written still gets its 250; its sender would otherwise send it twice.
      await Promise.race([Promise.all(saving), delay(STOP_GRACE, undefined, { ref: false })]);
      await new Promise(setImmediate);
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

import { join } from 'node:path';
import { MailStore } from './mail-store.js';
import { startSmtp } from './smtp.js';
import { startWeb } from './web.js';

/** A running development mailbox. */
export interface Mailbox {
  /** Where mails are taken, `smtp://127.0.0.1:PORT`. */
  readonly smtpUrl: string;
  /** Where they are read, by people at `/` and by tests at `/api/mails`, `http://localhost:PORT`. */
  readonly webUrl: string;
  /** Closes both servers within a second, whatever is still connected. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts the development mailbox: an SMTP server that takes every mail and delivers none, and a web page to read them.
 * Not for production: whoever reaches it reads every mail, and its libraries are development dependencies.
 * @param options.dataDir mails are kept under `<dataDir>/mailbox` and survive a restart
 * @param options.webPort preferred port of the web page, 8025 by default; when taken, a free one
 * @param options.host loopback address that both listen on, 127.0.0.1 by default
 */
export async function startMailbox(options: { dataDir: string; webPort?: number; host?: string }): Promise<Mailbox> {
  const { dataDir, webPort = 8025, host = '127.0.0.1' } = options;
  const store = await MailStore.open(join(dataDir, 'mailbox'));
  const smtp = await startSmtp(store, host);
  const web = await startWeb(store, host, webPort).catch(async (error: unknown) => {
    await smtp.stop();
    throw error;
  });
  let stopped: Promise<unknown> | undefined;
  return {
    smtpUrl: `smtp://${host.includes(':') ? `[${host}]` : host}:${smtp.port}`,
    webUrl: `http://localhost:${web.port}`,
    async stop() {
      await (stopped ??= Promise.all([smtp.stop(), web.stop()]));
    },
  };
}

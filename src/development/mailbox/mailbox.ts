import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MailStore } from './mail-store.js';
import { startSmtp } from './smtp.js';
import { startWeb } from './web.js';

/** A running development mailbox. */
export interface Mailbox {
  /** The SMTP URL, `smtp://127.0.0.1:PORT`. */
  readonly smtpUrl: string;
  /** The web URL, `http://localhost:PORT`, with `/` for people and `/api/mails` for tests. */
  readonly webUrl: string;
  /** Closes both servers within a second, whatever is still connected. May be called again. */
  stop(): Promise<void>;
}

/**
 * Starts the development mailbox: an SMTP server that accepts every mail and delivers none, and a web page to read them. Not for
 * production: anyone who can connect can read every mail, and its libraries are development dependencies.
 * @param options.dataDir mails are kept under `<dataDir>/mailbox` and survive a restart
 * @param options.webPort port of the web page, 8025 by default. When it is taken, one of the next that is free, which is kept in the
 *   folder: the mailbox is at the same place at every start from then on
 * @param options.host loopback address that both listen on, 127.0.0.1 by default
 * @param options.onProgress is told in a sentence when the mailbox had to move
 */
export async function startMailbox(options: {
  dataDir: string;
  webPort?: number;
  host?: string;
  onProgress?: (message: string) => void;
}): Promise<Mailbox> {
  const { dataDir, webPort = 8025, host = '127.0.0.1' } = options;
  const folder = join(dataDir, 'mailbox');
  const store = await MailStore.open(folder);
  const smtp = await startSmtp(store, host);
  const kept = webPort === 0 ? undefined : await keptPort(join(folder, PORT_FILE));
  const wanted = kept ?? webPort;
  const web = await startWeb(store, host, wanted).catch(async (error: unknown) => {
    await smtp.stop();
    throw error;
  });
  const webUrl = `http://localhost:${web.port}`;
  if (wanted !== 0 && web.port !== wanted) {
    await writeFile(join(folder, PORT_FILE), `${web.port}\n`);
    options.onProgress?.(`Port ${wanted} is in use by another program, so the mailbox is at ${webUrl} from now on.`);
  }
  let stopped: Promise<unknown> | undefined;
  return {
    smtpUrl: `smtp://${host.includes(':') ? `[${host}]` : host}:${smtp.port}`,
    webUrl,
    async stop() {
      await (stopped ??= Promise.all([smtp.stop(), web.stop()]));
    },
  };
}

/** In the mail directory: the port to which the mailbox moved because its own was taken. */
const PORT_FILE = 'port';

async function keptPort(file: string): Promise<number | undefined> {
  const port = Number(await readFile(file, 'utf8').catch(() => ''));
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { mkdir, open, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseMail, type Envelope, type Mail, type MailSummary } from './mail.js';

const KEPT = 500;

interface Changes {
  arrived: [MailSummary];
  emptied: [];
}

/**
 * Mails in a folder: `<id>.eml` as received and `<id>.json` with envelope and summary. The .json is written last and makes
 * the mail exist. The newest 500 are kept.
 */
export class MailStore {
  readonly changes = new EventEmitter<Changes>();
  private lastTime = 0;

  /** @param mails newest first */
  private constructor(
    private readonly folder: string,
    private mails: MailSummary[],
  ) {
    this.changes.setMaxListeners(0);
    this.lastTime = Number.parseInt(mails[0]?.id ?? '0', 10);
  }

  /** Opens the directory, creates it if missing, and removes leftovers of interrupted writes. */
  static async open(folder: string): Promise<MailStore> {
    // The mails contain sign-in links, so nobody else may read them.
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const files = new Set(await readdir(folder));
    const mails: MailSummary[] = [];
    for (const file of files) {
      const [, id, kind] = /^(\d+-[0-9a-f]+)\.(eml|json|eml\.tmp|json\.tmp)$/.exec(file) ?? [];
      if (id === undefined) continue;
      if (kind === 'json' && files.has(`${id}.eml`)) {
        const summary = await readFile(join(folder, file), 'utf8').then(parseSummary);
        if (summary) mails.push({ ...summary, id });
      } else if (kind !== 'eml' || !files.has(`${id}.json`)) {
        await rm(join(folder, file), { force: true });
      }
    }
    const store = new MailStore(folder, mails.sort(newestFirst));
    await store.prune();
    return store;
  }

  /** Newest first; with `to`, those with that envelope recipient, letter case aside. */
  list(to?: string): readonly MailSummary[] {
    const wanted = to?.toLowerCase();
    return wanted
      ? this.mails.filter((mail) => mail.to.some((address) => address.toLowerCase() === wanted))
      : this.mails;
  }

  /** Newest first; those with this text in sender, recipient or subject, letter case aside. */
  search(text: string): readonly MailSummary[] {
    const wanted = text.toLowerCase();
    return this.mails.filter(({ from, to, subject }) =>
      [from, subject, ...to].some((part) => part.toLowerCase().includes(wanted)),
    );
  }

  /** The mail as received, or undefined if it does not (or no longer) exist. */
  async source(id: string): Promise<Buffer | undefined> {
    // Only ids from the index become paths.
    if (!this.mails.some((mail) => mail.id === id)) return undefined;
    return readFile(this.path(id, 'eml')).catch(missing);
  }

  async read(id: string): Promise<Mail | undefined> {
    const summary = this.mails.find((mail) => mail.id === id);
    const source = await this.source(id);
    return summary && source && { ...(await parseMail(source)), ...summary };
  }

  /** Stores a mail. Once this resolves, the mail is on disk and survives a power cut. */
  async add(envelope: Envelope, source: Buffer): Promise<MailSummary> {
    const { from, subject } = await parseMail(source);
    // Two mails of the same millisecond still keep their order.
    this.lastTime = Math.max(Date.now(), this.lastTime + 1);
    const id = `${this.lastTime}-${randomBytes(4).toString('hex')}`;
    const date = new Date(this.lastTime).toISOString();
    const mail = { id, ...envelope, from: from || envelope.returnPath, subject, date };
    await this.write(this.path(id, 'eml'), source);
    await this.write(this.path(id, 'json'), JSON.stringify(mail, null, 2));
    await this.syncFolder();
    this.mails = [mail, ...this.mails].sort(newestFirst);
    await this.prune();
    this.changes.emit('arrived', mail);
    return mail;
  }

  async clear(): Promise<void> {
    const gone = this.mails;
    this.mails = [];
    await this.remove(gone);
    this.changes.emit('emptied');
  }

  private async prune(): Promise<void> {
    const gone = this.mails.slice(KEPT);
    this.mails = this.mails.slice(0, KEPT);
    await this.remove(gone);
  }

  private async remove(mails: readonly MailSummary[]): Promise<void> {
    for (const { id } of mails) {
      await rm(this.path(id, 'json'), { force: true });
      await rm(this.path(id, 'eml'), { force: true });
    }
  }

  private async write(path: string, content: Buffer | string): Promise<void> {
    await writeFile(`${path}.tmp`, content, { flush: true, mode: 0o600 });
    await rename(`${path}.tmp`, path);
  }

  /** A rename is durable once the folder itself is; Windows cannot open one and does not need it. */
  private async syncFolder(): Promise<void> {
    if (process.platform === 'win32') return;
    const folder = await open(this.folder);
    await folder.sync().finally(() => folder.close());
  }

  private path(id: string, extension: 'eml' | 'json'): string {
    return join(this.folder, `${id}.${extension}`);
  }
}

/** A damaged file costs its mail, not the start of the server. */
function parseSummary(json: string): MailSummary | undefined {
  try {
    const { from, subject, date, returnPath, to } = JSON.parse(json) as MailSummary;
    return { id: '', from, subject, date: new Date(date).toISOString(), returnPath, to: to.map(String) };
  } catch {
    return undefined;
  }
}

function newestFirst(a: MailSummary, b: MailSummary): number {
  return a.id < b.id ? 1 : -1;
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

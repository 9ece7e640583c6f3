import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { Settings } from './settings.js';
import { StartError } from './start-error.js';

const NAME = 'secret-key';

/**
 * The `SECRET_KEY` of a data directory, generated at its first start; losing it loses every password and sealed value. During a
 * rotation the next key is stored next to it, so that the key that opens the database survives a crash at any time.
 */
export class SecretKeyFile {
  private readonly file: string;
  private readonly nextFile: string;

  constructor(private readonly dataDir: string) {
    this.file = join(dataDir, NAME);
    this.nextFile = join(dataDir, `${NAME}.next`);
  }

  static generate(): string {
    return randomBytes(48).toString('base64');
  }

  /** Whether a key is kept there; `read` would make one. */
  get exists(): boolean {
    return existsSync(this.file);
  }

  /** @param opens whether this key opens the database; only called after an interrupted rotation */
  async read(opens: (secretKey: string) => Promise<boolean>): Promise<string> {
    if (!existsSync(this.file)) {
      mkdirSync(this.dataDir, { recursive: true });
      this.create();
    }
    // A key that does not open it is kept: the command that wrote it may still be running.
    const next = existsSync(this.nextFile) ? readKey(this.nextFile) : '';
    if (next !== '' && (await opens(next))) this.promote();
    chmodSync(this.file, 0o600);
    const key = readKey(this.file);
    // Everything would be sealed with a key that anybody knows.
    if (key === '') {
      throw new StartError(
        `${this.file} is empty: put back the key that was there, or remove the file if the data directory is new.`,
      );
    }
    return key;
  }

  /** Whole or not at all, and never over another: of two concurrent starts, the second reads what the first wrote. */
  private create(): void {
    const draft = `${this.file}.${randomBytes(6).toString('hex')}`;
    write(draft, SecretKeyFile.generate(), 'wx');
    try {
      linkSync(draft, this.file);
    } catch (error) {
      // Else, the file system has no hard links.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') write(this.file, readKey(draft), 'wx');
    } finally {
      unlinkSync(draft);
    }
  }

  /** Stores the next key; call this before the database is rewrapped. */
  prepare(next: string): void {
    write(this.nextFile, next, 'w');
  }

  /** Replaces the key by the next one; call this after the database was rewrapped. */
  promote(): void {
    renameSync(this.nextFile, this.file);
  }
}

function readKey(file: string): string {
  return readFileSync(file, 'utf8').trim();
}

function write(file: string, text: string, flag: 'w' | 'wx'): void {
  const descriptor = openSync(file, flag, 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** The file of the key, if Roster itself stores it. */
export function secretKeyFileOf({ SECRET_KEY, DATA_DIR }: Settings): SecretKeyFile | undefined {
  return SECRET_KEY === undefined ? new SecretKeyFile(resolve(DATA_DIR)) : undefined;
}

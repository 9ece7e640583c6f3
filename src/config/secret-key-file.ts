import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import type { Settings } from './settings.js';

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

  /** @param opens whether this key opens the database; only called after an interrupted rotation */
  async read(opens: (secretKey: string) => Promise<boolean>): Promise<string> {
    if (!existsSync(this.file)) {
      mkdirSync(this.dataDir, { recursive: true });
      // Never overwrites: of two concurrent starts, the second reads what the first wrote.
      write(this.file, SecretKeyFile.generate(), 'wx');
    }
    // A key that does not open it is kept: the command that wrote it may still be running.
    if (existsSync(this.nextFile) && (await opens(readKey(this.nextFile)))) this.promote();
    chmodSync(this.file, 0o600);
    return readKey(this.file);
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

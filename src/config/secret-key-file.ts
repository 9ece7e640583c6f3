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
 * The `SECRET_KEY` of a data folder, made at its first start: a lost key loses every password and sealed value. While it is
 * being changed, the next one lies beside it, so that whenever the process dies, the one that opens the database is there.
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

  /** @param opens whether this key opens the database, asked only after a change that did not come to its end */
  async read(opens: (secretKey: string) => Promise<boolean>): Promise<string> {
    if (!existsSync(this.file)) {
      mkdirSync(this.dataDir, { recursive: true });
      // Never overwrites: of two starts at once, the second reads what the first wrote.
      write(this.file, SecretKeyFile.generate(), 'wx');
    }
    // One that does not open it stays: the command that wrote it may be at work.
    if (existsSync(this.nextFile) && (await opens(readKey(this.nextFile)))) this.promote();
    chmodSync(this.file, 0o600);
    return readKey(this.file);
  }

  /** Writes the next key beside this one; to be done before the database takes it. */
  prepare(next: string): void {
    write(this.nextFile, next, 'w');
  }

  /** Puts the next key in the place of this one; to be done after the database took it. */
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

/** Where the key is kept, if it is Roster itself that keeps it. */
export function secretKeyFileOf({ SECRET_KEY, DATA_DIR }: Settings): SecretKeyFile | undefined {
  return SECRET_KEY === undefined ? new SecretKeyFile(resolve(DATA_DIR)) : undefined;
}

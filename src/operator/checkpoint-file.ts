import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import canonicalize from 'canonicalize';
import type { Key, Keyring } from '../database/keyring.js';
import { MerkleTree } from './merkle.js';
import { OperatorError } from './operator-error.js';

/** The newest event of one user. */
export interface CheckpointHead {
  readonly userId: string;
  readonly version: number;
  readonly hash: Buffer;
}

/** The signed statement. `root` is the Merkle root over the lines of the heads, so each of them is signed too. */
export interface CheckpointStatement {
  readonly format: typeof FORMAT;
  /** By the clock of the database. */
  readonly createdAt: string;
  readonly users: number;
  readonly events: number;
  /** SHA-256, base64url. */
  readonly root: string;
  readonly keyId: string;
  /** Ed25519, SPKI as DER in base64url; auditors must verify by other means that it is Roster's. */
  readonly publicKey: string;
}

const FORMAT = 'roster-checkpoint-1';

/**
 * Writes a checkpoint: a line `["user id",version,"hash"]` for each head, which is also the leaf of the tree, and the signed
 * statement as the last line. The file is created atomically and never overwrites another.
 * @throws OperatorError if the file exists or cannot be written
 */
export async function writeCheckpoint(
  file: string,
  heads: AsyncIterable<CheckpointHead>,
  createdAt: Date,
  key: Key,
): Promise<CheckpointStatement> {
  if (existsSync(file)) throw new OperatorError(`${file} already exists, and a checkpoint is never overwritten.`);
  const partial = `${file}.partial`;
  const tree = new MerkleTree();
  let [users, events] = [0, 0];
  try {
    const out = createWriteStream(partial, { mode: 0o644 });
    await once(out, 'open');
    for await (const { userId, version, hash } of heads) {
      const line = JSON.stringify([userId, version, hash.toString('base64url')]);
      tree.add(line);
      users++;
      events += version;
      if (!out.write(`${line}\n`)) await once(out, 'drain');
    }
    const privateKey = createPrivateKey({ key: key.secret, format: 'der', type: 'pkcs8' });
    const statement: CheckpointStatement = {
      format: FORMAT,
      createdAt: createdAt.toISOString(),
      users,
      events,
      root: tree.root().toString('base64url'),
      keyId: key.id,
      publicKey: publicPart(privateKey).toString('base64url'),
    };
    const signature = sign(null, signedBytes(statement), privateKey).toString('base64url');
    out.end(`${JSON.stringify({ ...statement, signature })}\n`);
    await once(out, 'close');
    await sync(partial);
    await rename(partial, file);
    return statement;
  } catch (error) {
    await rm(partial, { force: true });
    if ((error as { syscall?: unknown }).syscall === undefined) throw error;
    throw new OperatorError(`${file} cannot be written: ${(error as Error).message}`);
  }
}

/**
 * Verifies that a checkpoint is complete and signed with a key of this database's key ring.
 * @throws OperatorError saying what is wrong with it
 */
export async function proveCheckpoint(file: string, keyring: Keyring): Promise<CheckpointStatement> {
  const tree = new MerkleTree();
  let [users, events] = [0, 0];
  let last = '';
  for await (const line of linesOf(file)) {
    if (last !== '') {
      const { version } = headOf(last, file);
      tree.add(last);
      users++;
      events += version;
    }
    last = line;
  }
  const { signature, ...statement } = statementOf(last, file);
  const key = keyring.find('checkpoint', statement.keyId);
  if (!key) throw new OperatorError(`${file} was signed with a key that is not in this database.`);
  // The key of the key ring, not the one in the file, which could be forged.
  const publicKey = createPublicKey(createPrivateKey({ key: key.secret, format: 'der', type: 'pkcs8' }));
  if (!verify(null, signedBytes(statement), publicKey, Buffer.from(signature, 'base64url'))) {
    throw new OperatorError(`The signature of ${file} is invalid: the file was changed after it was written.`);
  }
  if (
    tree.root().toString('base64url') !== statement.root ||
    users !== statement.users ||
    events !== statement.events
  ) {
    throw new OperatorError(`The entries in ${file} do not match the signed root: the file was changed.`);
  }
  return statement;
}

/** The heads of a verified checkpoint. */
export async function* headsOf(file: string): AsyncGenerator<CheckpointHead> {
  let last = '';
  for await (const line of linesOf(file)) {
    if (last !== '') yield headOf(last, file);
    last = line;
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  try {
    const input = createReadStream(file);
    await once(input, 'open');
    for await (const line of createInterface({ input, crlfDelay: Infinity })) if (line !== '') yield line;
  } catch (error) {
    throw new OperatorError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

function headOf(line: string, file: string): CheckpointHead {
  const parsed = parse(line);
  if (Array.isArray(parsed)) {
    const [userId, version, hash] = parsed as unknown[];
    if (typeof userId === 'string' && Number.isSafeInteger(version) && typeof hash === 'string') {
      return { userId, version: version as number, hash: Buffer.from(hash, 'base64url') };
    }
  }
  throw new OperatorError(`${file} is not a Roster checkpoint, or it was changed: one of its lines is not an entry.`);
}

function statementOf(line: string, file: string): CheckpointStatement & { readonly signature: string } {
  const parsed = parse(line) as (CheckpointStatement & { signature: string }) | undefined;
  if (parsed?.format === FORMAT && typeof parsed.keyId === 'string' && typeof parsed.signature === 'string') {
    return parsed;
  }
  throw new OperatorError(`${file} is not a Roster checkpoint, or it is truncated: it has no signed statement.`);
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line) ?? undefined;
  } catch {
    return undefined;
  }
}

function publicPart(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
}

/** RFC 8785, so that any program can reproduce them from the last line without `signature`. */
function signedBytes(statement: CheckpointStatement): Buffer {
  return Buffer.from(canonicalize(statement) ?? '');
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.sync().finally(() => handle.close());
}

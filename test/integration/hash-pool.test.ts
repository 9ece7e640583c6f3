import { getPriority } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from '@jest/globals';
import { HashingOverloaded } from '../../src/auth/passwords/hash-pool/hashing-overloaded.js';
import { HashPool } from '../../src/auth/passwords/hash-pool/hash-pool.js';
import type { HashPoolOptions } from '../../src/auth/passwords/hash-pool/hash-pool-options.js';
import type { HashWork } from '../../src/auth/passwords/hash-pool/hash-request.js';

const COST = 4;
const A_SECOND_OR_MORE = 15;
const PREHASH = 'x'.repeat(64);

const pools: HashPool[] = [];
const lost: string[] = [];

function makePool(options: HashPoolOptions = {}): HashPool {
  const pool = new HashPool({ workers: 1, onLoss: (how) => lost.push(how), ...options });
  pools.push(pool);
  return pool;
}

const workersOf = (pool: HashPool): number[] => [...pool['children']].map(({ pid = 0 }) => pid);

/** A pool whose one worker has a hash in hand and does not go on before it is told to. */
async function makeHeldPool(options: HashPoolOptions = {}) {
  const pool = makePool(options);
  await pool.hash(PREHASH, COST);
  const [pid = 0] = workersOf(pool);
  process.kill(pid, 'SIGSTOP');
  const inHand = pool.hash(PREHASH, COST);
  return { pool, pid, inHand, goOn: () => process.kill(pid, 'SIGCONT') };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5);
}

afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.onApplicationShutdown()));
  lost.length = 0;
});

describe('the hash pool', () => {
  it('starts a worker with the first hash, a further one for what comes meanwhile, and never more than it may', async () => {
    const pool = makePool({ workers: 2 });
    expect(pool.stats()).toEqual({ queued: 0, busy: 0, workers: 0, refused: 0 });
    const stored = await pool.hash(PREHASH, COST);
    expect(pool.stats().workers).toBe(1);
    const answers = await Promise.all([
      pool.compare(PREHASH, stored, COST),
      pool.compare('y', stored, COST),
      pool.compare(PREHASH, stored, COST + 1),
    ]);
    expect(answers).toEqual([true, false, true]);
    expect(pool.stats()).toEqual({ queued: 0, busy: 0, workers: 2, refused: 0 });
  });

  it('goes on after a hash that cannot be computed, and says so once', async () => {
    const faults: string[] = [];
    const pool = makePool({ onFault: (fault) => faults.push(fault) });
    await pool.hash(PREHASH, COST);
    const [pid] = workersOf(pool);
    const salt = Buffer.alloc(16).toString('base64');
    const foreign = { kind: 'scrypt', cost: 2 ** 16, blockSize: 1, parallelism: 1, salt, hash: salt } as const;
    for (let time = 0; time < 3; time++) {
      expect(await pool.compareForeign({ password: 'x', foreign, cost: COST })).toBe(false);
    }
    await expect(pool.hash(undefined as unknown as string, COST)).rejects.toThrow('could not be computed');
    await expect(pool.hash(PREHASH, COST)).resolves.toMatch(/^\$2b\$04\$/);
    expect([workersOf(pool), lost, faults.length]).toEqual([[pid], [], 1]);
  });

  it('works at the lowest priority, and the process that it serves does not', async () => {
    const before = getPriority();
    const pool = makePool();
    await pool.hash(PREHASH, COST);
    expect(workersOf(pool).map((pid) => getPriority(pid))).toEqual([19]);
    expect(getPriority()).toBe(before);
  });

  it('dismisses a worker that has had nothing to do for a while, and starts one again when there is', async () => {
    const pool = makePool({ idleMs: 1 });
    await pool.hash(PREHASH, COST);
    await until(() => pool.stats().workers === 0);
    await expect(pool.hash(PREHASH, COST)).resolves.toMatch(/^\$2b\$04\$/);
    expect(lost).toEqual([]);
  });

  it('does what comes while its only worker ends as soon as that has ended', async () => {
    const pool = makePool({ idleMs: 1 });
    // On a busy machine, one may have ended before this looks: then another.
    do {
      await pool.hash(PREHASH, COST);
      await until(() => [...pool['children']].every(({ dismissed }) => dismissed));
    } while (pool.stats().workers === 0);
    await expect(pool.hash(PREHASH, COST)).resolves.toMatch(/^\$2b\$04\$/);
    expect(lost).toEqual([]);
  });
});

describe('a queue of hashes that is full', () => {
  it('refuses at once, and says when to come again', async () => {
    const { pool, inHand, goOn } = await makeHeldPool({ longestWaitMs: 0 });
    await expect(pool.hash(PREHASH, COST)).rejects.toMatchObject({ code: 'busy', retryAfterSeconds: 1 });
    expect(pool.stats()).toMatchObject({ queued: 0, busy: 1, refused: 1 });
    goOn();
    await expect(inHand).resolves.toMatch(/^\$2b/);
    await expect(pool.hash(PREHASH, COST)).resolves.toMatch(/^\$2b/);
  });

  it('takes no more than can be done in time: (queued + 0.5) hashes of the time that one takes', async () => {
    const { pool, goOn } = await makeHeldPool({ longestWaitMs: 2000 });
    pool['averageMs'] = 500;
    const answers = Array.from({ length: 6 }, () => pool.hash(PREHASH, COST));
    const refusal = { status: 'rejected', reason: { retryAfterSeconds: 3 } };
    expect(pool.stats()).toMatchObject({ queued: 4, refused: 2 });
    goOn();
    expect((await Promise.allSettled(answers)).slice(4)).toMatchObject([refusal, refusal]);
  });

  it('keeps a place for known devices', async () => {
    const { pool, inHand, goOn } = await makeHeldPool({ longestWaitMs: 2000 });
    pool['averageMs'] = 3000;
    const done: string[] = [];
    const ask = (name: string, work: HashWork) => pool.hash(PREHASH, COST, work).then(() => done.push(name));
    const stranger = ask('stranger', { account: 'ada' });
    await expect(ask('late stranger', { account: 'bob' })).rejects.toThrow(HashingOverloaded);
    const known = ask('known', { account: 'ada', lane: 'known' });
    goOn();
    await Promise.all([inHand, stranger, known]);
    expect(done).toEqual(['known', 'stranger']);
  });

  it('gives a place of whoever floods it to somebody else, who is then next', async () => {
    const { pool, inHand, goOn } = await makeHeldPool({ longestWaitMs: 2000 });
    pool['averageMs'] = 500;
    const done: string[] = [];
    const ask = (account: string) => pool.hash(PREHASH, COST, { account }).then(() => done.push(account));
    const flood = Array.from({ length: 4 }, () => ask('eve'));
    const quiet = ask('ada');
    await expect(flood[3]).rejects.toThrow(HashingOverloaded);
    goOn();
    await Promise.all([inHand, quiet, ...flood.slice(0, 3)]);
    expect(done).toEqual(['eve', 'ada', 'eve', 'eve']);
  });

  it('drops what has waited for too long all the same', async () => {
    const { pool, inHand, goOn } = await makeHeldPool({ longestQueuedMs: 20 });
    await expect(pool.hash(PREHASH, COST)).rejects.toThrow(HashingOverloaded);
    expect(pool.stats()).toMatchObject({ queued: 0, busy: 1, refused: 1 });
    goOn();
    await expect(inHand).resolves.toMatch(/^\$2b/);
  });
});

describe('a worker that is killed', () => {
  it('is replaced, and what it was at is done by another one', async () => {
    const { pool, pid, inHand } = await makeHeldPool();
    const waiting = pool.hash(PREHASH, COST);
    process.kill(pid, 'SIGKILL');
    await expect(Promise.all([inHand, waiting])).resolves.toHaveLength(2);
    expect(workersOf(pool)).toEqual([expect.any(Number)]);
    expect(workersOf(pool)).not.toContain(pid);
    expect(lost).toEqual(['SIGKILL']);
  });

  it('while it has nothing to do is replaced when there is', async () => {
    const pool = makePool();
    await pool.hash(PREHASH, COST);
    for (const pid of workersOf(pool)) process.kill(pid, 'SIGKILL');
    await until(() => pool.stats().workers === 0);
    await expect(pool.hash(PREHASH, COST)).resolves.toMatch(/^\$2b/);
  });

  it('twice over the same hash has that refused, and the next one done', async () => {
    const pool = makePool();
    const poison = pool.hash(PREHASH, A_SECOND_OR_MORE);
    const [first = 0] = workersOf(pool);
    process.kill(first, 'SIGKILL');
    await until(() => workersOf(pool).some((pid) => pid !== first));
    for (const pid of workersOf(pool)) process.kill(pid, 'SIGKILL');
    await expect(poison).rejects.toThrow(HashingOverloaded);
    await expect(pool.hash(PREHASH, COST)).resolves.toMatch(/^\$2b/);
    expect(lost).toEqual(['SIGKILL', 'SIGKILL']);
  });
});

describe('the end of the pool', () => {
  it('comes after what is in hand, refuses what waits and what comes, and leaves no process', async () => {
    const { pool, pid, inHand, goOn } = await makeHeldPool();
    const waiting = pool.hash(PREHASH, COST);
    const end = pool.onApplicationShutdown();
    await expect(waiting).rejects.toThrow(HashingOverloaded);
    await expect(pool.hash(PREHASH, COST)).rejects.toThrow(HashingOverloaded);
    goOn();
    await expect(inHand).resolves.toMatch(/^\$2b/);
    await end;
    expect(isRunning(pid)).toBe(false);
    expect(lost).toEqual([]);
  });

  it('leaves the end to workers that have nothing to do, and kills none', async () => {
    const pool = makePool({ workers: 2 });
    await Promise.all([pool.hash(PREHASH, COST), pool.hash(PREHASH, COST)]);
    const ends = [...pool['children']].map(({ ended }) => ended);
    await pool.onApplicationShutdown();
    expect(await Promise.all(ends)).toEqual(['exit code 0', 'exit code 0']);
    expect(pool.stats()).toMatchObject({ busy: 0, workers: 0 });
  });

  it('is not for a signal to a worker to bring about, such as the Ctrl-C that its whole group gets', async () => {
    const pool = makePool();
    await pool.hash(PREHASH, COST);
    const [pid = 0] = workersOf(pool);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
    await expect(pool.hash(PREHASH, COST)).resolves.toMatch(/^\$2b/);
    expect(workersOf(pool)).toEqual([pid]);
  });
});

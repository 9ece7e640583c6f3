import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type supertest from 'supertest';
import { PASSWORD } from './process.js';

const PROGRAM = join(import.meta.dirname, 'mixed-load.mjs');
const NODE = resolve(import.meta.dirname, '../../node_modules/.bin/node');
/** Where less of the requests could be sent in time, a run says nothing about the servers. */
const LEAST_SENT = 0.5;
/** The parts of the rate that are tried before it. */
const STEPS = [1 / 8, 1 / 4, 1 / 2, 1] as const;
const STEP_MS = 3000;
/** A machine that takes longer to answer without any fault has no room for more requests. */
const EASY_MS = 3000;

const TOO_BUSY = 'The load fell behind: the machine is too busy for this test. Run it again on a quieter one.';

/** By name, how many of each hundred or so requests are of that kind. */
export interface Mix {
  /** `GET /users/me` */
  readonly me?: number;
  /** `GET /users` */
  readonly list?: number;
  /** `POST /auth/login` */
  readonly signIn?: number;
  /** `POST /auth/refresh`: each session goes from token to token */
  readonly refresh?: number;
  /** `POST /auth/register` */
  readonly register?: number;
  /** `POST /users` */
  readonly create?: number;
  /** `PATCH /users/{id}`, each with another nickname */
  readonly change?: number;
}

export interface LoadParts {
  /** Servers, asked in turn. */
  readonly targets: readonly string[];
  readonly perSecond: number;
  readonly mix: Mix;
  /** For users of an ADMIN and for sign-ins. */
  readonly admin: { readonly email: string; readonly password: string };
  readonly api: ReturnType<typeof supertest>;
}

/** A user that was registered, created or changed, or was not. */
export interface Change {
  /** The address, the first name or the nickname, which nobody else has. */
  readonly name: string;
  /** When it was sent, and when its answer had come, in milliseconds. */
  readonly begin: number;
  readonly end: number;
  /** The status or the error, where it was not done. */
  readonly refusal?: string;
}

export interface LoadResult {
  readonly sent: number;
  readonly seconds: number;
  /** By kind, and by what became of it: `done`, a status with its code, or the error of the connection. */
  readonly outcomes: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By kind, in milliseconds. */
  readonly slowest: Readonly<Record<string, number>>;
  /** What was neither done nor refused by 503 with `Retry-After`; the first three hundred. */
  readonly surprises: readonly object[];
  /** In the order in which they ended. */
  readonly changes: readonly Change[];
  /** Sessions whose refresh token was refused. */
  readonly sessionsLost: number;
}

/** People who use Roster at a fixed rate, whatever becomes of their requests, in a process of their own. */
export class MixedLoad {
  private static readonly all = new Set<MixedLoad>();

  private result: LoadResult | undefined;
  private looked: ((seen: LoadResult) => void) | undefined;
  /** Changes that were done, so far. */
  acknowledged = 0;
  perSecond = 0;

  private constructor(private readonly child: ChildProcess) {
    MixedLoad.all.add(this);
    child.on('message', (message: { type: string } & LoadResult) => {
      if (message.type === 'result') this.result = message;
      if (message.type === 'seen') this.looked?.(message);
      if (message.type === 'progress') ({ acknowledged: this.acknowledged } = message as unknown as this);
    });
  }

  /**
   * With as many requests a second as were asked for, or half, a quarter or an eighth of them where the machine has no room for more.
   * @throws Error where it has not even for those
   */
  static async start({ api, admin, perSecond, ...parts }: LoadParts): Promise<MixedLoad> {
    const signIn = async (): Promise<{ accessToken: string }> => {
      const body = { identifier: admin.email, password: admin.password };
      return (await api.post('/auth/login').send(body).expect(200)).body as { accessToken: string };
    };
    const sessions = [];
    for (let count = 0; count < 40; count++) sessions.push(await signIn());
    const { accessToken: token } = await signIn();
    const run = `run${Date.now()}`;
    // Somebody else, whose oldest sessions end when there are too many.
    const person = { identifier: `${run}@example.com`, password: PASSWORD };
    const made = { email: person.identifier, password: PASSWORD };
    await api.post('/users').set('authorization', `Bearer ${token}`).send(made).expect(201);
    const people = [];
    for (let count = 0; count < 20; count++) {
      const firstName = `${run} person ${count}`;
      const answer = await api.post('/users').set('authorization', `Bearer ${token}`).send({ firstName }).expect(201);
      people.push({ id: (answer.body as { id: string }).id });
    }
    const load = new MixedLoad(fork(PROGRAM, { execPath: NODE, execArgv: [] }));
    const common = { ...parts, person, token, sessions, people, run, password: PASSWORD };
    load.child.send({ type: 'start', ...common, perSecond: perSecond * STEPS[0] });
    await load.settle(perSecond).catch((error: unknown) => {
      load.kill();
      throw error;
    });
    return load;
  }

  private async settle(most: number): Promise<void> {
    for (const step of STEPS) {
      const before = this.perSecond;
      this.begin(most * step);
      await sleep(STEP_MS);
      if (isEasy(await this.look())) continue;
      if (before === 0) throw new Error(`${TOO_BUSY} Even ${most * step} requests a second are too many for it.`);
      this.begin(before);
      // For what came too fast.
      await sleep(STEP_MS);
      break;
    }
    this.begin(this.perSecond);
  }

  private begin(perSecond: number): void {
    this.perSecond = perSecond;
    this.child.send({ type: 'begin', perSecond });
  }

  private async look(): Promise<LoadResult> {
    const { promise, resolve } = Promise.withResolvers<LoadResult>();
    this.looked = resolve;
    this.child.send({ type: 'look' });
    return promise;
  }

  /** @throws Error where the load itself fell behind, which says nothing about the servers */
  async stop(): Promise<LoadResult> {
    // After everything that it has said.
    const ended = once(this.child, 'disconnect');
    this.child.send({ type: 'stop' });
    await ended;
    const { result } = this;
    if (!result) throw new Error('The process of the load ended without a result.');
    const { sent, seconds } = result;
    const due = this.perSecond * seconds;
    if (sent < due * LEAST_SENT) {
      const were = `${sent} requests were sent in ${Math.round(seconds)} s, where ${Math.round(due)} were due.`;
      throw new Error(`${TOO_BUSY} ${were}`);
    }
    return result;
  }

  kill(): void {
    MixedLoad.all.delete(this);
    this.child.kill('SIGKILL');
  }

  /** For the end of a test file: also those that a test left running when it failed. */
  static killAll(): void {
    for (const load of MixedLoad.all) load.kill();
  }
}

/**
 * The names of all changes that the log of events has, as often as it has them.
 * @param token of an ADMIN
 */
export async function changesIn(api: ReturnType<typeof supertest>, token: string): Promise<string[]> {
  const names: string[] = [];
  for (let after = 0, isMore = true; isMore;) {
    const { body } = await api
      .get(`/events?after=${after}&limit=1000`)
      .set('authorization', `Bearer ${token}`)
      .expect(200);
    const { items, page } = body as { items: EventBody[]; page: { nextAfter: number; latest: number } };
    for (const { type, data } of items) {
      if (type === 'user.created')
        names.push(...[data.email, data.firstName].filter((name) => typeof name === 'string'));
      if (type === 'user.updated' && typeof data.nickname === 'string') names.push(data.nickname);
    }
    after = page.nextAfter;
    isMore = after < page.latest;
  }
  return names;
}

interface EventBody {
  readonly type: string;
  readonly data: {
    readonly email?: string | null;
    readonly firstName?: string | null;
    readonly nickname?: string | null;
  };
}

function isEasy({ surprises, slowest, outcomes }: LoadResult): boolean {
  const all = Object.values(outcomes).flatMap((one) => Object.keys(one));
  return (
    surprises.length === 0 && all.every((one) => one === 'done') && Math.max(0, ...Object.values(slowest)) < EASY_MS
  );
}

/** How many requests became `what`, of any kind or of one. */
export function count({ outcomes }: LoadResult, what: string | RegExp, kind?: string): number {
  const counted = kind === undefined ? Object.values(outcomes) : [outcomes[kind] ?? {}];
  const fits = (became: string) => (typeof what === 'string' ? became === what : what.test(became));
  return counted
    .flatMap((one) => Object.entries(one))
    .reduce((sum, [became, times]) => sum + (fits(became) ? times : 0), 0);
}

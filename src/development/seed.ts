import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import type { Faker } from '@faker-js/faker';
import { v7 as uuidv7 } from 'uuid';
import { systemContext } from '../access/caller.js';
import { AppModule } from '../app.module.js';
import { FirstAdmin } from '../auth/first-admin.js';
import { Passwords } from '../auth/passwords/passwords.js';
import { Clock } from '../config/clock.js';
import type { Settings } from '../config/settings.js';
import { Keyring } from '../database/keyring.js';
import { type Transaction, Transactions } from '../database/transaction.js';
import { event } from '../events/catalogue.js';
import { EventLog } from '../events/event-log.js';
import { PersonalData } from '../events/personal-data.js';
import { Sequencer } from '../events/sequencer.js';
import { newTraceId } from '../config/trace-id.js';
import type { Shutdown } from '../server/shutdown.js';
import { createLog, nestLogger } from '../ops/log.js';
import { MissingPackage } from '../server/start-failure.js';
import { create, type NewUser } from '../users/aggregate/decide.js';
import { foldForSearch } from '../users/aggregate/search-text.js';
import { rowOf, UserEntity, type UserRow } from '../users/store/user.entity.js';
import { evolve, type UserState } from '../users/aggregate/user.js';

const BATCH = 200;
// The second one writes while the first one's commit waits for the disk.
const WRITERS = 2;
const PAST_MS = 3 * 365 * 86_400_000;
const SIGNED_IN_SHARE = 0.7;

/** The moment at which a made-up user registered. */
class PastClock extends Clock {
  constructor(public moment: Date) {
    super();
  }
  now(): Date {
    return this.moment;
  }
}

/**
 * Adds users whose addresses are verified, with their events, spread over the last three years, decided, sealed and
 * folded by the same code as any other; handlers are not told of them. Prints the password that they share.
 * @throws MissingPackage where the development packages are left out, as in production
 */
export async function seed(given: Settings, count: number, shutdown: Shutdown): Promise<void> {
  const { fakers, bar } = await developmentPackages();
  const settings: Settings = { ...given, LOG_LEVEL: 'warn' };
  const log = createLog(settings);
  const app = await NestFactory.createApplicationContext(AppModule.forRoot(settings, log), {
    logger: nestLogger(log),
    abortOnError: false,
  });
  let writing: Promise<unknown> = Promise.resolve();
  shutdown.register('seeding', async () => {
    // Batches that were begun are written to their end.
    await writing.catch(() => undefined);
    await app.close();
  });
  // With users in the database, the first start would not make one any more.
  const admin = await app.get(FirstAdmin, { strict: false }).ensure();
  const passwords = app.get(Passwords, { strict: false });
  const transactions = app.get(Transactions, { strict: false });
  const password = randomBytes(15).toString('base64url');
  const hash = await passwords.accept(password, { names: [] }, 'in-process');

  const personalData = app.get(PersonalData, { strict: false });
  const keyring = app.get(Keyring, { strict: false });
  const sequencer = app.get(Sequencer, { strict: false });
  const run = randomBytes(3).toString('hex');
  const context = systemContext(newTraceId());
  const first = Date.now() - PAST_MS;

  // Row by row through `UserStore` it takes three times as long.
  async function addBatch(tx: Transaction, start: number, end: number): Promise<void> {
    const clock = new PastClock(new Date(first));
    const log = new EventLog(clock, keyring, personalData, sequencer);
    const rows: UserRow[] = [];
    for (let index = start; index < end; index++) {
      clock.moment = new Date(first + Math.floor((index / count) * PAST_MS));
      const id = uuidv7({ msecs: clock.moment.getTime() });
      const { email, ...more } = madeUp(fakers, `${run}${index.toString(36)}`);
      const decided = [...create({ email, ...more }), event('user.email_verified', { email })];
      const events = await log.append(tx, { userId: id, afterVersion: 0 }, decided, context);
      const state = events.reduce<UserState | undefined>(evolve, undefined);
      const row = state && rowOf(state);
      if (row) rows.push(row);
    }
    await tx.getRepository(UserEntity).insert(rows);
    const ids = rows.map(({ id }) => id);
    await tx.query('INSERT INTO password_credentials (user_id, hash) SELECT unnest($1::uuid[]), $2', [ids, hash]);
    await tx.query(
      `UPDATE users SET last_login_at = created_at + random() * (now() - created_at)
       WHERE id = ANY($1) AND random() < $2`,
      [ids, SIGNED_IN_SHARE],
    );
  }

  let next = 0;
  async function write(): Promise<void> {
    while (next < count && !shutdown.ending) {
      const start = next;
      next = Math.min(start + BATCH, count);
      const end = next;
      await transactions.run((tx) => addBatch(tx, start, end));
      bar.increment(end - start);
    }
  }
  bar.start(count, 0);
  writing = Promise.all(Array.from({ length: WRITERS }, write)).finally(() => bar.stop());
  await writing;
  if (admin) console.log(`Admin: ${admin.email}, password ${admin.generatedPassword ?? 'as ADMIN_PASSWORD says'}`);
  console.log(`Added ${next} users, such as those that GET /users?search=${run} lists. Their password: ${password}`);
}

function madeUp(fakers: readonly Faker[], unique: string): NewUser & { email: string } {
  const faker = fakers[Math.floor(Math.random() * fakers.length)];
  if (!faker) throw new Error('There is no language to make up names in');
  const [firstName, lastName] = [faker.person.firstName(), faker.person.lastName()];
  const name = [firstName, lastName].map((part) => foldForSearch(part).replace(/[^a-z]+/g, '') || 'user').join('.');
  return {
    email: `${name}.${unique}@example.com`,
    username: faker.datatype.boolean(0.5) ? `${name.slice(0, 20)}.${unique}` : null,
    firstName,
    lastName,
    nickname: faker.datatype.boolean(0.2) ? firstName.slice(0, 3) : null,
    locale: faker.getMetadata().code?.slice(0, 2) ?? null,
    role: 'AUTHENTICATED',
    how: 'import',
  };
}

interface Bar {
  start(total: number, value: number): void;
  increment(by: number): void;
  stop(): void;
}

async function developmentPackages(): Promise<{ fakers: Faker[]; bar: Bar }> {
  try {
    const { fakerCS_CZ, fakerDE, fakerEN, fakerES, fakerFR, fakerPL, fakerSV, fakerTR } =
      await import('@faker-js/faker');
    const { default: progress } = await import('cli-progress');
    const fakers = [fakerEN, fakerDE, fakerES, fakerFR, fakerPL, fakerCS_CZ, fakerSV, fakerTR];
    const format = '{bar} {percentage}% | {value} of {total} users | {duration_formatted} | {eta_formatted} left';
    return { fakers, bar: new progress.SingleBar({ format, noTTYOutput: true }, progress.Presets.shades_classic) };
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new MissingPackage('Seeding', ['@faker-js/faker', 'cli-progress']);
  }
}

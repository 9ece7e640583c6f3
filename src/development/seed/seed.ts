import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { AppModule } from '../../app.module.js';
import { type AdminSignIn, FirstAdmin } from '../../auth/first-admin.js';
import { Lockouts } from '../../auth/lockout/lockouts.js';
import { Passwords } from '../../auth/passwords/passwords.js';
import type { Settings } from '../../config/settings.js';
import { sessionAddress } from '../../database/addresses.js';
import { Keyring } from '../../database/keyring.js';
import { settleSession } from '../../database/session.js';
import { PersonalData } from '../../events/personal-data.js';
import { createLog, nestLogger } from '../../ops/log.js';
import type { Shutdown } from '../../server/shutdown.js';
import { UserEntity } from '../../users/store/user.entity.js';
import { MadeUpUsers } from './batch.js';
import { BatchWriter, type Shared } from './batch-writer.js';
import { Choices } from './choices.js';
import { developmentPackages } from './development-packages.js';
import { Histories } from './history.js';
import { MadeUpPeople } from './made-up-people.js';
import { prepareMonths, refuseRepeated, sendWhatWaits, tidy } from './upkeep.js';

// Written within a second or so, which a Ctrl-C waits for.
const BATCH = 1000;
// While PostgreSQL writes the one's, the other's is made up.
const WRITERS = 2;
const PAST_MS = 3 * 365 * 86_400_000;

export interface SeedOptions {
  /** Where random choices start: the same number makes up the same people. By default another one each time. */
  readonly random?: number | undefined;
}

/**
 * Adds users with histories of up to three years, decided, sealed and folded by the same code as any other; with 1,000 users or
 * more, some of them are pending, suspended, locked, deleted or staff. Handlers are not told, no mail is queued, and sinks that
 * are up to date pass over the events. Written by COPY in batches, each whole. Prints the password that they share.
 * @throws MissingPackage where the development packages are left out, as in production; StartError where the same people are there
 */
export async function seed(
  settings: Settings,
  count: number,
  shutdown: Shutdown,
  { random = randomBytes(4).readUInt32LE() }: SeedOptions = {},
): Promise<void> {
  const { fakers, bar } = await developmentPackages();
  const password = randomBytes(15).toString('base64url');
  const { admin, shared, keyring, personalData } = await prepare(settings, password, shutdown);
  await prepareMonths(settings);

  const choices = new Choices(random);
  const run = choices
    .whole(0, 16 ** 6 - 1)
    .toString(16)
    .padStart(6, '0');
  await refuseRepeated(settings, run);
  const kept = {
    pending: settings.PENDING_RETENTION,
    deleted: settings.DELETED_RETENTION,
    evidence: settings.AUTH_EVENT_RETENTION,
    mails: settings.MAIL_RETENTION,
    idleSession: settings.REFRESH_TOKEN_IDLE_TTL,
  };
  const histories = new Histories(personalData, keyring.current('event-chain'));
  const world = { count, now: Date.now(), past: PAST_MS, kept };
  const users = new MadeUpUsers(world, choices, new MadeUpPeople(fakers, choices, run), histories);

  let next = 0;
  async function write(client: pg.Client): Promise<void> {
    const writer = new BatchWriter(client, shared);
    try {
      while (next < count && !shutdown.ending) {
        const start = next;
        next = Math.min(start + BATCH, count);
        const batch = users.make(start, next);
        await writer.write(batch);
        bar.add(Math.min(start + BATCH, count) - start);
      }
    } finally {
      await client.end();
    }
  }
  // Before anything is made up, which leaves no time for answers.
  const clients = await Promise.all(Array.from({ length: WRITERS }, () => connect(settings)));
  bar.start(count);
  const writing = Promise.all(clients.map(write)).finally(() => bar.stop());
  // Batches that were begun are written to their end.
  shutdown.register('seeding', () => writing.then(() => undefined));
  await writing;
  if (!shutdown.ending) await tidy(settings);
  if (admin) console.log(`Admin: ${admin.email}, password ${admin.generatedPassword ?? 'as ADMIN_PASSWORD says'}`);
  console.log(`Added ${next} users, such as those that GET /users?search=${run} lists. Their password: ${password}`);
}

async function connect(settings: Settings): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: sessionAddress(settings), application_name: 'roster seed' });
  await client.connect();
  await settleSession(client, { patient: true });
  return client;
}

/** What needs the application, which is closed before the writing: it would send mails and events meanwhile. */
async function prepare(given: Settings, password: string, shutdown: Shutdown) {
  const settings: Settings = { ...given, LOG_LEVEL: 'warn' };
  const log = createLog(settings);
  const app = await NestFactory.createApplicationContext(AppModule.forRoot(settings, log), {
    logger: nestLogger(log),
    abortOnError: false,
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= app.close());
  shutdown.register('application', close);
  // With users in the database, the first start would not make one any more.
  const admin: AdminSignIn | undefined = await app.get(FirstAdmin, { strict: false }).ensure();
  const passwordHash = await app.get(Passwords, { strict: false }).accept(password, { names: [] }, 'in-process');
  const keyring = app.get(Keyring, { strict: false });
  const lockouts = app.get(Lockouts, { strict: false });
  const { columns } = app.get(DataSource, { strict: false }).getMetadata(UserEntity);
  const folded = columns.filter(({ isInsert }) => isInsert);
  const shared: Shared = {
    passwordHash,
    sessionKey: keyring.current('refresh-token'),
    userColumns: folded.map(({ propertyName, databaseName }) => ({ property: propertyName, column: databaseName })),
    lockSubject: (userId) => lockouts.ofUser(userId).key,
    sessionIdleFor: settings.REFRESH_TOKEN_IDLE_TTL,
    sessionLastsFor: settings.REFRESH_TOKEN_ABSOLUTE_TTL,
  };
  const personalData = app.get(PersonalData, { strict: false });
  await sendWhatWaits(settings);
  await close();
  return { admin, shared, keyring, personalData };
}

import './server/refuse-old-node.js';
import 'reflect-metadata';
import { AppModule } from './app.module.js';
import { createApp } from './server/app-setup.js';
import { FirstAdmin } from './auth/first-admin.js';
import { readEnvironment } from './config/environment.js';
import { loadSettings } from './config/settings.js';
import { migrate } from './database/migrate.js';
import { settle } from './development/development.js';
import { EventStream } from './events/event-stream.js';
import { endApp } from './server/end-app.js';
import { giveBackMemory } from './server/give-back-memory.js';
import { HealthChecks } from './ops/health-checks.js';
import { createLog } from './ops/log.js';
import { Lifetime } from './server/shutdown.js';
import { explainFailure, PortTaken } from './server/start-failure.js';
import { summary } from './server/summary.js';

const lifetime = new Lifetime();

async function start(): Promise<void> {
  const given = loadSettings(readEnvironment());
  const log = createLog(given);
  const say = given.NODE_ENV === 'production' ? (text: string) => log.info(text) : (text: string) => console.log(text);
  const { settings, mailboxUrl, database, psql } = await settle(given, lifetime, say);
  const applied = await migrate(settings, (text) => log.warn(text));
  if (applied.length > 0) log.info({ migrations: applied }, 'database migrated');
  lifetime.check();

  const app = await createApp(AppModule.forRoot(settings, log), settings, log);
  lifetime.add('server', () => endApp(app, [HealthChecks, EventStream]));
  await app.init();
  const firstAdmin = app.get(FirstAdmin);
  const makeAdmin = await firstAdmin.prepare();
  lifetime.check();
  // Now, while nobody waits for an answer.
  giveBackMemory();
  const ready = app.get(HealthChecks).holdBack();
  try {
    await app.listen(settings.PORT, settings.HOST);
  } catch (error) {
    throw (error as { code?: string }).code === 'EADDRINUSE' ? new PortTaken(settings.HOST, settings.PORT) : error;
  }
  // When nothing can fail any more between the password and the eyes it is for.
  const admin = (await makeAdmin()) ?? (await firstAdmin.hint());
  ready();
  say(summary({ settings, mailboxUrl, database, psql, admin }));
}

lifetime.endOnSignals();
start().catch(async (error: unknown) => {
  if (lifetime.ending) return;
  console.error(explainFailure(error));
  await lifetime.end(1);
});

import './server/refuse-old-node.js';
import 'reflect-metadata';
import { AppModule } from './app.module.js';
import { createApp } from './server/app-setup.js';
import { FirstAdmin } from './auth/first-admin.js';
import { readEnvironment } from './config/environment.js';
import { loadSettings, type Settings } from './config/settings.js';
import { migrate } from './database/migrate.js';
import { EventStream } from './events/event-stream.js';
import { endApp } from './server/end-app.js';
import { giveBackMemory } from './server/give-back-memory.js';
import { HealthChecks } from './ops/health-checks.js';
import { createLog } from './ops/log.js';
import { Shutdown } from './server/shutdown.js';
import { givenServices, type Services } from './server/services.js';
import { explainFailure, PortTaken } from './server/start-failure.js';
import { summary } from './server/summary.js';

const shutdown = new Shutdown();

async function start(): Promise<void> {
  const given = loadSettings(readEnvironment());
  const log = createLog(given);
  const say = given.NODE_ENV === 'production' ? (text: string) => log.info(text) : (text: string) => console.log(text);
  const { settings, mailboxUrl, database, psql } = await servicesFor(given, say);
  const applied = await migrate(settings, (text) => log.warn(text));
  if (applied.length > 0) log.info({ migrations: applied }, 'database migrated');
  shutdown.throwIfEnding();

  const app = await createApp(AppModule.forRoot(settings, log), settings, log);
  shutdown.register('server', () => endApp(app, [HealthChecks, EventStream]));
  await app.init();
  const firstAdmin = app.get(FirstAdmin);
  const makeAdmin = await firstAdmin.prepare();
  shutdown.throwIfEnding();
  // Now, while no request is waiting.
  giveBackMemory();
  const ready = app.get(HealthChecks).holdBack();
  try {
    await app.listen(settings.PORT, settings.HOST);
  } catch (error) {
    throw (error as { code?: string }).code === 'EADDRINUSE' ? new PortTaken(settings.HOST, settings.PORT) : error;
  }
  // Once nothing can fail any more before the password is shown.
  const admin = (await makeAdmin()) ?? (await firstAdmin.hint());
  ready();
  say(summary({ settings, mailboxUrl, database, psql, admin }));
}

/** Production has its own services and never loads the development ones. */
async function servicesFor(given: Settings, say: (text: string) => void): Promise<Services> {
  if (given.NODE_ENV === 'production') return givenServices(given);
  const { startLocalServices } = await import('./development/local-services.js');
  return startLocalServices(given, shutdown, say);
}

shutdown.endOnSignals();
start().catch(async (error: unknown) => {
  if (shutdown.ending) return;
  console.error(explainFailure(error));
  await shutdown.end(1);
});

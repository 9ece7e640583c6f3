import 'reflect-metadata';
import { AppModule } from './app.module.js';
import { createApp } from './server/app-setup.js';
import { FirstAdmin } from './auth/first-admin.js';
import { readEnvironment } from './config/environment.js';
import { loadSettings, type Settings } from './config/settings.js';
import { migrate } from './database/migrate.js';
import { EventStream } from './events/event-stream.js';
import { endApp } from './server/end-app.js';
import { MemoryReturn } from './server/give-back-memory.js';
import { HealthChecks } from './ops/health-checks.js';
import { createLog, type Log } from './ops/log.js';
import { Metrics } from './ops/metrics.js';
import { Shutdown } from './server/shutdown.js';
import { givenServices, type Services } from './server/services.js';
import { explainFailure, PortTaken } from './server/start-failure.js';
import { type AboutAdmin, summary } from './server/summary.js';
import { WorkerProcess } from './server/worker-process.js';
import { WorkerProcesses, workersAsked } from './server/worker-processes.js';

const shutdown = new Shutdown();
const worker = WorkerProcess.get();

async function start(): Promise<void> {
  const given = loadSettings(readEnvironment());
  shutdown.endWithin(given.SHUTDOWN_TIMEOUT);
  const log = createLog(given);
  if (worker) {
    worker.ready(await serve(await worker.complete(given), log));
    return;
  }
  const workers = workersAsked(process.argv.slice(2));
  const say = given.NODE_ENV === 'production' ? (text: string) => log.info(text) : (text: string) => console.log(text);
  const { settings, mailboxUrl, database, psql } = await servicesFor(given, say);
  const applied = await migrate(settings, (text) => log.warn(text));
  if (applied.length > 0) log.info({ migrations: applied }, 'database migrated');
  shutdown.throwIfEnding();
  const admin = workers > 0 ? await serveBy(workers, { given, settings, log }) : await serve(settings, log);
  say(summary({ settings, mailboxUrl, database, psql, admin, workers }));
}

/** Serves requests in this process. @returns what is to be said about the first admin */
async function serve(settings: Settings, log: Log): Promise<AboutAdmin | undefined> {
  const app = await createApp(AppModule.forRoot(settings, log), settings, log);
  shutdown.register('server', () => endApp(app, [HealthChecks, EventStream]));
  await app.init();
  worker?.share(app.get(Metrics));
  const firstAdmin = app.get(FirstAdmin);
  const makeAdmin = await firstAdmin.prepare();
  shutdown.throwIfEnding();
  new MemoryReturn(app.getHttpServer());
  const ready = app.get(HealthChecks).holdBack();
  try {
    await app.listen(settings.PORT, settings.HOST);
  } catch (error) {
    throw (error as { code?: string }).code === 'EADDRINUSE' ? new PortTaken(settings.HOST, settings.PORT) : error;
  }
  // Once nothing can fail any more before the password is shown.
  const admin = (await makeAdmin()) ?? (await firstAdmin.hint());
  ready();
  return admin;
}

/** Serves requests in processes of their own. */
async function serveBy(count: number, { given, settings, log }: { given: Settings; settings: Settings; log: Log }) {
  const onLoss = (how: string): void => log.error({ how }, 'a worker ended; it is replaced');
  const workers = new WorkerProcesses({ count, given, settings, onLoss });
  shutdown.register('workers', () => workers.stop());
  return workers.start();
}

/** Production has its own services and never loads the development ones. */
async function servicesFor(given: Settings, say: (text: string) => void): Promise<Services> {
  if (given.NODE_ENV === 'production') return givenServices(given);
  const { startLocalServices } = await import('./development/local-services.js');
  return startLocalServices(given, shutdown, say);
}

/** Starts the server as the environment says. */
export function run(): void {
  shutdown.endOnSignals();
  start().catch(async (error: unknown) => {
    if (shutdown.ending) return;
    if (worker) worker.failed(explainFailure(error));
    else console.error(explainFailure(error));
    await shutdown.end(1);
  });
}

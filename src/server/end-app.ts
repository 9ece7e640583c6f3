import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { EventStream } from '../events/event-stream.js';
import { HealthChecks } from '../ops/health-checks.js';

/** Ends the server in order: readiness says so at once, and what has come is answered. */
export async function endApp(app: NestFastifyApplication): Promise<void> {
  app.get(HealthChecks, { strict: false }).onModuleDestroy();
  app.get(EventStream, { strict: false }).onModuleDestroy();
  await app.getHttpAdapter().getInstance().drain.stopListening();
  // Ends what works beside the server, then the server with all that is due, then what answers need.
  await app.close();
}

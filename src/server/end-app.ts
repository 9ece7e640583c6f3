import type { OnModuleDestroy, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/**
 * Ends the server in order, so that what has come is answered.
 * @param first what stops while the server still listens: readiness, which tells who balances the load, and streams without end
 */
export async function endApp(app: NestFastifyApplication, first: readonly Type<OnModuleDestroy>[]): Promise<void> {
  for (const part of first) app.get(part, { strict: false }).onModuleDestroy();
  await app.getHttpAdapter().getInstance().drain.stopListening();
  // Ends what works beside the server, then the server with all that is due, then what answers need.
  await app.close();
}

import type { OnModuleDestroy, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/**
 * Shuts the server down in order, so that received requests are answered.
 * @param first what stops while the server still listens: readiness, for load balancers, and endless streams
 */
export async function endApp(app: NestFastifyApplication, first: readonly Type<OnModuleDestroy>[]): Promise<void> {
  for (const part of first) app.get(part, { strict: false }).onModuleDestroy();
  await app.getHttpAdapter().getInstance().drain.stopListening();
  // Ends background work, then the server with its pending requests, then what they depend on.
  await app.close();
}

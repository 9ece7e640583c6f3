import { randomUUID } from 'node:crypto';
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources';
import { RELEASE } from '../config/release.js';
import type { Settings } from '../config/settings.js';

/** Which service, release and process spans come from, by OpenTelemetry's semantic conventions. */
export function resourceOf({ OTEL_RESOURCE_ATTRIBUTES, OTEL_SERVICE_NAME }: Settings): Resource {
  return resourceFromAttributes({
    'service.version': RELEASE,
    'service.instance.id': randomUUID(),
    'process.pid': process.pid,
    ...OTEL_RESOURCE_ATTRIBUTES,
    'service.name': OTEL_SERVICE_NAME,
  });
}

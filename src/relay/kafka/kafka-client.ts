import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import type { BaseOptions } from '@platformatic/kafka';
import type { Settings } from '../../config/settings.js';

const CONNECT_WITHIN_MS = 5000;
const ANSWER_WITHIN_MS = 15_000;
/** How long brokers may take to have a batch on all in-sync replicas. */
const REPLICATE_WITHIN_MS = 10_000;

/** The connection options of Kafka clients. TLS files are read each time: they may have been renewed. */
export function clientOptions(settings: Settings, brokers: readonly string[]): BaseOptions {
  const { KAFKA_SASL_MECHANISM: mechanism, KAFKA_SASL_USERNAME: username, KAFKA_SASL_PASSWORD: password } = settings;
  return {
    clientId: 'roster',
    bootstrapBrokers: [...brokers],
    connectTimeout: CONNECT_WITHIN_MS,
    requestTimeout: ANSWER_WITHIN_MS,
    timeout: REPLICATE_WITHIN_MS,
    // The relay retries by itself, and logs it.
    retries: 2,
    retryDelay: 100,
    autocreateTopics: false,
    // RFC 6066, 3: an IP address is no server name.
    ...(settings.KAFKA_TLS && { tls: tlsOptions(settings), tlsServerName: !brokers.some(isIpAddress) }),
    ...(username !== undefined && password !== undefined && { sasl: { mechanism, username, password } }),
  };
}

function tlsOptions({ KAFKA_TLS_CA: ca, KAFKA_TLS_CERT: cert, KAFKA_TLS_KEY: key }: Settings) {
  return {
    ...(ca !== undefined && { ca: readFileSync(ca) }),
    ...(cert !== undefined && { cert: readFileSync(cert) }),
    ...(key !== undefined && { key: readFileSync(key) }),
  };
}

function isIpAddress(broker: string): boolean {
  return isIP(broker.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')) !== 0;
}

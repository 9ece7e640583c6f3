import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Keyring } from '../../database/keyring.js';
import { seal, unseal } from '../../database/sealing.js';

const SECRET_BYTES = 32;

/** The valid secrets of one endpoint, sealed, so that a database dump cannot sign messages. */
export interface SealedSecrets {
  readonly key_id: string;
  readonly secret: Buffer;
  readonly previous_secret: Buffer | null;
  /** Older ones, the newest first; null where there are none. */
  readonly retired_secrets: readonly RetiredSecret[] | null;
}

/** As `RETIRED_SECRETS` reads it. */
export interface RetiredSecret {
  readonly key_id: string;
  /** Sealed, in hexadecimal digits. */
  readonly secret: string;
}

/** SQL for `SealedSecrets.retired_secrets`, of the row of `webhook_endpoints` with the alias `endpoint`. */
export const RETIRED_SECRETS = `(
  SELECT json_agg(json_build_object('key_id', key_id, 'secret', encode(secret, 'hex')) ORDER BY until DESC, id DESC)
  FROM webhook_retired_secrets WHERE endpoint_id = endpoint.id AND until > now()) AS retired_secrets`;

/** Makes, seals and unseals the secrets that sign messages. */
@Injectable()
export class WebhookSecrets {
  constructor(private readonly keyring: Keyring) {}

  make(): Buffer {
    return randomBytes(SECRET_BYTES);
  }

  /** @param previous the secret before it, where that is still valid */
  seal(endpointId: string, secret: Buffer, previous: Buffer | null): Omit<SealedSecrets, 'retired_secrets'> {
    const key = this.keyring.current('webhook-secret');
    const sealed = (one: Buffer): Buffer => seal(key.secret, one, endpointId);
    return { key_id: key.id, secret: sealed(secret), previous_secret: previous && sealed(previous) };
  }

  /**
   * Unseals the valid secrets.
   * @returns the present one first, then older ones, the newest first
   * @throws Error when the row belongs to another endpoint, or was changed
   */
  open(endpointId: string, row: SealedSecrets): Buffer[] {
    const { key_id, secret, previous_secret, retired_secrets } = row;
    const sealed = [
      { key_id, secret },
      ...(previous_secret ? [{ key_id, secret: previous_secret }] : []),
      ...(retired_secrets ?? []).map((one) => ({ key_id: one.key_id, secret: Buffer.from(one.secret, 'hex') })),
    ];
    return sealed.map((one) => {
      const key = this.keyring.find('webhook-secret', one.key_id);
      if (!key) throw new Error(`The key ${one.key_id} that seals a secret of webhook ${endpointId} is missing`);
      return unseal(key.secret, one.secret, endpointId);
    });
  }
}

import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Keyring } from '../../database/keyring.js';
import { seal, unseal } from '../../database/sealing.js';

const SECRET_BYTES = 32;

/** The secrets of one endpoint as its row holds them: sealed, so that nobody signs anything with a dump. */
export interface SealedSecrets {
  readonly key_id: string;
  readonly secret: Buffer;
  readonly previous_secret: Buffer | null;
}

/** The secrets that messages are signed with, one of each endpoint. */
@Injectable()
export class WebhookSecrets {
  constructor(private readonly keyring: Keyring) {}

  make(): Buffer {
    return randomBytes(SECRET_BYTES);
  }

  /** @param previous the one before it, where that is good for a while yet */
  seal(endpointId: string, secret: Buffer, previous: Buffer | null): SealedSecrets {
    const key = this.keyring.current('webhook-secret');
    const sealed = (one: Buffer): Buffer => seal(key.secret, one, endpointId);
    return { key_id: key.id, secret: sealed(secret), previous_secret: previous && sealed(previous) };
  }

  /**
   * @returns the present one, and after it the one before, where the row has that
   * @throws Error when the row is another endpoint's, or was changed
   */
  open(endpointId: string, row: SealedSecrets): Buffer[] {
    const key = this.keyring.find('webhook-secret', row.key_id);
    if (!key) throw new Error(`The key ${row.key_id} that seals the secrets of webhook ${endpointId} is missing`);
    const sealed = row.previous_secret ? [row.secret, row.previous_secret] : [row.secret];
    return sealed.map((one) => unseal(key.secret, one, endpointId));
  }
}

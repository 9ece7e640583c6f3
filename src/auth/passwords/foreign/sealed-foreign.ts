import type { Keyring } from '../../../database/keyring.js';
import { seal, unseal } from '../../../database/sealing.js';
import type { ForeignHash } from './foreign-hash.js';

const SCHEME = 'imported';
const LABEL = 'imported password';

/** As it is stored in place of a hash of ours: `imported:<key id>:<sealed>`, so that a stolen table cannot be guessed at. */
export function sealForeign(keyring: Keyring, hash: ForeignHash): string {
  const key = keyring.current('imported-password');
  const sealed = seal(key.secret, Buffer.from(JSON.stringify(hash)), LABEL);
  return `${SCHEME}:${key.id}:${sealed.toString('base64')}`;
}

export function isForeign(stored: string): boolean {
  return stored.startsWith(`${SCHEME}:`);
}

/** @throws Error when its key is missing, or a byte was changed */
export function openForeign(keyring: Keyring, stored: string): ForeignHash {
  const [, keyId = '', sealed = ''] = stored.split(':');
  const key = keyring.find('imported-password', keyId);
  if (!key) throw new Error('The key that seals an imported password is missing');
  return JSON.parse(unseal(key.secret, Buffer.from(sealed, 'base64'), LABEL).toString()) as ForeignHash;
}

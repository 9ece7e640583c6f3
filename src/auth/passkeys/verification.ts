import type { AssertionJson, RegistrationJson } from '../second-factors/credential-json.js';
import type { Passkey, VerifiedPasskey } from './passkeys.js';
import { ALGORITHMS, type RelyingParty } from './relying-party.js';
import { webAuthn, webAuthnHelpers } from './webauthn.js';

type Site = Pick<RelyingParty, 'id' | 'origins'>;

/** What a genuine assertion says. */
export interface VerifiedAssertion {
  readonly counter: number;
  /** Whether the authenticator checked that it is its owner, by a PIN or biometrics. */
  readonly userVerified: boolean;
  readonly backedUp: boolean;
}

/** A credential id has at most so many bytes (WebAuthn Level 3, 7.1, step 25). */
const LONGEST_ID = 1023;
/** Room for an RSA key of 4096 bits, and no more: the time that a signature takes grows with its key. */
const LONGEST_PUBLIC_KEY = 600;

/**
 * Verifies a new credential (WebAuthn Level 3, 7.1): origin, host, type, challenge, presence and verification of the user.
 * @param challenge the one that was used for it, base64url
 * @returns undefined if anything is not as asked for
 */
export async function verifyRegistration(
  site: Site,
  json: RegistrationJson,
  challenge: string,
): Promise<VerifiedPasskey | undefined> {
  const { verifyRegistrationResponse } = await webAuthn();
  return orUndefined(async () => {
    const { clientDataJSON, attestationObject, transports = [] } = json.response;
    if ((await isFramed(clientDataJSON)) || (await namesCertificates(attestationObject))) return undefined;
    const { registrationInfo: made } = await verifyRegistrationResponse({
      response: { ...json, response: { clientDataJSON, attestationObject }, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: [...site.origins],
      expectedRPID: site.id,
      requireUserVerification: true,
      supportedAlgorithmIDs: [...ALGORITHMS],
    });
    if (!made || made.credential.id !== json.id) return undefined;
    const credentialId = Buffer.from(made.credential.id, 'base64url');
    const publicKey = Buffer.from(made.credential.publicKey);
    if (credentialId.length > LONGEST_ID || publicKey.length > LONGEST_PUBLIC_KEY) return undefined;
    return {
      credentialId,
      publicKey,
      counter: made.credential.counter,
      transports,
      backupEligible: made.credentialDeviceType === 'multiDevice',
      backedUp: made.credentialBackedUp,
      aaguid: made.aaguid,
    };
  });
}

/**
 * Verifies an assertion (WebAuthn Level 3, 7.2) all but its counter, which means something only where the signature is genuine, and
 * is compared in the database.
 * @param challenge the one that was used for it, base64url
 * @param userHandle of the owner
 * @returns undefined if anything is not as asked for
 */
export async function verifyAssertion(
  site: Site,
  json: AssertionJson,
  given: {
    readonly challenge: string;
    readonly passkey: Passkey;
    readonly userHandle: Buffer;
    readonly requireUserVerification: boolean;
  },
): Promise<VerifiedAssertion | undefined> {
  const { passkey, challenge, userHandle, requireUserVerification } = given;
  const { verifyAuthenticationResponse } = await webAuthn();
  return orUndefined(async () => {
    const { clientDataJSON, authenticatorData, signature, userHandle: named } = json.response;
    const id = passkey.credentialId.toString('base64url');
    if (json.id !== id || passkey.rpId !== site.id || (await isFramed(clientDataJSON))) return undefined;
    if (named != null && !Buffer.from(named, 'base64url').equals(userHandle)) return undefined;
    const { verified, authenticationInfo: said } = await verifyAuthenticationResponse({
      response: { ...json, response: { clientDataJSON, authenticatorData, signature }, clientExtensionResults: {} },
      expectedChallenge: challenge,
      expectedOrigin: [...site.origins],
      expectedRPID: site.id,
      requireUserVerification,
      credential: { id, publicKey: new Uint8Array(passkey.publicKey), counter: 0 },
    });
    if (!verified) return undefined;
    // Whether a passkey can be synchronised is settled when it is made (7.2, step 18).
    if ((said.credentialDeviceType === 'multiDevice') !== passkey.backupEligible) return undefined;
    return { counter: said.newCounter, userVerified: said.userVerified, backedUp: said.credentialBackedUp };
  });
}

/** Whether a page of another origin framed the one that asked: none of ours lets itself be framed (WebAuthn Level 3, 13.4.9). */
async function isFramed(clientDataJSON: string): Promise<boolean> {
  const { decodeClientDataJSON } = await webAuthnHelpers();
  const { crossOrigin, topOrigin } = decodeClientDataJSON(clientDataJSON);
  return crossOrigin === true || topOrigin !== undefined;
}

/**
 * Whether an attestation brings certificates. None was asked for, and checking them would have this server fetch revocation lists
 * from addresses that they name.
 */
async function namesCertificates(attestationObject: string): Promise<boolean> {
  const { decodeAttestationObject } = await webAuthnHelpers();
  const decoded = decodeAttestationObject(new Uint8Array(Buffer.from(attestationObject, 'base64url')));
  const format = decoded.get('fmt');
  return format !== 'none' && (format !== 'packed' || decoded.get('attStmt').get('x5c') !== undefined);
}

/** The library throws for everything that is wrong with what it is given, which is a stranger's. */
async function orUndefined<T>(verify: () => Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await verify();
  } catch {
    return undefined;
  }
}

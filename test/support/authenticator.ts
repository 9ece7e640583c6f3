import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

/** What a browser is given to make a passkey. */
export interface CreationOptions {
  readonly challenge: string;
  readonly rp: { readonly id: string };
  readonly user: { readonly id: string; readonly name: string };
  readonly excludeCredentials?: readonly { readonly id: string }[];
}

/** What a browser is given to ask for one. */
export interface RequestOptions {
  readonly challenge: string;
  readonly rpId: string;
  readonly allowCredentials?: readonly { readonly id: string }[];
}

/** What a hostile browser or authenticator says instead of the truth. */
export interface Lies {
  readonly origin?: string;
  readonly rpId?: string;
  readonly type?: string;
  readonly challenge?: string;
  readonly crossOrigin?: boolean;
  readonly userPresent?: boolean;
  readonly userVerified?: boolean;
  readonly backupEligible?: boolean;
  readonly backedUp?: boolean;
  /** Of `get`: instead of one more than the last time. */
  readonly counter?: number;
  readonly userHandle?: string | null;
  /** Of `create`: the attestation statement in CBOR, and its format. */
  readonly attestation?: { readonly fmt: string; readonly statement: Cbor };
  readonly algorithm?: number;
  readonly credentialId?: Buffer;
}

type Cbor = number | string | Buffer | readonly Cbor[] | ReadonlyMap<number | string, Cbor>;

interface Credential {
  readonly id: Buffer;
  readonly privateKey: KeyObject;
  readonly userHandle: string;
  counter: number;
}

/** An authenticator in software (WebAuthn Level 3): keeps discoverable ES256 credentials, and can be told to lie. */
export class Authenticator {
  readonly credentials: Credential[] = [];

  /** @param origin of the page that the browser shows */
  constructor(
    readonly origin = 'http://localhost:3000',
    readonly nature: { readonly synced?: boolean; readonly counts?: boolean } = {},
  ) {}

  /** As `navigator.credentials.create()`, in JSON. */
  create(options: CreationOptions, lies: Lies = {}) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const { x, y } = publicKey.export({ format: 'jwk' });
    const id = lies.credentialId ?? randomBytes(32);
    const credential = { id, privateKey, userHandle: options.user.id, counter: this.nature.counts === true ? 1 : 0 };
    this.credentials.push(credential);
    const coseKey = cbor(
      new Map<number, Cbor>([
        [1, 2],
        [3, lies.algorithm ?? -7],
        [-1, 1],
        [-2, Buffer.from(x!, 'base64url')],
        [-3, Buffer.from(y!, 'base64url')],
      ]),
    );
    const length = Buffer.alloc(2);
    length.writeUInt16BE(id.length);
    const authData = Buffer.concat([
      this.said(lies.rpId ?? options.rp.id, lies.counter ?? credential.counter, lies, 0x40),
      Buffer.alloc(16),
      length,
      id,
      coseKey,
    ]);
    const { fmt, statement } = lies.attestation ?? { fmt: 'none', statement: new Map() };
    const attestationObject = cbor(
      new Map<string, Cbor>([
        ['fmt', fmt],
        ['attStmt', statement],
        ['authData', authData],
      ]),
    );
    return {
      ...named(id),
      response: {
        clientDataJSON: this.clientData(options.challenge, 'webauthn.create', lies).toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal'],
      },
    };
  }

  /** As `navigator.credentials.get()`, in JSON. @param which of the credentials that it keeps; the latest by default */
  get(options: RequestOptions, lies: Lies = {}, which = this.credentials.at(-1)!) {
    if (this.nature.counts === true) which.counter += 1;
    const clientData = this.clientData(options.challenge, 'webauthn.get', lies);
    const authenticatorData = this.said(lies.rpId ?? options.rpId, lies.counter ?? which.counter, lies, 0);
    const signed = Buffer.concat([authenticatorData, createHash('sha256').update(clientData).digest()]);
    const handle = lies.userHandle === undefined ? which.userHandle : lies.userHandle;
    return {
      ...named(which.id),
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authenticatorData.toString('base64url'),
        signature: sign('sha256', signed, which.privateKey).toString('base64url'),
        ...(handle !== null && { userHandle: handle }),
      },
    };
  }

  private clientData(challenge: string, type: string, lies: Lies): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: lies.type ?? type,
        challenge: lies.challenge ?? challenge,
        origin: lies.origin ?? this.origin,
        crossOrigin: lies.crossOrigin ?? false,
      }),
    );
  }

  /** Authenticator data up to the counter (6.1). */
  private said(rpId: string, counter: number, lies: Lies, more: number): Buffer {
    const synced = this.nature.synced === true;
    const flags =
      (lies.userPresent === false ? 0 : 0x01) |
      (lies.userVerified === false ? 0 : 0x04) |
      ((lies.backupEligible ?? synced) ? 0x08 : 0) |
      ((lies.backedUp ?? synced) ? 0x10 : 0) |
      more;
    const rest = Buffer.alloc(5);
    rest.writeUInt8(flags);
    rest.writeUInt32BE(counter, 1);
    return Buffer.concat([createHash('sha256').update(rpId).digest(), rest]);
  }
}

function named(id: Buffer) {
  const text = id.toString('base64url');
  return {
    id: text,
    rawId: text,
    type: 'public-key' as const,
    authenticatorAttachment: 'platform',
    clientExtensionResults: { credProps: { rk: true } },
  };
}

/** The part of CBOR (RFC 8949) that authenticators use. */
export function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? head(1, -1 - value) : head(0, value);
  if (typeof value === 'string') return Buffer.concat([head(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  if (value instanceof Map) {
    const entries = [...(value as ReadonlyMap<number | string, Cbor>)];
    return Buffer.concat([head(5, entries.length), ...entries.flatMap((pair) => pair.map((one) => cbor(one)))]);
  }
  const items = value as readonly Cbor[];
  return Buffer.concat([head(4, items.length), ...items.map((one) => cbor(one))]);
}

function head(major: number, argument: number): Buffer {
  if (argument < 24) return Buffer.from([(major << 5) | argument]);
  if (argument < 256) return Buffer.from([(major << 5) | 24, argument]);
  return Buffer.from([(major << 5) | 25, argument >> 8, argument & 0xff]);
}
